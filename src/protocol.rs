//! The contract between the trainer thread and everything that watches it: plain data, no tensors.
//!
//! Events go one way and controls the other. The same events are the lines of a run's event log and,
//! with `--json`, the lines on standard output. Steps and epochs count from 1; `step` counts over the
//! whole run.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What the trainer says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum TrainEvent {
    /// The model and the data are in place; training begins or goes on.
    Started(Started),
    /// Progress within an epoch, at most ten times a second unless every step was asked for.
    Step(StepMetrics),
    /// An epoch was trained and evaluated.
    Epoch(EpochMetrics),
    /// The trainer is now doing something else.
    Phase(PhaseChange),
    /// A checkpoint is safely on disk.
    Checkpoint(CheckpointSaved),
    /// Something the user should know that did not stop the run.
    Warning(Warning),
    /// The run ended as planned or as asked. Last event of the trainer thread.
    Finished(Finished),
    /// The run broke off. Last event of the trainer thread.
    Failed(Failed),
}

impl TrainEvent {
    /// The step the event belongs to: how many steps had been trained when it was sent.
    pub fn step(&self) -> u64 {
        match self {
            Self::Started(event) => event.step,
            Self::Step(event) => event.step,
            Self::Epoch(event) => event.step,
            Self::Phase(event) => event.step,
            Self::Checkpoint(event) => event.step,
            Self::Warning(event) => event.step,
            Self::Finished(event) => event.step,
            Self::Failed(event) => event.step,
        }
    }
}

/// An event with the time it was sent: one line of an event log or of `--json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoggedEvent {
    /// When the trainer sent it (UTC).
    pub time: Timestamp,
    /// What it sent.
    #[serde(flatten)]
    pub event: TrainEvent,
}

/// What is being trained, on what, from which point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Started {
    /// The run's id.
    pub run: String,
    /// The run's folder.
    pub folder: String,
    /// The model's name, such as `ResNet20v1`.
    pub model: String,
    /// All parameters, running statistics included, as `model.summary()` counts them.
    pub parameters: u64,
    /// The trainable ones.
    pub trainable: u64,
    /// The device, such as `cpu` or `cuda:0`.
    pub device: String,
    /// The device's own name, such as the processor's model.
    pub device_name: String,
    /// `fp32` or `bf16`.
    pub precision: String,
    /// The version of libtorch.
    pub libtorch: String,
    /// The recipe in words, such as `modern` or `modern but epochs=10`.
    #[serde(default)]
    pub recipe: String,
    /// The data set in words, such as `CIFAR-10` or `synthetic`.
    pub data: String,
    /// A checksum over all images and labels.
    pub data_fingerprint: String,
    /// Images trained on in each epoch.
    pub train_images: u64,
    /// Images of the test set.
    pub test_images: u64,
    /// Epochs planned.
    pub epochs: u32,
    /// Steps in each epoch.
    pub steps_per_epoch: u64,
    /// Steps trained before: 0 for a new run, the checkpoint's for a resumed one.
    pub step: u64,
}

/// Averages over the steps since the previous step event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepMetrics {
    /// The step just trained, counted over the whole run.
    pub step: u64,
    /// The epoch it belongs to.
    pub epoch: u32,
    /// Mean cross-entropy plus the L2 penalty, as Keras reports it.
    #[serde(with = "nan_as_null")]
    pub loss: f64,
    /// Part of the images classified right, 0 to 1.
    #[serde(with = "nan_as_null")]
    pub accuracy: f64,
    /// The learning rate of this step.
    pub lr: f64,
    /// Time trained in this epoch so far, in seconds, without evaluation and pauses.
    pub train_seconds: f64,
}

/// The result of one epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochMetrics {
    /// The epoch, from 1.
    pub epoch: u32,
    /// The last step of the epoch.
    pub step: u64,
    /// Mean training loss over the epoch, penalty included.
    #[serde(with = "nan_as_null")]
    pub train_loss: f64,
    /// Training accuracy over the epoch, 0 to 1.
    #[serde(with = "nan_as_null")]
    pub train_accuracy: f64,
    /// Test loss, penalty included.
    #[serde(with = "nan_as_null")]
    pub test_loss: f64,
    /// Test cross-entropy alone.
    #[serde(with = "nan_as_null")]
    pub test_cross_entropy: f64,
    /// Test accuracy, 0 to 1.
    #[serde(with = "nan_as_null")]
    pub test_accuracy: f64,
    /// Test accuracy by the sum of the logits of each image and its mirror image, where that is
    /// measured. A figure of its own: it never decides which epoch is best.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_accuracy_flip: Option<f64>,
    /// The loss on the held-out part of the training set, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_loss: Option<f64>,
    /// The accuracy on the held-out part, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_accuracy: Option<f64>,
    /// The learning rate of the epoch's last step.
    pub lr: f64,
    /// Training time, in seconds, without evaluation and pauses.
    pub train_seconds: f64,
    /// Evaluation time, in seconds.
    pub eval_seconds: f64,
    /// Whether this epoch's weights are the best so far: highest accuracy on the held-out part, or on
    /// the test set where nothing is held out.
    pub best: bool,
}

impl EpochMetrics {
    /// The accuracy that decides which epoch is best: validation where there is one, else test.
    pub fn selection_accuracy(&self) -> f64 {
        self.validation_accuracy.unwrap_or(self.test_accuracy)
    }
}

/// What the trainer is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Loading data, building the model.
    Preparing,
    /// Training.
    Training,
    /// Measuring on the held-out images.
    Evaluating,
    /// Paused, with a checkpoint on disk.
    Paused,
}

/// The trainer entered a phase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhaseChange {
    /// The phase it is in now.
    pub phase: Phase,
    /// Steps trained.
    pub step: u64,
    /// The current epoch.
    pub epoch: u32,
    /// Why, where the user did not ask for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A checkpoint is on disk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckpointSaved {
    /// Steps trained.
    pub step: u64,
    /// The epoch it lies in.
    pub epoch: u32,
    /// Why it was written.
    pub reason: CheckpointReason,
}

/// Why a checkpoint was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckpointReason {
    /// The run began.
    Start,
    /// An epoch ended.
    Epoch,
    /// The checkpoint interval passed.
    Interval,
    /// The run was paused.
    Pause,
    /// The run was stopped.
    Stop,
    /// The user asked for it.
    Request,
}

/// A message that did not stop the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Warning {
    /// Steps trained.
    pub step: u64,
    /// What happened and what it means.
    pub message: String,
}

/// How a run ended well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All epochs, or the step limit, were trained.
    Completed,
    /// Stopped on request with a checkpoint; it can be resumed.
    Stopped,
}

/// The run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// How.
    pub outcome: Outcome,
    /// Steps trained.
    pub step: u64,
    /// Epochs completed.
    pub epochs: u32,
}

/// The run broke off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failed {
    /// Steps trained, as far as known.
    pub step: u64,
    /// What happened and what to do next.
    pub error: String,
}

/// What the trainer can be asked to do. It is done before the next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainControl {
    /// Write a checkpoint and wait.
    Pause,
    /// Go on after a pause.
    Resume,
    /// Write a checkpoint and end.
    Stop,
    /// Train this epoch to its end, then stop.
    StopAfterEpoch,
    /// Write a checkpoint and go on.
    Checkpoint,
}

/// JSON has no NaN: it is written as null.
mod nan_as_null {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(*value)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_reads_back_and_nan_is_null() {
        let event = LoggedEvent {
            time: Timestamp::UNIX_EPOCH,
            event: TrainEvent::Step(StepMetrics {
                step: 7,
                epoch: 1,
                loss: f64::NAN,
                accuracy: 0.5,
                lr: 1e-3,
                train_seconds: 0.25,
            }),
        };
        let line = serde_json::to_string(&event).unwrap();
        assert_eq!(
            line,
            r#"{"time":"1970-01-01T00:00:00Z","event":"step","step":7,"epoch":1,"loss":null,"accuracy":0.5,"lr":0.001,"train_seconds":0.25}"#
        );
        let TrainEvent::Step(read) = serde_json::from_str::<LoggedEvent>(&line).unwrap().event
        else {
            panic!("not a step: {line}");
        };
        assert!(read.loss.is_nan());
        assert_eq!(read.step, 7);
    }
}
