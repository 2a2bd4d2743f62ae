//! The update rule and the learning rate.

pub mod adam;

pub mod schedule;
