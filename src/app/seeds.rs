//! Several seeds in one field: `1-3, 7`.

/// The most runs that one set-up makes.
pub const MOST: usize = 100;

/// Reads seeds and ranges of them, in their order.
///
/// # Errors
/// What is no seed, comes twice, or is too much; the text says which.
pub fn parse(text: &str) -> Result<Vec<u64>, String> {
    let mut seeds = Vec::new();
    for part in text.split(',').map(str::trim) {
        let (first, last) = match part.split_once('-') {
            Some((first, last)) => (number(first, part)?, number(last, part)?),
            None => (number(part, part)?, number(part, part)?),
        };
        if last < first {
            return Err(format!("`{part}` ends before it begins"));
        }
        if last - first >= (MOST - seeds.len()) as u64 {
            return Err(format!("more than {MOST} seeds"));
        }
        if let Some(twice) = seeds.iter().find(|seed| (first..=last).contains(*seed)) {
            return Err(format!("seed {twice} comes twice"));
        }
        seeds.extend(first..=last);
    }
    Ok(seeds)
}

fn number(text: &str, part: &str) -> Result<u64, String> {
    let text = text.trim();
    match text.parse() {
        Ok(seed) => Ok(seed),
        Err(_) if text.is_empty() => Err("needs a seed, or several as in 1-3, 7".to_owned()),
        Err(_) => Err(format!("`{part}` is no seed; several are written 1-3, 7")),
    }
}

/// The seeds as [`parse`] reads them.
pub fn text(seeds: &[u64]) -> String {
    let ranges = seeds.chunk_by(|one, next| one.checked_add(1) == Some(*next));
    let parts: Vec<String> = ranges
        .filter_map(|range| Some((*range.first()?, *range.last()?)))
        .map(|(first, last)| match first == last {
            true => first.to_string(),
            false => format!("{first}-{last}"),
        })
        .collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn seeds_and_ranges_are_read_in_their_order() {
        assert_eq!(parse("7"), Ok(vec![7]));
        assert_eq!(parse(" 1 - 3,7, 5 "), Ok(vec![1, 2, 3, 7, 5]));
        assert_eq!(parse("0-99").map(|seeds| seeds.len()), Ok(100));
        let refused = |text: &str| parse(text).unwrap_err();
        assert_eq!(refused(""), "needs a seed, or several as in 1-3, 7");
        assert_eq!(refused("1,"), "needs a seed, or several as in 1-3, 7");
        assert_eq!(refused("3-1"), "`3-1` ends before it begins");
        assert_eq!(refused("1-3, 2"), "seed 2 comes twice");
        assert_eq!(refused("1-101"), "more than 100 seeds");
        assert_eq!(refused("0-18446744073709551615"), "more than 100 seeds");
        assert_eq!(refused("one"), "`one` is no seed; several are written 1-3, 7");
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(mut seeds in prop::collection::vec(any::<u64>(), 1..20), run in 0u64..9) {
            seeds.extend(100..=100 + run);
            seeds.sort_unstable();
            seeds.dedup();
            prop_assert_eq!(parse(&text(&seeds)), Ok(seeds));
        }

        #[test]
        fn no_text_panics(text in "[0-9, -]{0,40}|.*") {
            let _ = parse(&text);
        }
    }
}
