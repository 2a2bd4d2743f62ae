//! Train CIFAR-10 ResNets in the terminal.

pub mod config;

pub mod augmentation;

pub mod model;

pub mod optimizer;

pub mod protocol;

pub mod runs;

pub mod training;

pub mod supervisor;
