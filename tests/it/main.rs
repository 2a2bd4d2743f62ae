//! Everything that runs the program, or a large part of it, as a whole. One binary, so that libtorch is
//! linked once.

// The exception for tests in clippy.toml covers test functions only, not what they share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod fetch;
