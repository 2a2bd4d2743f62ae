//! The functions of `native/` as C declares them.

use std::ffi::{CStr, c_char, c_void};

use anyhow::{Result, bail};
use tch::Tensor;

/// An `at::Tensor`, which is what tch's tensors point to.
pub type RawTensor = c_void;

/// Null, or what went wrong.
pub type Message = *mut c_char;

unsafe extern "C" {
    fn resnet_free_message(message: Message);
    pub fn resnet_libtorch_version() -> *const c_char;
    pub fn resnet_keep_memory();
    pub fn resnet_return_memory();
    pub fn resnet_flush_denormal(on: bool) -> bool;
    pub fn resnet_set_tf32(allowed: bool) -> Message;
    pub fn resnet_set_determinism(deterministic: bool) -> Message;
    pub fn resnet_cuda_peak_memory(device: i32, reset: bool, bytes: *mut i64) -> Message;
    pub fn resnet_fused_adam(
        parameters: *const RawTensor,
        gradient: *const RawTensor,
        first_moment: *const RawTensor,
        second_moment: *const RawTensor,
        step: f64,
        rate: f64,
        beta_1: f64,
        beta_2: f64,
        epsilon: f64,
    ) -> Message;
    pub fn resnet_batch_norm(
        input: *const RawTensor,
        scale: *const RawTensor,
        shift: *const RawTensor,
        residual: *const RawTensor,
        running_mean: *const RawTensor,
        running_variance: *const RawTensor,
        momentum: f64,
        epsilon: f64,
        output: *mut *mut RawTensor,
    ) -> Message;
    pub fn resnet_winograd_available() -> bool;
    pub fn resnet_winograd(
        input: *const RawTensor,
        kernel: *const RawTensor,
        bias: *const RawTensor,
        output: *mut *mut RawTensor,
    ) -> Message;
    pub fn resnet_winograd_batch_norm(
        input: *const RawTensor,
        kernel: *const RawTensor,
        scale: *const RawTensor,
        shift: *const RawTensor,
        residual: *const RawTensor,
        running_mean: *const RawTensor,
        running_variance: *const RawTensor,
        momentum: f64,
        epsilon: f64,
        output: *mut *mut RawTensor,
    ) -> Message;
}

/// The C++ object behind a tensor, alive as long as the tensor is.
pub fn raw(tensor: &Tensor) -> *const RawTensor {
    tensor.as_ptr().cast()
}

/// Makes an error of a message.
pub fn check(message: Message) -> Result<()> {
    if message.is_null() {
        return Ok(());
    }
    // SAFETY: the functions of `native/` return null or a string that ends in a zero byte.
    let text = unsafe { CStr::from_ptr(message) }.to_string_lossy().into_owned();
    // SAFETY: it came from there, is freed once, and is not used after.
    unsafe { resnet_free_message(message) };
    bail!("libtorch: {}", text.trim_end())
}
