//! Plays a run's event log as if the run were being trained.
//!
//! Whoever listens gets a [`TrainerHandle`] like a trainer's. Pause, resume and stop act on the replay:
//! they change nothing in the run that was recorded.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use crossbeam_channel::{Receiver, Sender, bounded, select, unbounded};
use jiff::Timestamp;

use crate::config::recipe::Recipe;
use crate::config::run::{Architecture, DataSource, RunSpec};
use crate::data::official;
use crate::protocol::{
    Failed, Finished, LoggedEvent, Outcome, Phase, PhaseChange, TrainControl, TrainEvent, Warning,
};
use crate::runs::{RunDescription, event_log};
use crate::training::worker::TrainerHandle;

/// No wait is longer than this, so that a pause over night does not stall the replay.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Events that may wait for a slow listener.
const AHEAD: usize = 64;

/// How many times as fast as it was recorded; as fast as it is listened to where that is no number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed(Option<f64>);

impl Speed {
    /// As fast as it is listened to.
    pub const MAX: Self = Self(None);

    /// How long to wait between two events that were `recorded` seconds apart.
    fn wait(self, recorded: f64) -> Duration {
        let seconds = self.0.map_or(0.0, |factor| recorded / factor);
        Duration::try_from_secs_f64(seconds).unwrap_or_default().min(LONGEST_WAIT)
    }
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::MAX);
        }
        match text.parse::<f64>() {
            Ok(0.0) => Ok(Self::MAX),
            Ok(factor) if factor > 0.0 && factor.is_finite() => Ok(Self(Some(factor))),
            _ => Err("allowed is a number above 0, such as 50, or `max`".to_owned()),
        }
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(factor) => write!(f, "{factor}"),
            None => f.write_str("max"),
        }
    }
}

/// An event log, ready to be played.
#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    run: String,
    /// Where the log lies.
    folder: PathBuf,
    /// At least one; the last one is the only ending.
    events: Vec<LoggedEvent>,
    speed: Speed,
}

impl Replay {
    /// Reads the event log at `path`, a file or a run's folder.
    ///
    /// # Errors
    /// When it cannot be read, or holds no event.
    pub fn open(path: &Path, speed: Speed) -> Result<Self> {
        let path = if path.is_dir() { path.join("events.jsonl") } else { path.to_owned() };
        File::open(&path).with_context(|| format!("cannot replay {}", path.display()))?;
        let mut events = Vec::new();
        event_log::read(&path, |event| events.push(event))?;
        let Some(last) = events.last().cloned() else {
            bail!(
                "{} holds no events; a replay needs the events.jsonl of a run, or the run's folder",
                path.display()
            );
        };
        // A run that was stopped and resumed has endings in between, and one that was killed has none.
        events.retain(|event| !is_ending(event));
        events.push(if is_ending(&last) { last } else { interrupted(&last) });
        let run = events.iter().find_map(|logged| match &logged.event {
            TrainEvent::Started(started) => Some(started.run.clone()),
            _ => None,
        });
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Ok(Self { run: run.unwrap_or_else(|| "replay".to_owned()), folder, events, speed })
    }

    /// The id of the recorded run.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// The folder that holds the log.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The recipe of the recorded run: from its description where that lies beside the log, and else
    /// as far as the log tells it.
    pub fn spec(&self) -> RunSpec {
        let description = fs::read(self.folder.join("run.json")).ok();
        let description = description.and_then(|text| serde_json::from_slice(&text).ok());
        if let Some(RunDescription { id, spec, .. }) = description
            && id == self.run
        {
            return spec;
        }
        let mut spec = RunSpec::default();
        // Run ids end with the seed.
        let seed = self.run.rsplit_once("seed").and_then(|(_, seed)| seed.parse().ok());
        spec.seed = seed.unwrap_or(spec.seed);
        let started = self.events.iter().find_map(|logged| match &logged.event {
            TrainEvent::Started(started) => Some(started),
            _ => None,
        });
        let Some(started) = started else { return spec };
        if let Ok(Architecture { version, n }) = started.model.parse() {
            (spec.version, spec.n) = (version, n);
        }
        let recipe = started.recipe.split(' ').next().unwrap_or_default();
        if let Ok(recipe) = Recipe::from_str(recipe, false) {
            recipe.apply(&mut spec);
        }
        spec.epochs = started.epochs;
        let batch_size = started.train_images.div_ceil(started.steps_per_epoch.max(1));
        spec.batch_size = u32::try_from(batch_size).unwrap_or(spec.batch_size);
        if started.data != official::NAME {
            spec.data.source = DataSource::Synthetic;
        }
        spec
    }

    /// Plays the events on a thread.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn play(self) -> io::Result<TrainerHandle> {
        let (control, requests) = unbounded();
        let (channel, events) = bounded(AHEAD);
        let run = self.run.clone();
        let thread = thread::Builder::new().name("replay".to_owned()).spawn(move || {
            Player {
                requests,
                channel,
                phase: Phase::Preparing,
                epoch: 1,
                time: Timestamp::UNIX_EPOCH,
                step: 0,
                epochs: 0,
                held: false,
                hurry: false,
                stop_after_epoch: false,
            }
            .play(self);
        })?;
        Ok(TrainerHandle { run, control, events, thread })
    }
}

fn is_ending(logged: &LoggedEvent) -> bool {
    matches!(logged.event, TrainEvent::Finished(_) | TrainEvent::Failed(_))
}

fn interrupted(last: &LoggedEvent) -> LoggedEvent {
    let step = last.event.step();
    let error = format!("the recorded run was interrupted at step {step}: its log ends there");
    LoggedEvent { time: last.time, event: TrainEvent::Failed(Failed { step, error }) }
}

/// The replay is over, or nobody listens any more.
struct Ended;

struct Player {
    requests: Receiver<TrainControl>,
    channel: Sender<LoggedEvent>,
    /// What the recorded trainer is doing.
    phase: Phase,
    /// The epoch it is in.
    epoch: u32,
    /// When it sent the latest event.
    time: Timestamp,
    step: u64,
    /// Epochs completed.
    epochs: u32,
    /// The listener asked for a pause.
    held: bool,
    /// The listener asked to go on within a recorded pause: do not wait for its end.
    hurry: bool,
    stop_after_epoch: bool,
}

impl Player {
    fn play(mut self, replay: Replay) {
        self.time = replay.events.first().map_or(self.time, |event| event.time);
        for logged in replay.events {
            let recorded = logged.time.duration_since(self.time).as_secs_f64();
            if self.wait(replay.speed.wait(recorded)).is_err() || self.pass(logged).is_err() {
                return;
            }
        }
    }

    /// Lets the time pass, longer while the listener holds the replay.
    fn wait(&mut self, time: Duration) -> Result<(), Ended> {
        let due = Instant::now() + time;
        loop {
            let left = due.saturating_duration_since(Instant::now());
            let request = if self.held {
                self.requests.recv().ok()
            } else if left.is_zero() || std::mem::take(&mut self.hurry) {
                match self.requests.try_recv() {
                    Err(error) if error.is_empty() => return Ok(()),
                    request => request.ok(),
                }
            } else {
                match self.requests.recv_timeout(left) {
                    Err(error) if error.is_timeout() => return Ok(()),
                    request => request.ok(),
                }
            };
            self.answer(request)?;
        }
    }

    /// Passes a recorded event on.
    fn pass(&mut self, logged: LoggedEvent) -> Result<(), Ended> {
        self.time = logged.time;
        self.step = logged.event.step();
        let mut epoch_done = false;
        match &logged.event {
            TrainEvent::Phase(change) => (self.phase, self.epoch) = (change.phase, change.epoch),
            TrainEvent::Step(step) => self.epoch = step.epoch,
            TrainEvent::Epoch(epoch) => {
                self.epochs = epoch.epoch;
                epoch_done = true;
            }
            _ => {}
        }
        self.send(logged)?;
        if epoch_done && self.stop_after_epoch { self.stop() } else { Ok(()) }
    }

    /// Answers as a trainer would; one whose owner is gone stops.
    fn answer(&mut self, request: Option<TrainControl>) -> Result<(), Ended> {
        match request {
            Some(TrainControl::Pause) if !self.held => {
                self.held = true;
                self.enter(Phase::Paused)
            }
            Some(TrainControl::Resume) if self.held => {
                self.held = false;
                self.enter(self.phase)
            }
            Some(TrainControl::Resume) => {
                self.hurry = self.phase == Phase::Paused;
                Ok(())
            }
            Some(TrainControl::Pause) => Ok(()),
            Some(TrainControl::StopAfterEpoch) => {
                self.stop_after_epoch = true;
                Ok(())
            }
            Some(TrainControl::Checkpoint) => {
                let message = "this is a replay: there is no checkpoint to write".to_owned();
                self.say(TrainEvent::Warning(Warning { step: self.step, message }))
            }
            Some(TrainControl::Stop) | None => self.stop(),
        }
    }

    fn enter(&mut self, phase: Phase) -> Result<(), Ended> {
        let (step, epoch) = (self.step, self.epoch);
        self.say(TrainEvent::Phase(PhaseChange { phase, step, epoch, reason: None }))
    }

    fn stop(&mut self) -> Result<(), Ended> {
        let outcome = Outcome::Stopped;
        let finished = Finished { outcome, step: self.step, epochs: self.epochs };
        let last = LoggedEvent { time: self.time, event: TrainEvent::Finished(finished) };
        // A listener that no longer takes events has also stopped waiting for this one.
        let _ = self.channel.send_timeout(last, LONGEST_WAIT);
        Err(Ended)
    }

    fn say(&mut self, event: TrainEvent) -> Result<(), Ended> {
        self.send(LoggedEvent { time: self.time, event })
    }

    /// Waits until there is room, but not for a listener who is gone.
    fn send(&mut self, event: LoggedEvent) -> Result<(), Ended> {
        let mut unanswered = Vec::new();
        let sent = loop {
            select! {
                send(self.channel, event) -> sent => break sent.map_err(|_| Ended),
                recv(self.requests) -> request => match request {
                    Ok(TrainControl::Stop) | Err(_) => return self.stop(),
                    Ok(request) => unanswered.push(request),
                },
            }
        };
        sent?;
        unanswered.into_iter().try_for_each(|request| self.answer(Some(request)))
    }
}

#[cfg(test)]
mod tests;
