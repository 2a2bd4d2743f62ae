//! All integration tests: one binary, so that libtorch is linked once.

mod cli;

mod configs;
