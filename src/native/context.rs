//! Switches of libtorch, and what it says of itself.

use std::ffi::CStr;

use anyhow::Result;

use super::foreign::{self, check};

/// The version of the libtorch this program was built with, such as `2.11.0`.
pub fn libtorch_version() -> String {
    // SAFETY: a string constant.
    let version = unsafe { CStr::from_ptr(foreign::resnet_libtorch_version()) };
    version.to_string_lossy().into_owned()
}

/// Has freed memory stay with this process, so that a step finds the memory of the one before. It must
/// be called before other threads begin. Activations of more than 32 MB would else be cleared page by
/// page every step, a sixth of the time of ResNet20 v2 with batches of 128. Where the C library is not
/// glibc nothing happens.
pub fn keep_memory() {
    // SAFETY: sets three numbers of the C library's allocator.
    unsafe { foreign::resnet_keep_memory() };
}

/// Gives freed memory back to the system.
pub fn return_memory() {
    // SAFETY: the C library gives back what nobody uses.
    unsafe { foreign::resnet_return_memory() };
}

/// Has numbers too small for full precision (below 1e-38) become zero, on this thread and on those it
/// starts from now on. The processor computes with them many times slower, and a network whose channels
/// die makes more of them every epoch. `false` where the processor cannot.
pub fn flush_denormals() -> bool {
    // SAFETY: sets two bits of this thread's floating-point control register.
    unsafe { foreign::resnet_flush_denormal(true) }
}

/// Whether NVIDIA GPUs may multiply f32 numbers with the 10-bit mantissa of TF32. libtorch allows it in
/// convolutions unless told otherwise.
///
/// # Errors
/// When libtorch refuses.
pub fn allow_tf32(allowed: bool) -> Result<()> {
    // SAFETY: no pointers go in.
    check(unsafe { foreign::resnet_set_tf32(allowed) })
}

/// Has GPUs use only algorithms that give the same result each time; else, the fastest that a search
/// finds. CPUs always repeat.
///
/// # Errors
/// When libtorch refuses.
pub fn be_deterministic(deterministic: bool) -> Result<()> {
    // SAFETY: no pointers go in.
    check(unsafe { foreign::resnet_set_determinism(deterministic) })
}

/// The most bytes that tensors took on a CUDA device, counted from the last reset.
///
/// # Errors
/// When there is no such device.
pub fn cuda_peak_memory(device: usize, reset: bool) -> Result<u64> {
    let mut bytes = 0i64;
    let device = i32::try_from(device)?;
    // SAFETY: `bytes` is written before the call returns.
    check(unsafe { foreign::resnet_cuda_peak_memory(device, reset, &raw mut bytes) })?;
    Ok(bytes.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use tch::Tensor;

    use super::*;

    #[test]
    fn the_version_is_the_one_tch_is_made_for() {
        assert!(libtorch_version().starts_with("2.11.0"), "{}", libtorch_version());
    }

    #[test]
    fn the_switches_can_be_set() {
        allow_tf32(false).unwrap();
        be_deterministic(true).unwrap();
        be_deterministic(false).unwrap();
    }

    #[test]
    fn a_failure_in_libtorch_comes_back_as_text() {
        let error = cuda_peak_memory(99, false).unwrap_err().to_string();
        assert!(error.starts_with("libtorch: ") && !error.contains("frame #"), "{error}");
    }

    /// In a thread of its own: the switch is of the thread. The tensor is so large that libtorch's
    /// worker threads take part.
    #[test]
    fn denormals_become_zero_on_this_thread_and_its_workers() {
        let sum = || {
            let tiny = Tensor::full([1 << 20], 1e-30, tch::kind::FLOAT_CPU) * 1e-10;
            tiny.count_nonzero(None).int64_value(&[])
        };
        let kept = std::thread::spawn(sum).join().unwrap();
        let flushed = std::thread::spawn(move || flush_denormals().then(sum)).join().unwrap();
        assert_eq!(kept, 1 << 20);
        assert!(flushed.is_none_or(|count| count == 0), "{flushed:?} denormals are left");
    }
}
