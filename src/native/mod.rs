//! What tch does not reach: libtorch's CUDA part, its switches, its fused Adam, and the batch norm and
//! the convolution of `native/`; and what the standard library cannot do with a process. The only unsafe
//! code is here.
#![allow(unsafe_code)]

pub mod adam;

pub mod batch_norm;

pub mod context;

mod cuda;

mod foreign;

mod process;

pub mod winograd;

pub use cuda::{Cuda, load_cuda};
pub use process::{exit_at_once, stop_process_group};
