//! What tch does not reach: libtorch's CUDA part, its switches, its fused Adam, and the batch norm of
//! `native/`; and stopping as a shell expects it. The only unsafe code is here.
#![allow(unsafe_code)]

pub mod adam;

pub mod batch_norm;

pub mod context;

mod cuda;

mod foreign;

mod stop;

pub use cuda::{Cuda, load_cuda};
pub use stop::stop_process_group;
