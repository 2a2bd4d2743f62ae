//! The exponential moving average of a curve.

/// The largest factor: at 1 the average would never move.
const LARGEST_FACTOR: f64 = 0.999;

/// An exponential moving average without the usual bias towards its start: a constant curve stays as it
/// is, and the first value counts no more than any other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Smoothing {
    factor: f64,
    /// The factor to the power of the values so far.
    decay: f64,
    average: f64,
}

impl Smoothing {
    /// An average that keeps `factor` of itself at each value, 0 (no smoothing) to 0.999; others are
    /// brought into that range.
    pub fn new(factor: f64) -> Self {
        let factor = if factor.is_nan() { 0.0 } else { factor.clamp(0.0, LARGEST_FACTOR) };
        Self { factor, decay: 1.0, average: 0.0 }
    }

    /// Takes in the next value and gives the average. A value that is no number is a gap: it is given
    /// back, and the average stays.
    pub fn next(&mut self, value: f64) -> f64 {
        if !value.is_finite() {
            return f64::NAN;
        }
        self.decay *= self.factor;
        let weight = (1.0 - self.factor) / (1.0 - self.decay);
        self.average = self.average * (1.0 - weight) + value * weight;
        self.average
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn smoothed(factor: f64, values: &[f64]) -> Vec<f64> {
        let mut smoothing = Smoothing::new(factor);
        values.iter().map(|value| smoothing.next(*value)).collect()
    }

    #[test]
    fn it_is_the_debiased_average() {
        let values = [1.0, 3.0, -2.0, 8.0];
        let mut biased = 0.0;
        for (index, (value, smoothed)) in values.iter().zip(smoothed(0.6, &values)).enumerate() {
            biased = 0.6 * biased + 0.4 * value;
            let expected: f64 = biased / (1.0 - 0.6f64.powi(index as i32 + 1));
            assert!((smoothed - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn a_gap_stays_a_gap_and_leaves_the_average_alone() {
        let with_gap = smoothed(0.9, &[1.0, f64::NAN, f64::INFINITY, 2.0]);
        assert!(with_gap[1].is_nan() && with_gap[2].is_nan());
        assert_eq!([with_gap[0], with_gap[3]], smoothed(0.9, &[1.0, 2.0])[..]);
    }

    #[test]
    fn factors_out_of_range_are_brought_in() {
        assert_eq!(smoothed(-3.0, &[1.0, 2.0]), [1.0, 2.0]);
        assert_eq!(smoothed(f64::NAN, &[1.0, 2.0]), [1.0, 2.0]);
        assert_eq!(Smoothing::new(1.0), Smoothing::new(LARGEST_FACTOR));
    }

    proptest! {
        #[test]
        fn a_constant_stays_and_others_stay_within_their_bounds(
            factor in 0.0..1.2f64,
            values in prop::collection::vec(-1e6..1e6f64, 1..200),
        ) {
            let constant = values[0];
            for smoothed in smoothed(factor, &vec![constant; 300]) {
                prop_assert!((smoothed - constant).abs() <= 1e-9 * constant.abs());
            }
            let low = values.iter().copied().fold(f64::INFINITY, f64::min);
            let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            for smoothed in smoothed(factor, &values) {
                prop_assert!(smoothed >= low - 1e-6 && smoothed <= high + 1e-6);
            }
        }
    }
}
