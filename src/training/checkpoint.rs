//! Checkpoints: everything needed to go on as if nothing had happened, in one safetensors file.
//!
//! The file holds the weights under their names, the optimizer's moments under
//! `optimizer.first_moment.NAME` and `optimizer.second_moment.NAME`, and the [`Progress`] as metadata.
//! Nothing in it depends on the time or the machine: the same training gives the same bytes.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use serde::{Deserialize, Serialize};
use tch::{Device, Tensor};

use crate::durable::write_aside;
use crate::model::tensor_file::{self, Metadata, NamedTensors};
use crate::model::weights::{self, OPTIMIZER_PREFIX};
use crate::model::{Network, Parameters};
use crate::optimizer::adam::Adam;
use crate::optimizer::schedule::Plateau;

/// The metadata of the best weights: model, epoch and accuracies as JSON.
pub const BEST: &str = "resnet_tui.best";

const PROGRESS: &str = "resnet_tui.progress";
const FIRST_MOMENT: &str = "first_moment";
const SECOND_MOMENT: &str = "second_moment";

/// How far a run has come, apart from its tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Steps trained over the whole run.
    pub step: u64,
    /// Epochs completed, evaluation included.
    pub epochs: u32,
    /// Steps trained in the current epoch; all of them while it is being evaluated.
    pub batch: u64,
    /// Images trained on in the current epoch.
    pub images: u64,
    /// The sum of their losses, penalty included.
    pub loss_sum: f64,
    /// How many of them were classified right.
    pub correct: f64,
    /// The best selection accuracy so far; `None` before the first epoch.
    pub best_accuracy: Option<f64>,
    /// The state of the plateau schedule.
    pub plateau: Plateau,
}

impl Progress {
    /// The beginning of a run.
    pub fn new(learning_rate: f64) -> Self {
        Self {
            step: 0,
            epochs: 0,
            batch: 0,
            images: 0,
            loss_sum: 0.0,
            correct: 0.0,
            best_accuracy: None,
            plateau: Plateau::new(learning_rate),
        }
    }
}

/// Everything that changes while training.
#[derive(Debug)]
pub struct State {
    /// Weights and running statistics.
    pub parameters: Parameters,
    /// The optimizer's moments.
    pub optimizer: Adam,
    /// How far it has come.
    pub progress: Progress,
}

impl State {
    /// Writes the state to `path`, aside and renamed.
    ///
    /// # Errors
    /// When the disk is full or the folder cannot be written; the previous checkpoint is then whole.
    pub fn save(&self, network: &Network, path: &Path) -> Result<()> {
        let mut tensors = weights::to_named(network, &self.parameters);
        let moments = [
            (FIRST_MOMENT, &self.optimizer.first_moment),
            (SECOND_MOMENT, &self.optimizer.second_moment),
        ];
        for (moment, flat) in moments {
            for (name, tensor) in weights::trained(network, flat) {
                tensors.insert(format!("{OPTIMIZER_PREFIX}{moment}.{name}"), tensor);
            }
        }
        let progress = serde_json::to_string(&self.progress)?;
        save(path, &tensors, Metadata::from([(PROGRESS.to_owned(), progress)]))
    }

    /// Reads a state back, onto the device.
    ///
    /// # Errors
    /// When the file cannot be read or belongs to another network.
    pub fn load(network: &Network, path: &Path, device: Device) -> Result<Self> {
        let (named, metadata) = tensor_file::read(path)?;
        let progress = progress(path, &metadata)?;
        let moment = |moment: &str| -> Result<Tensor> {
            let prefix = format!("{OPTIMIZER_PREFIX}{moment}.");
            let own: NamedTensors = named
                .iter()
                .filter_map(|(name, tensor)| {
                    Some((name.strip_prefix(&prefix)?.to_owned(), tensor.shallow_clone()))
                })
                .collect();
            Ok(weights::flatten(network, &own)?.to_device(device))
        };
        let in_file = || format!("cannot go on from {}", path.display());
        let optimizer = Adam {
            first_moment: moment(FIRST_MOMENT).with_context(in_file)?,
            second_moment: moment(SECOND_MOMENT).with_context(in_file)?,
            step: progress.step,
        };
        let parameters = weights::from_named(network, &named, device).with_context(in_file)?;
        Ok(Self { parameters, optimizer, progress })
    }
}

/// Writes weights alone to `path`, aside and renamed.
///
/// # Errors
/// As for [`State::save`].
pub fn save_weights(
    network: &Network,
    parameters: &Parameters,
    metadata: Metadata,
    path: &Path,
) -> Result<()> {
    save(path, &weights::to_named(network, parameters), metadata)
}

fn save(path: &Path, tensors: &NamedTensors, metadata: Metadata) -> Result<()> {
    let bytes = tensor_file::encode(tensors, metadata)?;
    write_aside(path, |file| Ok(file.write_all(&bytes)?))
}

/// Where in a run a checkpoint lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Steps trained.
    pub step: u64,
    /// Epochs completed, evaluation included.
    pub epochs: u32,
}

/// The position of the checkpoint at `path`: the beginning where there is none yet.
///
/// # Errors
/// When there is a file that is no checkpoint.
pub fn position(path: &Path) -> Result<Position> {
    if !path.exists() {
        return Ok(Position::default());
    }
    let progress = progress(path, &tensor_file::read_metadata(path)?)?;
    Ok(Position { step: progress.step, epochs: progress.epochs })
}

fn progress(path: &Path, metadata: &Metadata) -> Result<Progress> {
    let text = metadata
        .get(PROGRESS)
        .ok_or_else(|| anyhow!("{} holds weights but is no checkpoint", path.display()))?;
    serde_json::from_str(text)
        .with_context(|| format!("cannot understand the progress in {}", path.display()))
}
