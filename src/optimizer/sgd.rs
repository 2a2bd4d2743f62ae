//! Stochastic gradient descent with momentum as PyTorch writes it, on the flat parameter tensor.
//!
//! v = μ·v + g and w -= η·v, or with Nesterov's momentum w -= η·(g + μ·v). The learning rate η stands
//! outside of v: a change of it acts at once, and on all that v remembers.

use tch::{Device, Kind, Tensor, no_grad};

/// What the updates remember.
#[derive(Debug)]
pub struct Sgd {
    /// The sum v of the gradients so far, older ones less and less, `[parameters]`.
    pub velocity: Tensor,
    /// The part μ of it that each step keeps.
    pub momentum: f64,
    /// Nesterov's momentum.
    pub nesterov: bool,
}

impl Sgd {
    /// A velocity of zero for `count` parameters.
    pub fn new(count: i64, device: Device, momentum: f64, nesterov: bool) -> Self {
        let velocity = Tensor::zeros([count], (Kind::Float, device));
        Self { velocity, momentum, nesterov }
    }

    /// One update.
    pub fn update(&mut self, parameters: &mut Tensor, gradient: &Tensor, learning_rate: f64) {
        no_grad(|| {
            let _ = self.velocity.g_mul_scalar_(self.momentum).g_add_(gradient);
            let change = if self.nesterov {
                &self.velocity * self.momentum + gradient
            } else {
                self.velocity.shallow_clone()
            };
            let _ = parameters.g_sub_(&(change * learning_rate));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The formulas in plain f64 numbers.
    #[test]
    fn four_updates_by_hand() {
        let gradients = [[0.1, -3.0, 0.0], [0.2, 1.0, 1e-4], [-0.4, 0.5, 1e-4], [0.0, 0.25, -2.0]];
        for nesterov in [false, true] {
            let mut parameters = Tensor::from_slice(&[1f32, -2.0, 0.5]);
            let mut sgd = Sgd::new(3, Device::Cpu, 0.9, nesterov);
            let (mut w, mut v) = ([1.0, -2.0, 0.5], [0.0; 3]);
            // The rate changes on the way, as schedules have it.
            for (gradient, rate) in gradients.iter().zip([0.1, 0.1, 0.01, 0.2]) {
                let tensor = Tensor::from_slice(&gradient.map(|number: f64| number as f32));
                sgd.update(&mut parameters, &tensor, rate);
                for i in 0..3 {
                    v[i] = 0.9 * v[i] + gradient[i];
                    w[i] -= rate * if nesterov { gradient[i] + 0.9 * v[i] } else { v[i] };
                }
            }
            for i in 0..3 {
                for (got, expected) in [(&parameters, w[i]), (&sgd.velocity, v[i])] {
                    let got = got.double_value(&[i as i64]);
                    assert!((got - expected).abs() < 5e-7, "{got} is not {expected}");
                }
            }
        }
    }

    #[test]
    fn without_momentum_it_is_gradient_descent() {
        let mut parameters = Tensor::from_slice(&[1f32, 2.0]);
        let mut sgd = Sgd::new(2, Device::Cpu, 0.0, false);
        for _ in 0..2 {
            sgd.update(&mut parameters, &Tensor::from_slice(&[0.5f32, -1.0]), 0.5);
        }
        assert_eq!(Vec::<f32>::try_from(parameters).unwrap(), [0.5, 3.0]);
    }
}
