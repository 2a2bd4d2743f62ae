//! What the user can set.

pub mod augmentation;

pub mod interface;

pub mod run;
