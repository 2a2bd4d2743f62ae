//! How far a text is scrolled.

use std::cell::Cell;

use crate::config::keys::Action;

/// Lines of a page.
const PAGE: usize = 10;

/// The first line shown of a text. How far it can go depends on the terminal's height, which the drawing
/// knows.
#[derive(Clone, Debug)]
pub struct Scroll {
    first: usize,
    last: Cell<usize>,
}

impl Scroll {
    /// At the beginning of the text.
    pub fn at_start() -> Self {
        Self { first: 0, last: Cell::new(usize::MAX) }
    }

    /// At the end of the text, and there when the height changes.
    pub fn at_end() -> Self {
        Self { first: usize::MAX, ..Self::at_start() }
    }

    /// Moves, if the action is one that does.
    pub fn act(&mut self, action: Option<Action>) {
        let last = self.last.get();
        let first = self.first.min(last);
        self.first = match action {
            Some(Action::Up) => first.saturating_sub(1),
            Some(Action::Down) => first.saturating_add(1).min(last),
            Some(Action::PageUp) => first.saturating_sub(PAGE),
            Some(Action::PageDown) => first.saturating_add(PAGE).min(last),
            Some(Action::First) => 0,
            Some(Action::Last) => usize::MAX,
            _ => return,
        };
    }

    /// The first line to draw of `lines` in a box of `height` rows, and whether that is the last page.
    pub fn shown(&self, lines: usize, height: u16) -> (usize, bool) {
        let last = lines.saturating_sub(usize::from(height));
        self.last.set(last);
        (self.first.min(last), self.first >= last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stops_at_both_ends_and_turns_back_at_once() {
        let mut scroll = Scroll::at_start();
        assert_eq!(scroll.shown(30, 10), (0, false));
        for (action, first) in [
            (Action::Up, 0),
            (Action::Down, 1),
            (Action::PageDown, 11),
            (Action::PageDown, 20),
            (Action::PageDown, 20),
            (Action::Up, 19),
            (Action::PageUp, 9),
            (Action::PageUp, 0),
            (Action::Last, 20),
            (Action::Down, 20),
            (Action::First, 0),
            (Action::Accept, 0),
        ] {
            scroll.act(Some(action));
            assert_eq!(scroll.shown(30, 10), (first, first == 20), "{action:?}");
        }
    }

    #[test]
    fn a_taller_terminal_shows_more_and_a_text_that_fits_does_not_move() {
        let mut scroll = Scroll::at_end();
        assert_eq!(scroll.shown(30, 10), (20, true));
        assert_eq!(scroll.shown(30, 25), (5, true));
        scroll.act(Some(Action::Up));
        assert_eq!(scroll.shown(30, 25), (4, false));
        assert_eq!(scroll.shown(3, 25), (0, true));
        scroll.act(Some(Action::Down));
        assert_eq!(scroll.shown(3, 25), (0, true));
        scroll.act(Some(Action::Last));
        assert_eq!(scroll.shown(30, 25), (5, true));
        assert_eq!(scroll.shown(30, 10), (20, true));
    }

    #[test]
    fn keys_before_the_first_drawing_count() {
        let mut scroll = Scroll::at_start();
        scroll.act(Some(Action::Down));
        assert_eq!(scroll.shown(30, 10), (1, false));
        let mut scroll = Scroll::at_end();
        scroll.act(Some(Action::Down));
        assert_eq!(scroll.shown(30, 10), (20, true));
    }
}
