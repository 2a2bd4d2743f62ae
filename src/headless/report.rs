//! Turns the events of a run into readable lines. Time is taken from the events alone.

use indicatif::{FormattedDuration, HumanCount};
use jiff::Timestamp;

use crate::protocol::{
    EpochMetrics, LoggedEvent, Outcome, Phase, Started, StepMetrics, TrainEvent,
};

/// Lines about progress within an epoch are this many seconds apart.
const SECONDS_BETWEEN_LINES: f64 = 10.0;

/// What there is to say about an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Belongs in the record of the run.
    Lasting(String),
    /// Progress, after a while without any line.
    Occasional(String),
    /// Progress that only a display that is overwritten needs.
    Passing(String),
}

/// The progress within an epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochProgress {
    /// Which epoch of how many.
    pub name: String,
    /// Steps trained in it.
    pub step: u64,
    /// Steps in it.
    pub steps: u64,
}

/// What has been heard of a run so far.
#[derive(Debug)]
pub struct Report {
    max_steps: u64,
    started: Option<(Timestamp, Started)>,
    latest: Option<StepMetrics>,
    /// The best epoch and the accuracy that made it so.
    best: Option<(u32, f64)>,
    last_line: Option<Timestamp>,
}

impl Report {
    /// Nothing heard yet of a run that stops after `max_steps` steps (0: no limit).
    pub fn new(max_steps: u64) -> Self {
        Self { max_steps, started: None, latest: None, best: None, last_line: None }
    }

    /// Takes in an event and says what there is to say about it.
    pub fn hear(&mut self, logged: &LoggedEvent) -> Option<Line> {
        let line = match &logged.event {
            TrainEvent::Started(started) => {
                self.started = Some((logged.time, started.clone()));
                Line::Lasting(introduction(started))
            }
            TrainEvent::Step(step) => {
                self.latest = Some(step.clone());
                self.progress(logged.time, step)
            }
            TrainEvent::Epoch(epoch) => {
                if epoch.best {
                    self.best = Some((epoch.epoch, epoch.selection_accuracy()));
                }
                Line::Lasting(self.epoch_line(epoch))
            }
            TrainEvent::Phase(change) => match (change.phase, &change.reason) {
                (Phase::Paused, Some(reason)) => Line::Lasting(format!("paused: {reason}")),
                (Phase::Preparing, _) => Line::Lasting("preparing the images and the model".into()),
                (Phase::Evaluating, _) => Line::Passing("measuring on the test images".into()),
                (Phase::Training | Phase::Paused, _) => return None,
            },
            TrainEvent::Finished(finished) => Line::Lasting(match finished.outcome {
                Outcome::Completed => self.result(finished.epochs, finished.step),
                Outcome::Stopped => {
                    format!("stopped at step {} with a checkpoint", HumanCount(finished.step))
                }
            }),
            TrainEvent::Checkpoint(_) | TrainEvent::Warning(_) | TrainEvent::Failed(_) => {
                return None;
            }
        };
        if !matches!(line, Line::Passing(_)) {
            self.last_line = Some(logged.time);
        }
        Some(line)
    }

    /// How to go on with the run after it was stopped.
    pub fn how_to_go_on(&self) -> Option<String> {
        let (_, started) = self.started.as_ref()?;
        let folder = &started.folder;
        let quote = if folder.contains(char::is_whitespace) { "'" } else { "" };
        Some(format!("go on with: resnet-tui train --resume {quote}{folder}{quote}"))
    }

    /// Where in its epoch the latest step lies.
    pub fn epoch(&self) -> Option<EpochProgress> {
        let (_, started) = self.started.as_ref()?;
        let latest = self.latest.as_ref()?;
        let before = u64::from(latest.epoch.saturating_sub(1)) * started.steps_per_epoch;
        Some(EpochProgress {
            name: self.name(latest.epoch),
            step: latest.step.saturating_sub(before),
            steps: started.steps_per_epoch,
        })
    }

    fn name(&self, epoch: u32) -> String {
        let epochs = self.started.as_ref().map_or(0, |(_, started)| started.epochs);
        let width = epochs.to_string().len();
        format!("epoch {epoch:>width$}/{epochs}")
    }

    fn progress(&self, now: Timestamp, step: &StepMetrics) -> Line {
        let mut numbers = format!(
            "loss {:.4}  accuracy {}  lr {}",
            step.loss,
            percent(step.accuracy),
            rate(step.lr)
        );
        if let Some(left) = self.seconds_left(now, step.step) {
            let left = std::time::Duration::from_secs(left);
            numbers += &format!("  {} left", FormattedDuration(left));
        }
        let due = self
            .last_line
            .is_none_or(|last| now.duration_since(last).as_secs_f64() >= SECONDS_BETWEEN_LINES);
        if !due {
            return Line::Passing(numbers);
        }
        let place = self.epoch().map_or_else(
            || format!("epoch {}  step {}", step.epoch, step.step),
            |epoch| {
                let (at, of) = (HumanCount(epoch.step), HumanCount(epoch.steps));
                format!("{}  step {at}/{of}", epoch.name)
            },
        );
        Line::Occasional(format!("{place}  {numbers}"))
    }

    /// Seconds until the last step at the pace since the start, evaluations included.
    fn seconds_left(&self, now: Timestamp, step: u64) -> Option<u64> {
        let (began, started) = self.started.as_ref()?;
        let trained = step.checked_sub(started.step).filter(|trained| *trained > 0)?;
        let all = u64::from(started.epochs) * started.steps_per_epoch;
        let last = if self.max_steps == 0 { all } else { all.min(self.max_steps) };
        let seconds = now.duration_since(*began).as_secs_f64().max(0.0);
        Some((seconds / trained as f64 * last.saturating_sub(step) as f64) as u64)
    }

    fn epoch_line(&self, epoch: &EpochMetrics) -> String {
        let mut line = format!(
            "{}  loss {:.4}  accuracy {}  test loss {:.4}  test accuracy {}",
            self.name(epoch.epoch),
            epoch.train_loss,
            percent(epoch.train_accuracy),
            epoch.test_loss,
            percent(epoch.test_accuracy),
        );
        if let Some(accuracy) = epoch.test_accuracy_flip {
            line += &format!(", {} with mirror images", percent(accuracy));
        }
        if let Some(accuracy) = epoch.validation_accuracy {
            line += &format!("  validation accuracy {}", percent(accuracy));
        }
        line += &format!(
            "  lr {}  {:.1} s + {:.1} s",
            rate(epoch.lr),
            epoch.train_seconds,
            epoch.eval_seconds
        );
        if epoch.best { line + "  best" } else { line }
    }

    fn result(&self, epochs: u32, step: u64) -> String {
        let plural = if epochs == 1 { "" } else { "s" };
        let mut line = format!("done: {epochs} epoch{plural}, {} steps", HumanCount(step));
        if let Some((epoch, accuracy)) = self.best {
            line += &format!("; best accuracy {} in epoch {epoch}", percent(accuracy));
        }
        if let Some((_, started)) = &self.started {
            line += &format!("; results in {}", started.folder);
        }
        line
    }
}

fn introduction(started: &Started) -> String {
    let mut text = format!(
        "{}: {} parameters, {} on {} ({})\n{}: {} training and {} test images\nrun {} in {}",
        started.model,
        HumanCount(started.parameters),
        started.precision,
        started.device,
        started.device_name,
        started.data,
        HumanCount(started.train_images),
        HumanCount(started.test_images),
        started.run,
        started.folder,
    );
    if !started.recipe.is_empty() {
        text += &format!("\nrecipe {}", started.recipe);
    }
    if started.step > 0 {
        text += &format!("\ngoing on after step {}", HumanCount(started.step));
    }
    text
}

fn percent(part: f64) -> String {
    format!("{:.2} %", 100.0 * part)
}

/// A learning rate with the digits that matter: the schedules multiply by √0.1, which has no end.
fn rate(rate: f64) -> String {
    let text = format!("{rate:.3e}");
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    format!("{}e{exponent}", digits.trim_end_matches('0').trim_end_matches('.'))
}
