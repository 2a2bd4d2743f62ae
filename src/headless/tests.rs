//! The whole way from a scripted trainer to lines.

use std::io::{self, Write};

use crossbeam_channel::{Receiver, bounded, never};
use jiff::{SignedDuration, Timestamp};

use super::printer::Style;
use super::*;
use crate::protocol::*;

/// The events of a short run, ten seconds apart.
fn events(end: TrainEvent) -> Vec<LoggedEvent> {
    let started = Started {
        run: "run-1".to_owned(),
        folder: "/runs/run-1".to_owned(),
        model: "ResNet20v1".to_owned(),
        parameters: 274_442,
        trainable: 272_282,
        device: "cpu".to_owned(),
        device_name: "a processor".to_owned(),
        precision: "fp32".to_owned(),
        libtorch: "2.11.0".to_owned(),
        recipe: "keras".to_owned(),
        data: "synthetic".to_owned(),
        data_fingerprint: "f".to_owned(),
        train_images: 10_000,
        test_images: 2_000,
        epochs: 12,
        steps_per_epoch: 313,
        step: 0,
    };
    let step = |step| {
        TrainEvent::Step(StepMetrics {
            step,
            epoch: 1,
            loss: 2.0,
            accuracy: 0.25,
            lr: 1e-3,
            train_seconds: 10.0,
        })
    };
    let phase = |phase| TrainEvent::Phase(PhaseChange { phase, step: 0, epoch: 1, reason: None });
    let epoch = EpochMetrics {
        epoch: 1,
        step: 313,
        train_loss: 1.5,
        train_accuracy: 0.4791,
        test_loss: f64::NAN,
        test_cross_entropy: 1.4,
        test_accuracy: 0.5556,
        test_accuracy_flip: None,
        validation_loss: None,
        validation_accuracy: None,
        lr: 1e-3,
        train_seconds: 35.25,
        eval_seconds: 1.5,
        best: true,
    };
    let all = [
        phase(Phase::Preparing),
        TrainEvent::Started(started),
        phase(Phase::Training),
        step(100),
        TrainEvent::Warning(Warning { step: 100, message: "slow disk".to_owned() }),
        phase(Phase::Evaluating),
        TrainEvent::Epoch(epoch),
        end,
    ];
    let at = |index: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(10 * index);
    (0..).zip(all).map(|(index, event)| LoggedEvent { time: at(index), event }).collect()
}

fn finished(outcome: Outcome) -> TrainEvent {
    TrainEvent::Finished(Finished { outcome, step: 313, epochs: 1 })
}

/// A trainer that says `events`, and before the last one waits to be asked to stop if `patient`.
fn scripted(events: Vec<LoggedEvent>, patient: bool) -> TrainerHandle {
    let (control, requests) = bounded(8);
    let (sender, receiver) = bounded(8);
    let thread = std::thread::spawn(move || {
        let last = events.len() - 1;
        for (index, event) in events.into_iter().enumerate() {
            if index == last && patient {
                assert_eq!(requests.recv(), Ok(TrainControl::Stop));
            }
            sender.send(event).unwrap();
        }
    });
    TrainerHandle { run: "run-1".to_owned(), control, events: receiver, thread }
}

fn followed(
    handle: TrainerHandle,
    signals: Receiver<i32>,
    style: Style,
) -> (Ended, String, String) {
    let (mut output, mut messages) = (Vec::new(), Vec::new());
    let ended = follow(handle, signals, &mut Printer::new(&mut output, &mut messages, style, 0));
    (ended, String::from_utf8(output).unwrap(), String::from_utf8(messages).unwrap())
}

fn one_signal(signal: i32) -> Receiver<i32> {
    let (sender, receiver) = bounded(1);
    sender.send(signal).unwrap();
    receiver
}

#[test]
fn a_complete_run_reads_well() {
    let events = events(finished(Outcome::Completed));
    let (ended, output, messages) = followed(scripted(events, false), never(), Style::Lines);
    assert!(matches!(ended, Ended::Completed));
    insta::assert_snapshot!(output);
    assert_eq!(messages, "warning: slow disk\n");
}

#[test]
fn json_is_every_event_as_it_is_and_nothing_else() {
    let said = events(finished(Outcome::Stopped));
    let handle = scripted(said.clone(), true);
    let (ended, output, messages) = followed(handle, one_signal(2), Style::Json);
    assert!(matches!(ended, Ended::Signal(2)));
    let heard: Vec<LoggedEvent> =
        output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // Compared as text: the test loss is not a number and equals nothing.
    assert_eq!(format!("{heard:?}"), format!("{said:?}"));
    assert!(messages.contains("stopping"), "{messages}");
    assert!(messages.contains("go on with: resnet-tui train --resume /runs/run-1"), "{messages}");
}

#[test]
fn a_run_that_ends_before_the_signal_is_heard_is_complete() {
    let events = events(finished(Outcome::Completed));
    let (ended, ..) = followed(scripted(events, true), one_signal(15), Style::Lines);
    assert!(matches!(ended, Ended::Completed));
}

#[test]
fn a_failure_before_the_start_is_told_from_one_in_training() {
    let failed = || TrainEvent::Failed(Failed { step: 0, error: "no file".to_owned() });
    let (ended, ..) = followed(scripted(events(failed()), false), never(), Style::Lines);
    assert!(matches!(ended, Ended::Failed(error) if error == "no file"));
    let early = vec![LoggedEvent { time: Timestamp::UNIX_EPOCH, event: failed() }];
    let (ended, ..) = followed(scripted(early, false), never(), Style::Lines);
    assert!(matches!(ended, Ended::NotStarted(error) if error == "no file"));
}

#[test]
fn a_pause_of_the_trainers_own_stops_the_run() {
    let mut events = events(finished(Outcome::Stopped));
    let TrainEvent::Phase(change) = &mut events[2].event else { panic!("{events:?}") };
    change.phase = Phase::Paused;
    change.reason = Some("the loss is not a number".to_owned());
    let (ended, output, _) = followed(scripted(events, true), never(), Style::Lines);
    assert!(matches!(ended, Ended::Paused(reason) if reason == "the loss is not a number"));
    assert!(output.contains("paused: the loss is not a number"), "{output}");
}

#[test]
fn a_reader_that_went_away_stops_the_run_with_a_checkpoint() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let handle = scripted(events(finished(Outcome::Stopped)), true);
    let mut messages = Vec::new();
    let mut closed = Closed;
    let mut printer = Printer::new(&mut closed, &mut messages, Style::Json, 0);
    let ended = follow(handle, never(), &mut printer);
    assert!(
        matches!(&ended, Ended::Output(error) if error.kind() == io::ErrorKind::BrokenPipe),
        "{ended:?}"
    );
}

#[test]
fn the_bar_stands_where_the_epoch_stands_and_goes_at_the_end() {
    let bar = indicatif::ProgressBar::hidden();
    let events = events(finished(Outcome::Completed));
    let (mut output, mut messages) = (Vec::new(), Vec::new());
    let style = Style::Bar(bar.clone());
    let mut printer = Printer::new(&mut output, &mut messages, style, 0);
    for event in &events[..=3] {
        printer.print(event).unwrap();
    }
    assert_eq!((bar.position(), bar.length()), (100, Some(313)));
    assert_eq!(bar.prefix(), "epoch  1/12");
    for event in &events[4..] {
        printer.print(event).unwrap();
    }
    assert!(bar.is_finished());
    let output = String::from_utf8(output).unwrap();
    assert!(output.contains("ResNet20v1: 274,442 parameters"), "{output}");
    assert!(!output.contains("step 100"), "progress belongs on the bar: {output}");
}
