//! The places where the command line meets the other parts of the program.

use std::path::Path;

use anyhow::{Result, bail};
use serde::Serialize;

use crate::config::interface::InterfaceConfig;
use crate::config::run::{Architecture, RunSpec};
use crate::supervisor::Supervisor;
use crate::training::worker::{self, TrainerHandle, TrainingJob};

/// TODO(join): `training::trainer::spawn`.
pub fn spawn(job: TrainingJob) -> std::io::Result<TrainerHandle> {
    worker::spawn(job, |_, _, _| bail!("the trainer is not part of this build yet"))
}

/// TODO(join): `terminal::run`.
pub fn dashboard(
    _supervisor: Supervisor,
    _interface: InterfaceConfig,
    _spec: RunSpec,
    _notes: Vec<String>,
) -> Result<()> {
    bail!("the dashboard is not part of this build yet")
}

/// TODO(join): `model::summary`.
pub fn summary(_architecture: Architecture) -> Result<String> {
    bail!("the model is not part of this build yet")
}

/// TODO(join): `training::evaluation`. What was measured on the test images.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Cross-entropy and L2 penalty.
    pub loss: f64,
    /// Cross-entropy alone.
    pub cross_entropy: f64,
    /// Part of the images classified right, 0 to 1.
    pub accuracy: f64,
    /// How many images.
    pub images: u64,
}

/// TODO(join): `training::evaluation`. Measures `weights`, and writes the logits where asked.
pub fn evaluate(_spec: &RunSpec, _weights: &Path, _logits: Option<&Path>) -> Result<Evaluation> {
    bail!("the evaluation is not part of this build yet")
}

/// TODO(join): `data::fetch`. Calls `progress` with the bytes there are and the bytes there will be.
pub fn fetch(_url: Option<&str>, _into: &Path, _progress: &dyn Fn(u64, u64)) -> Result<()> {
    bail!("the download is not part of this build yet")
}

/// TODO(join): `native`: the version of libtorch and the state of CUDA, in words.
pub fn libtorch() -> (String, String) {
    ("unknown".to_owned(), "not looked for".to_owned())
}

/// TODO(join): `data::cifar`. What is wrong with the images in `folder`, or how many there are.
pub fn images(_folder: &Path) -> Result<String> {
    bail!("the images are not part of this build yet")
}
