//! Checkpoints: everything needed to go on as if nothing had happened, in one safetensors file.
//!
//! The file holds the weights under their names, what the optimizer remembers under
//! `optimizer.MOMENT.NAME` (`first_moment` and `second_moment` of Adam, `velocity` of SGD), the averaged
//! weights, where there are some, under `optimizer.average.NAME`, and the [`Progress`] as metadata.
//! Nothing in it depends on the time or the machine: the same training gives the same bytes.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use serde::{Deserialize, Serialize};
use tch::{Device, no_grad};

use crate::config::run::RunSpec;
use crate::durable::write_aside;
use crate::model::tensor_file::{self, Metadata, NamedTensors};
use crate::model::weights::{self, OPTIMIZER_PREFIX};
use crate::model::{Network, Parameters};
use crate::optimizer::schedule::Plateau;
use crate::optimizer::{Optimizer, average};

/// The metadata of the best weights: model, epoch and accuracies as JSON.
pub const BEST: &str = "resnet_tui.best";

const PROGRESS: &str = "resnet_tui.progress";
const AVERAGE: &str = "average";

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
    /// The update rule with what it remembers.
    pub optimizer: Optimizer,
    /// The moving average of the weights and the running statistics; `None` where it is off.
    pub average: Option<Parameters>,
    /// How far it has come.
    pub progress: Progress,
}

impl State {
    /// The beginning of a run with these weights.
    pub fn new(spec: &RunSpec, network: &Network, parameters: Parameters) -> Self {
        let device = parameters.flat.device();
        let average = (spec.weight_average > 0.0)
            .then(|| Parameters::new(&parameters.flat, &parameters.statistics, device));
        Self {
            optimizer: Optimizer::new(spec, network.layout.parameter_numel(), device),
            average,
            progress: Progress::new(spec.learning_rate),
            parameters,
        }
    }

    /// The weights to evaluate and to keep: the averaged ones where there are some.
    pub fn evaluated(&self) -> &Parameters {
        self.average.as_ref().unwrap_or(&self.parameters)
    }

    /// Moves the average towards the weights of the step just counted.
    pub fn update_average(&mut self, limit: f64) {
        let Some(average) = &mut self.average else { return };
        let decay = average::decay(limit, self.progress.step);
        average::update(&mut average.flat, &self.parameters.flat, decay);
        average::update(&mut average.statistics, &self.parameters.statistics, decay);
    }

    /// Writes the state to `path`, aside and renamed.
    ///
    /// # Errors
    /// When the disk is full or the folder cannot be written; the previous checkpoint is then whole.
    pub fn save(&self, network: &Network, path: &Path) -> Result<()> {
        let mut tensors = weights::to_named(network, &self.parameters);
        let mut add = |kind: &str, named: NamedTensors| {
            for (name, tensor) in named {
                tensors.insert(format!("{OPTIMIZER_PREFIX}{kind}.{name}"), tensor);
            }
        };
        for (moment, flat) in self.optimizer.moments() {
            add(moment, weights::trained(network, flat));
        }
        if let Some(average) = &self.average {
            add(AVERAGE, weights::to_named(network, average));
        }
        let progress = serde_json::to_string(&self.progress)?;
        save(path, &tensors, Metadata::from([(PROGRESS.to_owned(), progress)]))
    }

    /// Reads the state of a run back, onto the device.
    ///
    /// # Errors
    /// When the file cannot be read, or belongs to another network or another optimizer.
    pub fn load(spec: &RunSpec, network: &Network, path: &Path, device: Device) -> Result<Self> {
        let in_file = || format!("cannot go on from {}", path.display());
        let (named, metadata) = tensor_file::read(path)?;
        let parameters = weights::from_named(network, &named, device).with_context(in_file)?;
        let mut state = Self::new(spec, network, parameters);
        state.progress = progress(path, &metadata)?;
        for (moment, flat) in state.optimizer.moments() {
            let own = part(&named, moment).with_context(in_file)?;
            let read = weights::flatten(network, &own).with_context(in_file)?;
            no_grad(|| flat.shallow_clone().copy_(&read));
        }
        if let Optimizer::Adam(adam) = &mut state.optimizer {
            adam.step = state.progress.step;
        }
        if state.average.is_some() {
            let own = part(&named, AVERAGE).with_context(in_file)?;
            let read = weights::from_named(network, &own, device).with_context(in_file)?;
            state.average = Some(read);
        }
        Ok(state)
    }
}

/// The tensors of a kind that stand beside the weights.
fn part(named: &NamedTensors, kind: &str) -> Result<NamedTensors> {
    let prefix = format!("{OPTIMIZER_PREFIX}{kind}.");
    let own: NamedTensors = named
        .iter()
        .filter_map(|(name, tensor)| {
            Some((name.strip_prefix(&prefix)?.to_owned(), tensor.shallow_clone()))
        })
        .collect();
    ensure!(
        !own.is_empty(),
        "it holds no `{prefix}*`: it was written with another optimizer or weight average than run.json \
         names now. Set those back, or begin a new run with `--init` of these weights"
    );
    Ok(own)
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
