//! Events for tests, with round numbers.

use jiff::Timestamp;

use crate::config::run::{DataSource, RunSpec};
use crate::protocol::{
    EpochMetrics, Failed, Finished, LoggedEvent, Outcome, Phase, PhaseChange, Started, StepMetrics,
    TrainEvent,
};
use crate::runs::description::Environment;
use crate::runs::history::Ending;
use crate::runs::record::RunRecord;
use crate::runs::state::RunState;
use crate::runs::{Labels, RunDescription, RunHistory, RunStore, sample};

/// An event at the beginning of time.
pub fn logged(event: TrainEvent) -> LoggedEvent {
    LoggedEvent { time: Timestamp::UNIX_EPOCH, event }
}

/// A start on 1,000 training and 300 test images.
pub fn started(epochs: u32, steps_per_epoch: u64, step: u64) -> LoggedEvent {
    logged(TrainEvent::Started(Started {
        run: "run".to_owned(),
        folder: "/runs/run".to_owned(),
        model: "ResNet20v1".to_owned(),
        parameters: 274_442,
        trainable: 273_066,
        device: "cpu".to_owned(),
        device_name: "Test Processor".to_owned(),
        precision: "bf16".to_owned(),
        libtorch: "2.11.0".to_owned(),
        recipe: "keras".to_owned(),
        data: "CIFAR-10".to_owned(),
        data_fingerprint: "0123".to_owned(),
        train_images: 1_000,
        test_images: 300,
        epochs,
        steps_per_epoch,
        step,
    }))
}

/// Progress whose loss falls with the steps.
pub fn step(step: u64, epoch: u32, train_seconds: f64) -> LoggedEvent {
    logged(TrainEvent::Step(StepMetrics {
        step,
        epoch,
        loss: 0.3 + 2.0 / (1.0 + step as f64 / 50.0),
        accuracy: 0.9 - 0.8 / (1.0 + step as f64 / 50.0),
        lr: 1e-3,
        train_seconds,
    }))
}

/// An epoch of 9 s and 1 s of evaluation; each is better than the one before.
pub fn epoch(epoch: u32, step: u64) -> LoggedEvent {
    let distance = 1.0 / (1.0 + f64::from(epoch));
    logged(TrainEvent::Epoch(EpochMetrics {
        epoch,
        step,
        train_loss: 0.3 + distance,
        train_accuracy: 0.95 - 0.8 * distance,
        test_loss: 0.4 + 1.2 * distance,
        test_cross_entropy: 0.3 + distance,
        test_accuracy: 0.92 - 0.8 * distance,
        test_accuracy_flip: None,
        validation_loss: None,
        validation_accuracy: None,
        lr: 1e-3,
        train_seconds: 9.0,
        eval_seconds: 1.0,
        best: true,
    }))
}

/// A change of phase.
pub fn phase(phase: Phase, step: u64) -> LoggedEvent {
    logged(TrainEvent::Phase(PhaseChange { phase, step, epoch: 1, reason: None }))
}

/// A good end.
pub fn finished(outcome: Outcome, step: u64) -> LoggedEvent {
    logged(TrainEvent::Finished(Finished { outcome, step, epochs: 1 }))
}

/// A bad end.
pub fn failed(error: &str, step: u64) -> LoggedEvent {
    logged(TrainEvent::Failed(Failed { step, error: error.to_owned() }))
}

/// What the events add up to.
pub fn history<const N: usize>(events: [LoggedEvent; N]) -> RunHistory {
    events.iter().collect()
}

/// A run on disk that has done so many epochs of 10, each better than the one before; its id also
/// decides when it was created.
pub fn record(id: &str, epochs: u32, live: bool) -> RunRecord {
    let mut spec = RunSpec { epochs: 10, ..RunSpec::default() };
    spec.data.source = DataSource::Synthetic;
    let begun = [started(10, 100, 0), phase(Phase::Training, 0)].into_iter();
    let trained = (1..=epochs).map(|number| epoch(number, u64::from(number) * 100));
    let end = (epochs == 10).then(|| finished(Outcome::Completed, 1_000));
    let events: Vec<LoggedEvent> = begun.chain(trained).chain(end).collect();
    let mut history: RunHistory = events.iter().collect();
    if let Some(started) = &mut history.started {
        started.data = "synthetic".to_owned();
    }
    record_of(id, spec, history, live)
}

/// A run on disk with this recipe and history.
pub fn record_of(id: &str, spec: RunSpec, history: RunHistory, live: bool) -> RunRecord {
    let environment = history.started.as_ref().map(Environment::from);
    RunRecord {
        folder: RunStore::new("/runs".into()).folder(id),
        description: RunDescription {
            id: id.to_owned(),
            created: Timestamp::from_second(id.bytes().map(i64::from).sum()).unwrap(),
            environment,
            ..sample::description(id, spec)
        },
        labels: Labels::default(),
        state: RunState::of(&history, live),
        history,
    }
}

/// A full run of the document's recipe for a model, all but the last epoch at 92 %.
pub fn full_record(id: &str, spec: RunSpec) -> RunRecord {
    let ending = Some(Ending::Finished(Outcome::Completed));
    let history = RunHistory { ending, ..sample::history(200, 0.9221, 0.92) };
    record_of(id, spec, history, false)
}
