use std::path::PathBuf;

use super::*;
use crate::config::run::{DataSource, RunSpec};
use crate::protocol::StepMetrics;
use crate::runs::event_log::EventLog;
use crate::runs::history::{Ending, MarkKind};
use crate::runs::{RunHistory, RunStore};
use crate::supervisor::{StartOptions, Supervisor};
use crate::training::trainer;

const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/resnet20v1.replay.jsonl");

fn step(step: u64) -> TrainEvent {
    TrainEvent::Step(StepMetrics {
        step,
        epoch: 1,
        loss: 1.0,
        accuracy: 0.5,
        lr: 1e-3,
        train_seconds: step as f64,
    })
}

fn finished(step: u64, outcome: Outcome) -> TrainEvent {
    TrainEvent::Finished(Finished { outcome, step, epochs: 0 })
}

/// A log with an event every `seconds`.
fn log_with(events: &[TrainEvent], seconds: i64) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.jsonl");
    let mut log = EventLog::open(&path).unwrap();
    for (index, event) in (0..).zip(events) {
        let time = Timestamp::from_second(index * seconds).unwrap();
        log.append(&LoggedEvent { time, event: event.clone() }).unwrap();
    }
    (folder, path)
}

fn played(path: &Path) -> Vec<TrainEvent> {
    let handle = Replay::open(path, Speed::MAX).unwrap().play().unwrap();
    // A control that is dropped would stop it.
    let events = handle.events.iter().map(|logged| logged.event).collect();
    drop(handle.control);
    events
}

#[test]
fn all_events_come_in_order_with_one_ending() {
    let stopped = finished(2, Outcome::Stopped);
    let recorded = [step(1), step(2), stopped, step(3), finished(3, Outcome::Completed)];
    let (folder, path) = log_with(&recorded, 1);
    let expected = [step(1), step(2), step(3), finished(3, Outcome::Completed)];
    assert_eq!(played(&path), expected);
    assert_eq!(played(folder.path()), expected);
}

#[test]
fn a_log_without_an_ending_says_that_the_run_was_interrupted() {
    let (_folder, path) = log_with(&[step(1), step(2)], 1);
    let events = played(&path);
    let TrainEvent::Failed(failed) = &events[2] else { panic!("{events:?}") };
    assert!(failed.error.contains("interrupted at step 2"), "{}", failed.error);
}

#[test]
fn a_log_that_cannot_be_played_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let open = |text: Option<&str>| {
        let path = folder.path().join("log");
        if let Some(text) = text {
            std::fs::write(&path, text).unwrap();
        }
        format!("{:#}", Replay::open(&path, Speed::MAX).unwrap_err())
    };
    assert!(open(None).contains("cannot replay"));
    for text in ["", "hello\n", "{}\n", "\u{0}\n"] {
        let error = open(Some(text));
        assert!(error.contains("log holds no events"), "{error}");
    }
}

#[test]
fn pause_resume_and_stop_act_on_the_replay() {
    let many: Vec<TrainEvent> = (1..500).map(step).collect();
    let (_folder, path) = log_with(&many, 0);
    let handle = Replay::open(&path, Speed::MAX).unwrap().play().unwrap();
    let next = || handle.events.recv_timeout(Duration::from_secs(10)).unwrap().event;
    let phase = || loop {
        if let TrainEvent::Phase(change) = next() {
            break change;
        }
    };
    assert_eq!(next(), step(1));
    handle.control.send(TrainControl::Pause).unwrap();
    let paused = phase();
    assert_eq!((paused.phase, paused.epoch), (Phase::Paused, 1));
    assert!(paused.step < 200, "{paused:?}");
    assert!(handle.events.recv_timeout(Duration::from_millis(50)).is_err());
    handle.control.send(TrainControl::Resume).unwrap();
    assert_eq!(phase().phase, Phase::Preparing);
    assert_eq!(next(), step(paused.step + 1));
    handle.control.send(TrainControl::Stop).unwrap();
    let last = handle.events.iter().last().unwrap().event;
    assert!(matches!(last, TrainEvent::Finished(ref end) if end.outcome == Outcome::Stopped));
    handle.thread.join().unwrap();
}

#[test]
fn waits_are_divided_by_the_speed_and_bounded() {
    let wait = |speed: &str, recorded: f64| speed.parse::<Speed>().unwrap().wait(recorded);
    assert_eq!(wait("50", 100.0), Duration::from_secs(2));
    assert_eq!(wait("0.5", 1.0), Duration::from_secs(2));
    assert_eq!(wait("1", 30_000.0), LONGEST_WAIT);
    assert_eq!(wait("max", 30_000.0), Duration::ZERO);
    assert_eq!(wait("0", 30_000.0), Duration::ZERO);
    assert_eq!(wait("1", -3.0), Duration::ZERO);
    for refused in ["-1", "fast", "nan", "inf", ""] {
        assert!(refused.parse::<Speed>().is_err(), "{refused}");
    }
}

#[test]
fn the_shipped_replay_is_a_whole_run_with_a_pause() {
    let handle = Replay::open(Path::new(SHIPPED), Speed::MAX).unwrap().play().unwrap();
    let events: Vec<LoggedEvent> = handle.events.iter().collect();
    let history: RunHistory = events.iter().collect();
    let started = history.started.as_ref().unwrap();
    assert_eq!(started.model, "ResNet20v1");
    assert!(started.data.starts_with("synthetic"), "{}", started.data);
    assert_eq!(history.epochs.len() as u32, started.epochs);
    assert!(history.epochs.iter().all(|epoch| epoch.train_loss.is_finite()));
    assert!(history.best().unwrap().test_accuracy > 0.5);
    let kinds: Vec<&MarkKind> = history.marks.iter().map(|mark| &mark.kind).collect();
    assert_eq!(kinds, [&MarkKind::Paused, &MarkKind::Resumed]);
    assert_eq!(history.ending, Some(Ending::Finished(Outcome::Completed)));
}

#[test]
#[ignore = "records assets/resnet20v1.replay.jsonl anew: trains for some minutes; on a busy machine \
            set GOMP_SPINCOUNT=1000"]
fn record_the_shipped_replay() {
    let mut spec = RunSpec { epochs: 16, batch_size: 32, ..RunSpec::default() };
    spec.data.source = DataSource::Synthetic;
    spec.data.synthetic_train_images = 2_000;
    spec.data.synthetic_test_images = 500;
    // The log names the folder, so it is a relative one.
    let store = RunStore::new(PathBuf::from("target/recording"));
    let supervisor = Supervisor::new(store, trainer::spawn);
    let handle = supervisor.start(spec, StartOptions::default()).unwrap();
    for logged in &handle.events {
        match &logged.event {
            TrainEvent::Step(step) if step.epoch == 6 && step.step % 7 == 0 => {
                handle.control.send(TrainControl::Pause).unwrap();
                thread::sleep(Duration::from_secs(8));
                handle.control.send(TrainControl::Resume).unwrap();
                break;
            }
            _ => {}
        }
    }
    handle.events.iter().for_each(drop);
    handle.thread.join().unwrap();
    let folder = supervisor.store().find(&handle.run).unwrap();
    let log = std::fs::read(folder.events_path()).unwrap();
    std::fs::write(SHIPPED, log).unwrap();
    folder.delete().unwrap();
}

#[test]
fn the_recipe_is_told_as_far_as_the_log_knows_it() {
    let spec = Replay::open(Path::new(SHIPPED), Speed::MAX).unwrap().spec();
    assert_eq!(spec.architecture().to_string(), "ResNet20v1");
    assert_eq!((spec.epochs, spec.batch_size), (16, 32));
    assert_eq!(spec.data.source, DataSource::Synthetic);
}
