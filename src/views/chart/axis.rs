//! One axis of a chart: its bounds, its scale and its round numbers.

/// How values are spread along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Evenly.
    Linear,
    /// By their logarithm; values of 0 and below have no place.
    Log,
}

/// Numbers beyond this, and on a logarithmic scale below its inverse, are taken for broken ones:
/// the width of an axis must stay a number.
const LARGEST: f64 = 1e100;

impl Scale {
    /// Whether a value has a place on an axis.
    fn has_place(self, value: f64) -> bool {
        match self {
            Self::Linear => value.abs() <= LARGEST,
            Self::Log => (1.0 / LARGEST..=LARGEST).contains(&value),
        }
    }
}

/// An axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    low: f64,
    high: f64,
    scale: Scale,
}

/// A round number on an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// Where on the axis, 0 to 1.
    pub position: f64,
    /// The number in words.
    pub label: String,
}

impl Axis {
    /// An axis from `low` to `high`. What cannot be an axis (no width, not a number) becomes one that
    /// can be drawn.
    pub fn new(low: f64, high: f64, scale: Scale) -> Self {
        let (low, high) = match (scale.has_place(low), scale.has_place(high)) {
            (true, true) if low < high => (low, high),
            (true, true) if low == high => match scale {
                Scale::Linear => {
                    let margin = if low == 0.0 { 1.0 } else { low.abs() * 0.1 };
                    (low - margin, high + margin)
                }
                Scale::Log => (low / 2.0, high * 2.0),
            },
            _ if scale == Scale::Log => (0.1, 1.0),
            _ => (0.0, 1.0),
        };
        Self { low, high, scale }
    }

    /// An axis that holds all of `values` that have a place on it, with a little room.
    pub fn around(values: impl IntoIterator<Item = f64>, scale: Scale) -> Self {
        let placed = values.into_iter().filter(|value| scale.has_place(*value));
        let (low, high) = placed.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        let axis = Self::new(low, high, scale);
        match scale {
            Scale::Linear => {
                let room = (axis.high - axis.low) * 0.04;
                Self { low: axis.low - room, high: axis.high + room, scale }
            }
            Scale::Log => {
                let room = (axis.high / axis.low).powf(0.04);
                Self { low: axis.low / room, high: axis.high * room, scale }
            }
        }
    }

    /// The lower end.
    pub fn low(&self) -> f64 {
        self.low
    }

    /// The upper end.
    pub fn high(&self) -> f64 {
        self.high
    }

    /// Where a value lies: 0 at the lower end, 1 at the upper, beyond for values outside. `None` for
    /// what has no place.
    pub fn position(&self, value: f64) -> Option<f64> {
        let position = match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Log => (value / self.low).ln() / (self.high / self.low).ln(),
        };
        position.is_finite().then_some(position)
    }

    /// The value at a position, 0 to 1.
    pub fn value_at(&self, position: f64) -> f64 {
        match self.scale {
            Scale::Linear => self.low + position * (self.high - self.low),
            Scale::Log => self.low * (self.high / self.low).powf(position),
        }
    }

    /// At most about `count` round numbers within the axis.
    pub fn ticks(&self, count: usize) -> Vec<Tick> {
        let values = match self.scale {
            Scale::Linear => linear_ticks(self.low, self.high, count),
            Scale::Log => log_ticks(self.low, self.high, count),
        };
        values
            .into_iter()
            .filter_map(|(value, label)| {
                let position = self.position(value)?;
                (0.0..=1.0).contains(&position).then_some(Tick { position, label })
            })
            .collect()
    }
}

/// Multiples of 1, 2 or 5 times a power of ten.
fn linear_ticks(low: f64, high: f64, count: usize) -> Vec<(f64, String)> {
    let rough = (high - low) / count.max(1) as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    let Some(step) = step.into_iter().find(|step| *step >= rough * (1.0 - 1e-9)) else {
        return Vec::new();
    };
    let digits = (-step.log10().floor()).clamp(0.0, 12.0) as usize;
    let first = (low / step).ceil();
    (0..=count)
        .map(|index| (first + index as f64) * step)
        .map(|value| if value.abs() < step / 2.0 { 0.0 } else { value })
        .map(|value| (value, linear_label(value, digits)))
        .collect()
}

fn linear_label(value: f64, digits: usize) -> String {
    if value.abs() >= 1e7 || digits > 6 {
        return format!("{value:e}");
    }
    format!("{value:.digits$}")
}

/// Powers of ten, with 2 and 5 times each where there is room; few enough for `count`.
fn log_ticks(low: f64, high: f64, count: usize) -> Vec<(f64, String)> {
    let first = low.log10().floor() as i32;
    let last = high.log10().ceil() as i32;
    let inside = |factors: &[f64], every: usize| -> Vec<f64> {
        (first..=last)
            .step_by(every)
            .flat_map(|power| factors.iter().map(move |factor| factor * 10f64.powi(power)))
            .filter(|value| *value >= low * (1.0 - 1e-9) && *value <= high * (1.0 + 1e-9))
            .collect()
    };
    let fine = inside(&[1.0, 2.0, 5.0], 1);
    let decades = inside(&[1.0], 1);
    let values = if fine.len() <= count || decades.is_empty() {
        fine
    } else if decades.len() <= count {
        decades
    } else {
        inside(&[1.0], decades.len().div_ceil(count.max(1)))
    };
    values.into_iter().map(|value| (value, log_label(value))).collect()
}

fn log_label(value: f64) -> String {
    if (0.01..10_000.0).contains(&value) {
        let digits = (-value.log10().floor()).clamp(0.0, 2.0) as usize;
        return format!("{value:.digits$}");
    }
    format!("{value:.0e}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(axis: Axis, count: usize) -> Vec<String> {
        axis.ticks(count).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn ticks_are_round() {
        let linear = |low, high| Axis::new(low, high, Scale::Linear);
        assert_eq!(labels(linear(0.0, 100.0), 5), ["0", "20", "40", "60", "80", "100"]);
        assert_eq!(labels(linear(0.13, 2.4), 5), ["0.5", "1.0", "1.5", "2.0"]);
        assert_eq!(labels(linear(-1.0, 1.0), 4), ["-1.0", "-0.5", "0.0", "0.5", "1.0"]);
        let log = |low, high| Axis::new(low, high, Scale::Log);
        assert_eq!(labels(log(5e-7, 1e-3), 4), ["1e-6", "1e-5", "1e-4", "1e-3"]);
        assert_eq!(labels(log(0.3, 3.0), 5), ["0.5", "1", "2"]);
        assert_eq!(labels(log(5e-7, 1e-3), 2), ["1e-5", "1e-3"]);
    }

    #[test]
    fn what_has_no_place_has_no_position() {
        let log = Axis::new(0.1, 10.0, Scale::Log);
        assert_eq!(log.position(0.0), None);
        assert_eq!(log.position(-1.0), None);
        assert!((log.position(1.0).unwrap() - 0.5).abs() < 1e-12);
        let linear = Axis::new(0.0, 2.0, Scale::Linear);
        assert_eq!(linear.position(f64::NAN), None);
        assert_eq!(linear.position(3.0), Some(1.5));
    }

    #[test]
    fn gaps_do_not_break_an_axis() {
        let axis = Axis::around([f64::NAN, 1.0, f64::INFINITY, 3.0], Scale::Linear);
        assert!(axis.low() > 0.8 && axis.low() < 1.0 && axis.high() > 3.0 && axis.high() < 3.2);
        assert_eq!(Axis::around([f64::NAN], Scale::Log), Axis::around([], Scale::Log));
    }

    proptest! {
        #[test]
        fn any_numbers_make_an_axis_with_few_ticks_inside(
            low: f64, high: f64, count in 0usize..20, log: bool
        ) {
            let scale = if log { Scale::Log } else { Scale::Linear };
            for axis in [Axis::new(low, high, scale), Axis::around([low, high], scale)] {
                let ticks = axis.ticks(count);
                prop_assert!(ticks.len() <= count + 3);
                prop_assert!(ticks.iter().all(|tick| (0.0..=1.0).contains(&tick.position)));
            }
        }
    }
}
