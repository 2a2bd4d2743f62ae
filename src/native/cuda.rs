//! Loading the CUDA part of libtorch.

use std::sync::OnceLock;

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_LAZY, RTLD_NOW};

/// Whether NVIDIA GPUs can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cuda {
    /// They can: how many there are.
    Ready(usize),
    /// They cannot, and why.
    Unavailable(String),
}

/// Loads libtorch's CUDA part, once. It must be called before any other libtorch call: libtorch looks
/// for CUDA once and remembers the answer.
///
/// The binary links the CPU part alone, so that it starts on machines without CUDA.
pub fn load_cuda() -> &'static Cuda {
    static CUDA: OnceLock<Cuda> = OnceLock::new();
    CUDA.get_or_init(|| match load_libraries() {
        Ok(()) => match usize::try_from(tch::Cuda::device_count()) {
            Ok(count) if count > 0 && tch::Cuda::is_available() => Cuda::Ready(count),
            _ => Cuda::Unavailable(
                "the NVIDIA driver answers but offers no GPU to this libtorch (CUDA 13); \
                 `nvidia-smi` shows the driver and the GPUs"
                    .to_owned(),
            ),
        },
        Err(reason) => Cuda::Unavailable(reason),
    })
}

fn load_libraries() -> Result<(), String> {
    if cfg!(target_os = "macos") {
        return Err("there is no CUDA on macOS".to_owned());
    }
    // SAFETY: loading a library runs its initialisers; the driver's touch nothing of this program.
    let driver = unsafe { Library::open(Some("libcuda.so.1"), RTLD_LAZY) };
    if driver.is_err() {
        return Err("no NVIDIA driver (libcuda.so.1) on this machine".to_owned());
    }
    // SAFETY: libtorch_cuda registers its kernels with the libtorch_cpu that is linked; both come from
    // one build, and no other libtorch call has been made.
    let library = unsafe { Library::open(Some("libtorch_cuda.so"), RTLD_NOW | RTLD_GLOBAL) };
    match library {
        // It must stay for as long as the process lives.
        Ok(library) => {
            std::mem::forget(library);
            Ok(())
        }
        Err(error) => Err(format!(
            "there is an NVIDIA driver, but this libtorch has no usable CUDA part ({error}); \
             `python3 scripts/fetch_libtorch.py --flavour cuda` and a new build bring it"
        )),
    }
}
