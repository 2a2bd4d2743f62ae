//! All integration tests: one binary, so that libtorch is linked once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails; clippy.toml allows these in test functions alone"
)]

mod cli;

mod configs;

mod documents;

mod fetch;

mod golden;

mod kill;

mod terminal;

mod train;

mod training;
