//! A moving average of the weights.
//!
//! Its decay begins low, (1 + t) / (10 + t) in update t from 1, so that the first epochs are not
//! measured on the drawn weights; that is how TensorFlow's ExponentialMovingAverage counts updates. The
//! running statistics of batch norm are averaged alike: they then belong to the averaged weights as
//! the running ones belong to the trained weights.

use tch::{Tensor, no_grad};

/// The decay in update `step`, which counts from 1.
pub fn decay(limit: f64, step: u64) -> f64 {
    let t = step as f64;
    limit.min((1.0 + t) / (10.0 + t))
}

/// Moves an average towards a value: a = d·a + (1 - d)·value.
pub fn update(average: &mut Tensor, value: &Tensor, decay: f64) {
    let _ = no_grad(|| average.lerp_(value, 1.0 - decay));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_decay_rises_to_its_limit() {
        assert_eq!(decay(0.999, 1), 2.0 / 11.0);
        assert_eq!(decay(0.999, 90), 0.91);
        assert_eq!(decay(0.9, 90), 0.9);
        assert_eq!(decay(0.999, 100_000), 0.999);
    }

    #[test]
    fn three_updates_by_hand() {
        let mut average = Tensor::from_slice(&[1f32, -2.0]);
        let mut expected = [1.0, -2.0];
        for (step, value) in (1..).zip([[3.0, 0.0], [4.0, 1.0], [0.5, 8.0]]) {
            update(
                &mut average,
                &Tensor::from_slice(&value.map(|it: f64| it as f32)),
                decay(0.25, step),
            );
            let d = f64::min(0.25, (1.0 + step as f64) / (10.0 + step as f64));
            for (a, v) in expected.iter_mut().zip(value) {
                *a = d * *a + (1.0 - d) * v;
            }
        }
        for (index, expected) in expected.iter().enumerate() {
            let got = average.double_value(&[index as i64]);
            assert!((got - expected).abs() < 1e-6, "{got} is not {expected}");
        }
    }
}
