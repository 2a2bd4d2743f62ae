//! Train CIFAR-10 ResNets in the terminal.

pub mod config;

pub mod data;

pub mod augmentation;

pub mod model;

pub mod optimizer;

pub mod protocol;

pub mod training;

pub mod runs;

pub mod estimate;

pub mod presets;

pub mod queue;

pub mod supervisor;

pub mod replay;

pub mod monitor;

pub mod cli;

pub mod signals;

pub mod headless;

pub mod commands;

pub mod durable;

pub mod native;

pub mod openmp;
