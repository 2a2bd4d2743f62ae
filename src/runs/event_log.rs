//! The append-only event log of a run: one JSON object a line.
//!
//! A line is handed to the operating system before the event is sent on, so a killed process loses
//! none; the end of each epoch also reaches the disk before the trainer goes on, so a checkpoint is
//! never newer than the log that leads to it.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use anyhow::{Context, Result};

use crate::protocol::{LoggedEvent, TrainEvent};

/// An event log open for appending.
#[derive(Debug)]
pub struct EventLog {
    file: File,
    line: Vec<u8>,
}

impl EventLog {
    /// Opens the log at `path`, creating it where there is none.
    pub fn open(path: &Path) -> Result<Self> {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .with_context(|| format!("cannot open the event log {}", path.display()))?;
        Ok(Self { file, line: Vec::new() })
    }

    /// Appends one event.
    pub fn append(&mut self, event: &LoggedEvent) -> Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, event).context("cannot encode an event")?;
        self.line.push(b'\n');
        self.file.write_all(&self.line).context("cannot append to the event log")?;
        if !matches!(event.event, TrainEvent::Step(_)) {
            self.file.sync_data().context("cannot write the event log to disk")?;
        }
        Ok(())
    }
}

/// Calls `each` for every readable line of the log at `path`, in order. A line that a crash cut short
/// is passed over, and so is one that this version does not know.
pub fn read(path: &Path, mut each: impl FnMut(LoggedEvent)) -> Result<()> {
    read_lines(path, |_, event| {
        each(event);
        Ok(())
    })
}

fn read_lines(path: &Path, mut each: impl FnMut(&[u8], LoggedEvent) -> Result<()>) -> Result<()> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", path.display()));
        }
    };
    for line in BufReader::with_capacity(1 << 20, file).split(b'\n') {
        let line = line.with_context(|| format!("cannot read {}", path.display()))?;
        if let Ok(event) = serde_json::from_slice(&line) {
            each(&line, event)?;
        }
    }
    Ok(())
}

/// Drops what a run resumed from a checkpoint at `step`, with `epochs` completed, will say anew: later
/// steps, later epochs, and a last line that was cut short.
pub fn truncate_after(path: &Path, step: u64, epochs: u32) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut kept = tempfile::NamedTempFile::new_in(folder)
        .with_context(|| format!("cannot write in {}", folder.display()))?;
    read_lines(path, |line, logged| {
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
    kept.as_file().sync_all().context("cannot write the event log to disk")?;
    kept.persist(path).with_context(|| format!("cannot replace {}", path.display()))?;
    Ok(())
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
}
