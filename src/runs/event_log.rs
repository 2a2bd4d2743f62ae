//! The append-only event log of a run: one JSON object a line.
//!
//! A line is handed to the operating system before the event is sent on, so a killed process loses
//! none; the end of each epoch also reaches the disk before the trainer goes on, so a checkpoint is
//! never newer than the log that leads to it.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Error, Result};

use crate::durable::{is_out_of_room, write_aside};
use crate::protocol::{LoggedEvent, TrainEvent};

/// An event log open for appending.
#[derive(Debug)]
pub struct EventLog {
    path: PathBuf,
    file: File,
    line: Vec<u8>,
    /// Whether the last write failed and may have left a part of a line.
    torn: bool,
}

impl EventLog {
    /// Opens the log at `path`, creating it where there is none.
    pub fn open(path: &Path) -> Result<Self> {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .with_context(|| format!("cannot open the event log {}", path.display()))?;
        Ok(Self { path: path.to_owned(), file, line: Vec::new(), torn: false })
    }

    /// Appends one event.
    pub fn append(&mut self, event: &LoggedEvent) -> Result<()> {
        self.line.clear();
        if self.torn {
            self.line.push(b'\n');
        }
        serde_json::to_writer(&mut self.line, event).context("cannot encode an event")?;
        self.line.push(b'\n');
        self.torn = true;
        self.file.write_all(&self.line).map_err(|error| self.failed(error))?;
        self.torn = false;
        if !matches!(event.event, TrainEvent::Step(_)) {
            self.file.sync_data().map_err(|error| self.failed(error))?;
        }
        Ok(())
    }

    fn failed(&self, error: std::io::Error) -> Error {
        let error = Error::from(error);
        let advice = if is_out_of_room(&error) {
            ": there is no room for it; make some, then resume the run, whose checkpoint is whole"
        } else {
            ""
        };
        error.context(format!("cannot append to the event log {}{advice}", self.path.display()))
    }
}

/// Calls `each` for every readable line of the log at `path`, in order. A line that a crash cut short
/// is passed over, and so is one that this version does not know.
pub fn read(path: &Path, mut each: impl FnMut(LoggedEvent)) -> Result<()> {
    read_lines(path, |line| {
        if let Ok(event) = serde_json::from_slice(line) {
            each(event);
        }
        Ok(())
    })
}

/// As [`read`], without the step events, which are nearly all of a log and are passed over without
/// parsing. Gives the latest step that the run did not go back from.
pub fn read_without_steps(
    path: &Path,
    mut each: impl FnMut(LoggedEvent),
) -> Result<Option<LoggedEvent>> {
    let mut unparsed_step = Vec::new();
    let mut latest: Option<LoggedEvent> = None;
    read_lines(path, |line| {
        if is_step(line) {
            unparsed_step.clear();
            unparsed_step.extend_from_slice(line);
        } else if let Ok(event) = serde_json::from_slice::<LoggedEvent>(line) {
            latest = serde_json::from_slice(&unparsed_step).ok().or(latest.take());
            unparsed_step.clear();
            latest.take_if(|step| step.event.step() > event.event.step());
            each(event);
        }
        Ok(())
    })?;
    Ok(serde_json::from_slice(&unparsed_step).ok().or(latest))
}

/// Whether a line, as [`EventLog::append`] writes it, is a step event.
fn is_step(line: &[u8]) -> bool {
    let Some(after_time) = line.strip_prefix(br#"{"time":""#) else { return false };
    let mut parts = after_time.splitn(2, |byte| *byte == b'"');
    parts.nth(1).is_some_and(|rest| rest.starts_with(br#","event":"step","#))
}

fn read_lines(path: &Path, mut each: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", path.display()));
        }
    };
    let mut lines = BufReader::with_capacity(1 << 20, file);
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = lines.read_until(b'\n', &mut line);
        if length.with_context(|| format!("cannot read {}", path.display()))? == 0 {
            return Ok(());
        }
        each(line.strip_suffix(b"\n").unwrap_or(&line))?;
    }
}

/// Drops what a run resumed from a checkpoint at `step`, with `epochs` completed, will say anew: later
/// steps, later epochs, and a last line that was cut short.
pub fn truncate_after(path: &Path, step: u64, epochs: u32) -> Result<()> {
    write_aside(path, |file| {
        let mut kept = BufWriter::with_capacity(1 << 20, file);
        read_lines(path, |line| {
            let Ok(logged) = serde_json::from_slice::<LoggedEvent>(line) else { return Ok(()) };
            let newer = match &logged.event {
                TrainEvent::Epoch(epoch) => epoch.epoch > epochs,
                event => event.step() > step,
            };
            if !newer {
                kept.write_all(line)?;
                kept.write_all(b"\n")?;
            }
            Ok(())
        })?;
        Ok(kept.flush()?)
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::protocol::{EpochMetrics, Phase, PhaseChange, StepMetrics};

    fn step(step: u64) -> TrainEvent {
        TrainEvent::Step(StepMetrics {
            step,
            epoch: 1,
            loss: 1.0 / 3.0,
            accuracy: 0.1,
            lr: 1e-3,
            train_seconds: step as f64,
        })
    }

    fn epoch(epoch: u32, step: u64) -> TrainEvent {
        TrainEvent::Epoch(EpochMetrics {
            epoch,
            step,
            train_loss: 1.0,
            train_accuracy: 0.5,
            test_loss: f64::NAN,
            test_cross_entropy: 1.0,
            test_accuracy: 0.5,
            test_accuracy_flip: None,
            validation_loss: None,
            validation_accuracy: None,
            lr: 1e-3,
            train_seconds: 1.0,
            eval_seconds: 0.1,
            best: true,
        })
    }

    fn log_with(events: &[TrainEvent]) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        let mut log = EventLog::open(&path).unwrap();
        for event in events {
            let event = event.clone();
            log.append(&LoggedEvent { time: Timestamp::UNIX_EPOCH, event }).unwrap();
        }
        (folder, path)
    }

    fn labels(path: &Path) -> Vec<String> {
        let mut labels = Vec::new();
        read(path, |logged| {
            labels.push(match logged.event {
                TrainEvent::Step(event) => format!("step {}", event.step),
                TrainEvent::Epoch(event) => format!("epoch {}", event.epoch),
                event => format!("{event:?}"),
            });
        })
        .unwrap();
        labels
    }

    #[test]
    fn a_line_cut_short_is_passed_over_and_then_dropped() {
        let (_folder, path) = log_with(&[step(1), step(2)]);
        let mut bytes = std::fs::read(&path).unwrap();
        let whole = bytes.len();
        bytes.extend_from_slice(br#"{"time":"2026-01-01T00:0"#);
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(labels(&path), ["step 1", "step 2"]);
        truncate_after(&path, 2, 0).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), bytes[..whole]);
    }

    #[test]
    fn what_is_newer_than_the_checkpoint_goes() {
        let events = [step(1), step(2), epoch(1, 2), step(3), step(4), epoch(2, 4), step(5)];
        let (_folder, path) = log_with(&events);
        truncate_after(&path, 4, 1).unwrap();
        // The checkpoint lies between the last step of epoch 2 and its evaluation.
        assert_eq!(labels(&path), ["step 1", "step 2", "epoch 1", "step 3", "step 4"]);
        truncate_after(&path, 2, 0).unwrap();
        assert_eq!(labels(&path), ["step 1", "step 2"]);
    }

    #[test]
    fn a_missing_log_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(labels(&folder.path().join("events.jsonl")), Vec::<String>::new());
    }

    #[test]
    fn other_events_keep_their_place() {
        let pause = PhaseChange { phase: Phase::Paused, step: 2, epoch: 1, reason: None };
        let (_folder, path) = log_with(&[step(2), TrainEvent::Phase(pause)]);
        truncate_after(&path, 2, 0).unwrap();
        assert_eq!(labels(&path).len(), 2);
        truncate_after(&path, 1, 0).unwrap();
        assert_eq!(labels(&path).len(), 0);
    }

    #[test]
    fn steps_are_passed_over_but_for_the_latest() {
        let warning = |step| {
            TrainEvent::Warning(crate::protocol::Warning { step, message: "back".to_owned() })
        };
        let without_steps = |events: &[TrainEvent]| {
            let (_folder, path) = log_with(events);
            let mut others = 0;
            let latest = read_without_steps(&path, |logged| {
                assert!(!matches!(logged.event, TrainEvent::Step(_)));
                others += 1;
            });
            (others, latest.unwrap().map(|logged| logged.event.step()))
        };
        assert_eq!(without_steps(&[step(1), step(2), epoch(1, 2), step(3)]), (1, Some(3)));
        assert_eq!(without_steps(&[step(1), step(2), epoch(1, 2)]), (1, Some(2)));
        assert_eq!(without_steps(&[step(5), warning(2)]), (1, None));
        assert_eq!(without_steps(&[step(5), warning(2), step(3), warning(3)]), (2, Some(3)));
        assert_eq!(without_steps(&[]), (0, None));
    }

    #[test]
    fn only_steps_are_taken_for_steps() {
        let (_folder, path) = log_with(&[step(1), epoch(1, 1)]);
        let log = std::fs::read_to_string(path).unwrap();
        let taken: Vec<bool> = log.lines().map(|line| is_step(line.as_bytes())).collect();
        assert_eq!(taken, [true, false]);
        let inside = r#"{"time":"","event":"warning","step":1,"message":"\",\"event\":\"step\","}"#;
        assert!(!is_step(inside.as_bytes()) && !is_step(b"") && !is_step(br#"{"time":""#));
    }

    #[test]
    fn a_line_after_a_torn_one_is_a_line_of_its_own() {
        let (_folder, path) = log_with(&[step(1)]);
        let mut log = EventLog::open(&path).unwrap();
        log.file.write_all(br#"{"time":"2026-01-"#).unwrap();
        log.torn = true;
        log.append(&LoggedEvent { time: Timestamp::UNIX_EPOCH, event: step(2) }).unwrap();
        log.append(&LoggedEvent { time: Timestamp::UNIX_EPOCH, event: step(3) }).unwrap();
        assert_eq!(labels(&path), ["step 1", "step 2", "step 3"]);
    }
}
