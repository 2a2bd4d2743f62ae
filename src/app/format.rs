//! Numbers in words.

use crate::runs::curve::Axis;

/// A length of time: `4.2 s`, `3 min 05 s`, `2 h 07 min`, `3 d 04 h`.
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "-".to_owned();
    }
    if seconds < 59.95 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    let (minutes, hours, days) = (whole / 60, whole / 3_600, whole / 86_400);
    match (days, hours) {
        (0, 0) => format!("{minutes} min {:02} s", whole % 60),
        (0, _) => format!("{hours} h {:02} min", minutes % 60),
        _ => format!("{days} d {:02} h", hours % 24),
    }
}

/// A whole number with commas: `1,742,762`.
pub fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A part as percent: `91.25 %`; `-` for what is not a number.
pub fn percent(part: f64) -> String {
    if part.is_finite() { format!("{:.2} %", 100.0 * part) } else { "-".to_owned() }
}

/// A loss: `0.1532`; `NaN` is said as it is.
pub fn loss(value: f64) -> String {
    if value.is_finite() && value.abs() >= 1e4 {
        return format!("{value:.2e}");
    }
    format!("{value:.4}")
}

/// A place on a horizontal axis: `epoch 3.25`, `step 1,200`, `3 min 05 s`.
pub fn on_axis(axis: Axis, x: f64) -> String {
    match axis {
        Axis::Epoch if x.fract() == 0.0 => format!("epoch {x:.0}"),
        Axis::Epoch => format!("epoch {x:.2}"),
        Axis::Step => format!("step {}", thousands(x.round() as u64)),
        Axis::TrainSeconds => format!("trained {}", duration(x)),
    }
}

/// The end of a text that is too long for so many columns, where an id says most.
pub fn end_of(text: &str, columns: usize) -> String {
    let length = text.chars().count();
    if length <= columns {
        return text.to_owned();
    }
    let kept = columns.saturating_sub(1);
    std::iter::once('…').chain(text.chars().skip(length - kept)).take(columns).collect()
}

/// The beginning of a text, with a sign that more would follow.
pub fn start_of(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.to_owned();
    }
    let start = text.chars().take(columns.saturating_sub(1));
    start.chain(std::iter::repeat_n('…', columns.min(1))).collect()
}

/// A number of bytes in GiB: `1.4 GiB`.
pub fn gibibytes(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_two_units() {
        let cases = [
            (0.04, "0.0 s"),
            (59.96, "1 min 00 s"),
            (185.0, "3 min 05 s"),
            (7_620.0, "2 h 07 min"),
            (273_600.0, "3 d 04 h"),
            (f64::NAN, "-"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(duration(seconds), expected);
        }
    }

    #[test]
    fn places_say_what_they_count() {
        assert_eq!(on_axis(Axis::Epoch, 3.0), "epoch 3");
        assert_eq!(on_axis(Axis::Epoch, 3.256), "epoch 3.26");
        assert_eq!(on_axis(Axis::Step, 1200.4), "step 1,200");
        assert_eq!(on_axis(Axis::TrainSeconds, 150.0), "trained 2 min 30 s");
        assert_eq!(gibibytes(3 << 29), "1.5 GiB");
    }

    #[test]
    fn the_end_of_an_id_is_kept() {
        assert_eq!(end_of("resnet20v1-seed1", 16), "resnet20v1-seed1");
        assert_eq!(end_of("resnet20v1-seed1", 6), "…seed1");
        assert_eq!(end_of("resnet20v1-seed1", 0), "");
        assert_eq!(start_of("resnet20v1-seed1", 16), "resnet20v1-seed1");
        assert_eq!(start_of("resnet20v1-seed1", 7), "resnet…");
        assert_eq!(start_of("resnet20v1-seed1", 0), "");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_742_762), "1,742,762");
        assert_eq!(percent(0.9125), "91.25 %");
        assert_eq!((loss(0.15321).as_str(), loss(f64::NAN).as_str()), ("0.1532", "NaN"));
    }
}
