//! Which colour and sign a run has, on every screen and for the whole session.

use std::collections::BTreeMap;

/// Signs that tell runs apart without colour.
const SIGNS: [char; 16] =
    ['●', '■', '▲', '◆', '○', '□', '△', '◇', '▼', '▶', '◀', '★', '▽', '▷', '◁', '☆'];

/// The same in ASCII.
const LETTERS: [char; 16] =
    ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'm', 'n', 'o', 'p', 'q'];

/// A run's place in the tables of colours and signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appearance(usize);

impl Appearance {
    /// The place in the table of colours.
    pub fn place(self) -> usize {
        self.0
    }

    /// The sign.
    pub fn sign(self, ascii: bool) -> char {
        let signs = if ascii { LETTERS } else { SIGNS };
        signs.get(self.0 % signs.len()).copied().unwrap_or('*')
    }
}

/// The places given so far. A run gets the one that its id leads to, or the next free one, and keeps
/// it; only where more runs are shown than there are places do two share one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Appearances(BTreeMap<String, usize>);

impl Appearances {
    /// Gives a run its place, if it has none.
    pub fn give(&mut self, run: &str) {
        if self.0.contains_key(run) {
            return;
        }
        let wanted = preferred(run);
        let candidates = (0..SIGNS.len()).map(|offset| (wanted + offset) % SIGNS.len());
        let free = candidates.clone().find(|place| !self.0.values().any(|taken| taken == place));
        self.0.insert(run.to_owned(), free.unwrap_or(wanted));
    }

    /// The place of a run.
    pub fn of(&self, run: &str) -> Appearance {
        Appearance(self.0.get(run).copied().unwrap_or_else(|| preferred(run)))
    }
}

/// The FNV-1a hash of the id; `std` promises none that stays the same.
fn preferred(run: &str) -> usize {
    let hash = run.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash % SIGNS.len() as u64) as usize
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn sixteen_runs_look_different_and_keep_their_look() {
        let ids: Vec<String> = (0..20).map(|seed| format!("resnet20v1-seed{seed}")).collect();
        let mut appearances = Appearances::default();
        ids.iter().take(16).for_each(|id| appearances.give(id));
        let signs: BTreeSet<char> =
            ids.iter().take(16).map(|id| appearances.of(id).sign(false)).collect();
        assert_eq!(signs.len(), 16);
        let before = appearances.of(&ids[3]);
        ids.iter().for_each(|id| appearances.give(id));
        assert_eq!(appearances.of(&ids[3]), before);
        assert!(ids.iter().all(|id| appearances.of(id).sign(true).is_ascii()));
    }

    #[test]
    fn a_run_alone_looks_the_same_in_every_session() {
        let mut appearances = Appearances::default();
        appearances.give("2026-11-24-0329-resnet20v1-seed1");
        let expected = preferred("2026-11-24-0329-resnet20v1-seed1");
        assert_eq!(appearances.of("2026-11-24-0329-resnet20v1-seed1"), Appearance(expected));
    }
}
