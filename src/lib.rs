//! Train CIFAR-10 ResNets in the terminal.

pub mod config;

pub mod protocol;

pub mod runs;

pub mod training;

pub mod supervisor;

pub mod app;

pub mod views;

pub mod terminal;
