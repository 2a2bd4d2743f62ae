//! Adam as Keras writes it (the epsilon-hat form of Kingma & Ba 2015, end of section 2), on the flat
//! parameter tensor.

use anyhow::Result;
use tch::{Device, Kind, Tensor, no_grad};

use crate::native::adam::{self as native, Constants};

/// Decay of the first moment.
const BETA_1: f64 = 0.9;

/// Decay of the second moment.
const BETA_2: f64 = 0.999;

/// Added to the root of the second moment, outside the bias correction.
const EPSILON: f64 = 1e-7;

/// The moments of every parameter.
#[derive(Debug)]
pub struct Adam {
    /// Running mean of the gradients, `[parameters]`.
    pub first_moment: Tensor,
    /// Running mean of their squares, `[parameters]`.
    pub second_moment: Tensor,
    /// Updates done.
    pub step: u64,
}

impl Adam {
    /// Moments of zero for `count` parameters.
    pub fn new(count: i64, device: Device) -> Self {
        let zeros = || Tensor::zeros([count], (Kind::Float, device));
        Self { first_moment: zeros(), second_moment: zeros(), step: 0 }
    }

    /// One update: w -= lr·√(1-β₂ᵗ)/(1-β₁ᵗ) · m / (√v + ε).
    pub fn update(&mut self, parameters: &mut Tensor, gradient: &Tensor, learning_rate: f64) {
        self.step += 1;
        // What is wrong with a fused update is wrong with this one too, and tch then says what.
        if !native::supports(parameters.device())
            || self.update_fused(parameters, gradient, learning_rate).is_err()
        {
            self.update_by_operations(parameters, gradient, learning_rate);
        }
    }

    /// libtorch's own Adam adds its ε after the bias correction of √v; divided by that correction, it is
    /// Keras's.
    fn update_fused(
        &mut self,
        parameters: &mut Tensor,
        gradient: &Tensor,
        learning_rate: f64,
    ) -> Result<()> {
        let correction = (1.0 - BETA_2.powf(self.step as f64)).sqrt();
        let constants = Constants {
            step: self.step,
            rate: learning_rate,
            beta_1: BETA_1,
            beta_2: BETA_2,
            epsilon: EPSILON / correction,
        };
        let (first, second) = (&mut self.first_moment, &mut self.second_moment);
        native::update(parameters, gradient, first, second, constants)
    }

    /// The same in libtorch's plain operations, for devices without a fused form.
    fn update_by_operations(
        &mut self,
        parameters: &mut Tensor,
        gradient: &Tensor,
        learning_rate: f64,
    ) {
        let t = self.step as f64;
        let corrected = learning_rate * (1.0 - BETA_2.powf(t)).sqrt() / (1.0 - BETA_1.powf(t));
        no_grad(|| {
            let _ = self.first_moment.lerp_(gradient, 1.0 - BETA_1);
            let _ = self.second_moment.lerp_(&gradient.square(), 1.0 - BETA_2);
            let root = self.second_moment.sqrt().g_add_scalar_(EPSILON);
            let change = (&self.first_moment / root).g_mul_scalar_(corrected);
            let _ = parameters.g_sub_(&change);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The formula in plain f64 numbers.
    #[test]
    fn three_updates_by_hand() {
        let mut parameters = Tensor::from_slice(&[1f32, -2.0, 0.5]);
        let mut adam = Adam::new(3, Device::Cpu);
        let (mut w, mut m, mut v) = ([1.0, -2.0, 0.5], [0.0; 3], [0.0; 3]);
        for (t, gradient) in
            [[0.1, -3.0, 0.0], [0.2, 1.0, 1e-8], [-0.4, 0.5, 1e-8]].iter().enumerate()
        {
            let tensor = Tensor::from_slice(&gradient.map(|number: f64| number as f32));
            adam.update(&mut parameters, &tensor, 1e-3);
            let t = t as i32 + 1;
            let rate = 1e-3 * (1.0 - 0.999f64.powi(t)).sqrt() / (1.0 - 0.9f64.powi(t));
            for i in 0..3 {
                m[i] = 0.9 * m[i] + 0.1 * gradient[i];
                v[i] = 0.999 * v[i] + 0.001 * gradient[i] * gradient[i];
                w[i] -= rate * m[i] / (v[i].sqrt() + 1e-7);
            }
        }
        for (i, expected) in w.iter().enumerate() {
            let got = parameters.double_value(&[i as i64]);
            assert!((got - expected).abs() < 2e-7, "{got} is not {expected}");
        }
        assert_eq!(adam.step, 3);
    }

    /// Random gradients of all sizes over many updates, from the first on, where the corrections are
    /// largest.
    #[test]
    fn the_fused_update_is_the_plain_one() {
        tch::manual_seed(1);
        let options = (Kind::Float, Device::Cpu);
        let mut fused = Tensor::randn([5_000], options);
        let mut plain = fused.copy();
        let (mut by_fused, mut by_plain) =
            (Adam::new(5_000, Device::Cpu), Adam::new(5_000, Device::Cpu));
        for _ in 0..50 {
            let sizes = Tensor::randn([5_000], options) * 4.0 - 8.0;
            let gradient = Tensor::randn([5_000], options) * sizes.exp();
            by_fused.step += 1;
            by_fused.update_fused(&mut fused, &gradient, 1e-3).unwrap();
            by_plain.step += 1;
            by_plain.update_by_operations(&mut plain, &gradient, 1e-3);
        }
        let difference = (&fused - &plain).abs().max().double_value(&[]);
        // A fifth of the last digit of a weight near 4, after 50 updates.
        assert!(difference < 2e-6, "{difference}");
        for (fused, plain) in [
            (&by_fused.first_moment, &by_plain.first_moment),
            (&by_fused.second_moment, &by_plain.second_moment),
        ] {
            assert!(fused.allclose(plain, 1e-5, 1e-12, false));
        }
    }
}
