//! Training: the loop, its checkpoints, and the thread it runs on.

pub mod checkpoint;

pub mod worker;
