//! Runs for the tests of this module.

use jiff::Timestamp;

use super::description::{Environment, RunDescription};
use super::history::RunHistory;
use crate::config::run::RunSpec;
use crate::data::official;
use crate::protocol::{EpochMetrics, Started, StepMetrics};

/// The start of a run on the official images with 10 steps an epoch.
pub fn started() -> Started {
    Started {
        run: "run".to_owned(),
        folder: "/runs/run".to_owned(),
        model: "ResNet20v1".to_owned(),
        parameters: 274_442,
        trainable: 273_066,
        device: "cpu".to_owned(),
        device_name: "Some processor".to_owned(),
        precision: "fp32".to_owned(),
        libtorch: "2.11.0".to_owned(),
        recipe: "keras".to_owned(),
        data: official::NAME.to_owned(),
        data_fingerprint: "md5:0".to_owned(),
        train_images: 320,
        test_images: 100,
        epochs: 200,
        steps_per_epoch: 10,
        step: 0,
    }
}

/// The description of a run that has begun.
pub fn description(id: &str, spec: RunSpec) -> RunDescription {
    RunDescription {
        id: id.to_owned(),
        created: Timestamp::UNIX_EPOCH,
        spec,
        program_version: "0".to_owned(),
        initial_weights: None,
        environment: Some(Environment::from(&started())),
    }
}

/// An epoch of 10 steps and 2 seconds.
pub fn epoch(epoch: u32, test_accuracy: f64, best: bool) -> EpochMetrics {
    EpochMetrics {
        epoch,
        step: 10 * u64::from(epoch),
        train_loss: 1.0 / f64::from(epoch),
        train_accuracy: 0.5,
        test_loss: 1.0,
        test_cross_entropy: 0.9,
        test_accuracy,
        test_accuracy_flip: None,
        validation_loss: None,
        validation_accuracy: None,
        lr: 1e-3,
        train_seconds: 2.0,
        eval_seconds: 0.5,
        best,
    }
}

/// A step of an epoch of 10 steps and 2 seconds.
pub fn step(step: u64, loss: f64) -> StepMetrics {
    let before = step.saturating_sub(1);
    StepMetrics {
        step,
        epoch: (before / 10 + 1) as u32,
        loss,
        accuracy: 0.5,
        lr: 1e-3,
        train_seconds: 0.2 * (before % 10 + 1) as f64,
    }
}

/// A history of as many epochs; the first has the best accuracy and the others the last one.
pub fn history(epochs: u32, best: f64, last: f64) -> RunHistory {
    let epochs = (1..=epochs).map(|number| {
        let accuracy = if number == 1 { best } else { last };
        epoch(number, accuracy, number == 1)
    });
    RunHistory { started: Some(started()), epochs: epochs.collect(), ..RunHistory::default() }
}
