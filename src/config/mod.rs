//! What the user can set.

pub mod augmentation;

pub mod interface;

pub mod keys;

pub mod run;

pub mod theme;
