//! libtorch's fused Adam: one pass over the parameters.

use anyhow::{Result, ensure};
use tch::{Device, Kind, Tensor};

use super::foreign::{check, raw, resnet_fused_adam};

/// Constants of one update.
#[derive(Clone, Copy, Debug)]
pub struct Constants {
    /// Updates done, this one included.
    pub step: u64,
    /// The learning rate.
    pub rate: f64,
    /// Decay of the first moment.
    pub beta_1: f64,
    /// Decay of the second moment.
    pub beta_2: f64,
    /// Added to the root of the bias-corrected second moment.
    pub epsilon: f64,
}

/// Whether libtorch has a fused Adam for this device.
pub fn supports(device: Device) -> bool {
    matches!(device, Device::Cpu | Device::Cuda(_))
}

/// Updates `parameters` and both moments in place:
/// w -= rate / (1-β₁ᵗ) · m / (√(v / (1-β₂ᵗ)) + ε).
///
/// # Errors
/// When the tensors are not f32 of one shape on one device, or libtorch refuses.
pub fn update(
    parameters: &mut Tensor,
    gradient: &Tensor,
    first_moment: &mut Tensor,
    second_moment: &mut Tensor,
    constants: Constants,
) -> Result<()> {
    let parameters = &*parameters;
    for other in [gradient, first_moment, second_moment] {
        ensure!(
            other.kind() == Kind::Float
                && other.size() == parameters.size()
                && other.device() == parameters.device(),
            "Adam's tensors do not match: {other:?} is not like {parameters:?}"
        );
    }
    // SAFETY: four live tensors, of which it keeps nothing.
    check(unsafe {
        resnet_fused_adam(
            raw(parameters),
            raw(gradient),
            raw(first_moment),
            raw(second_moment),
            constants.step as f64,
            constants.rate,
            constants.beta_1,
            constants.beta_2,
            constants.epsilon,
        )
    })
}
