//! A curve in one line of text.

/// From low to high.
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// From low to high where only ASCII can be shown.
const ASCII_LEVELS: [char; 8] = ['_', '.', ',', '-', '=', '+', '*', '#'];

/// The values in order, in at most `width` characters, each as high as the largest of the values it
/// stands for. Values that are no numbers leave a gap.
pub fn sparkline(values: &[f64], width: usize, ascii: bool) -> String {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let low = finite().fold(f64::INFINITY, f64::min);
    let range = finite().fold(f64::NEG_INFINITY, f64::max) - low;
    let columns = width.min(values.len());
    let levels = if ascii { ASCII_LEVELS } else { LEVELS };
    let level = |column: usize| {
        let (from, to) = (column * values.len() / columns, (column + 1) * values.len() / columns);
        let largest = values
            .get(from..to)?
            .iter()
            .copied()
            .filter(|value| value.is_finite())
            .max_by(f64::total_cmp)?;
        // A flat curve lies at the bottom.
        let part = if range > 0.0 { (largest - low) / range } else { 0.0 };
        levels.get((part * 7.0).round() as usize).copied()
    };
    (0..columns).map(|column| level(column).unwrap_or(' ')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_drawn_from_its_lowest_to_its_highest() {
        assert_eq!(sparkline(&[0.0, 0.5, 1.0], 8, false), "▁▅█");
        assert_eq!(sparkline(&[0.0, 0.5, 1.0], 8, true), "_=#");
        assert_eq!(sparkline(&[0.3, 0.3], 8, false), "▁▁");
        assert_eq!(sparkline(&[1.0, f64::NAN, 0.0], 8, false), "█ ▁");
        assert_eq!((sparkline(&[], 8, false), sparkline(&[1.0], 0, false)), Default::default());
    }

    #[test]
    fn a_peak_is_never_lost() {
        let mut values = vec![0.0; 200];
        values[111] = 1.0;
        let line = sparkline(&values, 10, false);
        assert_eq!(line.chars().count(), 10);
        assert_eq!(line.matches('█').count(), 1);
    }
}
