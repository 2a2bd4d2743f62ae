//! The tests that need the whole crate.

mod golden;
