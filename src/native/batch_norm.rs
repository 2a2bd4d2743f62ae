//! Batch norm, the addition of a residual and ReLU as one function of autograd, on the CPU.
//!
//! libtorch has an operation for each, and each passes over the memory of the activation several
//! times. Together they take two passes forward and two backward.

use anyhow::{Result, ensure};
use tch::{Device, Kind, Tensor};

use super::foreign::{check, raw, resnet_batch_norm};

/// Channels come in groups of this many.
const CHANNEL_MULTIPLE: i64 = 16;

/// The trained and the running numbers of a batch norm, f32, `[channels]`.
#[derive(Clone, Copy, Debug)]
pub struct Numbers<'a> {
    /// The scale, trained.
    pub scale: &'a Tensor,
    /// The shift, trained.
    pub shift: &'a Tensor,
    /// The running mean, moved in place.
    pub running_mean: &'a Tensor,
    /// The running variance, moved in place.
    pub running_variance: &'a Tensor,
    /// The part of the batch in the running statistics.
    pub momentum: f64,
    /// Added to the variance.
    pub epsilon: f64,
}

impl Numbers<'_> {
    /// # Errors
    /// When they are not f32 on the CPU, or not one for each of the channels.
    pub fn check(&self, channels: i64) -> Result<()> {
        for vector in [self.scale, self.shift, self.running_mean, self.running_variance] {
            ensure!(
                vector.kind() == Kind::Float
                    && vector.device() == Device::Cpu
                    && vector.is_contiguous()
                    && vector.size() == [channels],
                "{vector:?} is not a number for each of {channels} channels"
            );
        }
        Ok(())
    }
}

/// # Errors
/// When a residual is not channels-last on the CPU, or of another size or kind than what it is added to.
pub fn check_residual(residual: &Tensor, size: &[i64], kind: Kind) -> Result<()> {
    ensure!(
        supports(residual) && residual.kind() == kind && residual.size() == size,
        "the residual {residual:?} is not like an activation {size:?} of {kind:?}"
    );
    Ok(())
}

/// Whether there is a fused form for an activation `[batch, channels, h, w]`: on the CPU, channels-last,
/// f32 or bf16, with channels in groups of 16, as all of the ResNets have.
pub fn supports(activation: &Tensor) -> bool {
    let size = activation.size();
    activation.device() == Device::Cpu
        && matches!(activation.kind(), Kind::Float | Kind::BFloat16)
        && matches!(size.as_slice(), [batch, channels, height, width]
            if batch * height * width > 0
                && *channels > 0
                && channels % CHANNEL_MULTIPLE == 0
                && activation.stride() == [channels * height * width, 1, channels * width, *channels])
}

/// Normalises `input` with its own statistics, adds `residual`, cuts at zero, and moves the running
/// statistics. Its gradients are those of the operations it stands for.
///
/// # Errors
/// When [`supports`] says no to `input` or `residual`, the numbers do not fit them, or there is no
/// memory.
pub fn forward(input: &Tensor, residual: Option<&Tensor>, numbers: Numbers<'_>) -> Result<Tensor> {
    ensure!(supports(input), "no fused batch norm for {input:?}");
    if let Some(residual) = residual {
        check_residual(residual, &input.size(), input.kind())?;
    }
    numbers.check(input.size()[1])?;
    let mut output = std::ptr::null_mut();
    // SAFETY: live tensors of the kinds and shapes that the loops rely on, checked above; the residual
    // may be null. Without an error, `output` is a new tensor.
    check(unsafe {
        resnet_batch_norm(
            raw(input),
            raw(numbers.scale),
            raw(numbers.shift),
            residual.map_or(std::ptr::null(), raw),
            raw(numbers.running_mean),
            raw(numbers.running_variance),
            numbers.momentum,
            numbers.epsilon,
            &raw mut output,
        )
    })?;
    // SAFETY: it is ours alone, and tch frees it as C++ made it.
    Ok(unsafe { Tensor::from_ptr(output.cast()) })
}
