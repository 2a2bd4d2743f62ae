//! Training: the loop, its checkpoints, and the thread it runs on.

pub mod checkpoint;

pub mod device;

pub mod evaluation;

pub mod images;

pub mod inspection;

pub mod preview;

pub mod trainer;

pub mod worker;
