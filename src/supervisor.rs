//! Starts and resumes runs: joins the store on disk to trainer threads.

use std::io;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::config::paths::expand_home;
use crate::config::run::{RunSpec, Schedule};
use crate::protocol::TrainEvent;
use crate::runs::description::Environment;
use crate::runs::event_log::{self, EventLog};
use crate::runs::store::RunLock;
use crate::runs::{RunDescription, RunFolder, RunStore};
use crate::training::checkpoint;
use crate::training::worker::{Decided, Recorder, TrainerHandle, TrainingJob};

/// Puts a job on a thread. A value, so that tests can pass a scripted trainer.
pub type Spawn = fn(TrainingJob) -> io::Result<TrainerHandle>;

/// Starts and resumes runs.
#[derive(Clone, Debug)]
pub struct Supervisor {
    store: RunStore,
    spawn: Spawn,
}

/// What can be said about one start besides the recipe.
#[derive(Clone, Debug, Default)]
pub struct StartOptions {
    /// Weights to begin with in place of drawn ones.
    pub initial_weights: Option<PathBuf>,
    /// Send an event for every step.
    pub log_every_step: bool,
}

impl Supervisor {
    /// A supervisor over the runs in `store` that trains with `spawn`.
    pub fn new(store: RunStore, spawn: Spawn) -> Self {
        Self { store, spawn }
    }

    /// The runs on disk.
    pub fn store(&self) -> &RunStore {
        &self.store
    }

    /// Creates a run and begins to train it.
    ///
    /// # Errors
    /// When a value is out of range, or the run folder cannot be written.
    pub fn start(&self, mut spec: RunSpec, options: StartOptions) -> Result<TrainerHandle> {
        // The run may be resumed from another working folder.
        if !spec.data.folder.as_os_str().is_empty() {
            spec.data.folder = std::path::absolute(expand_home(&spec.data.folder))
                .context("cannot tell the working folder")?;
        }
        if let Some(problem) = spec.problems().into_iter().next() {
            return Err(problem.into());
        }
        let created = Timestamp::now();
        let local = created.to_zoned_datetime(TimeZone::system());
        let wanted = format!(
            "{}-{}-seed{}",
            local.strftime("%Y-%m-%d-%H%M"),
            spec.architecture().to_string().to_lowercase(),
            spec.seed
        );
        let mut description = RunDescription {
            id: wanted,
            created,
            spec,
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            initial_weights: options.initial_weights.clone(),
            environment: None,
        };
        let folder = self.store.create(&mut description)?;
        let lock = lock(&folder)?;
        self.train(folder, lock, description, options)
    }

    /// Goes on with the run in `folder` from its latest checkpoint. `change` may alter what does not
    /// alter the run's numbers: where it trains, and how long.
    ///
    /// # Errors
    /// When another process trains the run, or its folder cannot be read or written.
    pub fn resume(
        &self,
        folder: RunFolder,
        change: impl FnOnce(&mut RunSpec),
        options: StartOptions,
    ) -> Result<TrainerHandle> {
        let lock = lock(&folder)?;
        let mut description = folder.description()?;
        let before = description.spec.clone();
        change(&mut description.spec);
        if let Some(problem) = description.spec.problems().into_iter().next() {
            return Err(problem.into());
        }
        if before.schedule == Schedule::Cosine && description.spec.epochs != before.epochs {
            bail!(
                "{} follows the cosine over {} epochs, so their number cannot change on the way; \
                 resume it without, or begin a new run",
                folder.id(),
                before.epochs
            );
        }
        if description.spec != before {
            folder.write_description(&description)?;
        }
        self.train(folder, lock, description, options)
    }

    fn train(
        &self,
        folder: RunFolder,
        lock: RunLock,
        mut description: RunDescription,
        options: StartOptions,
    ) -> Result<TrainerHandle> {
        let position = checkpoint::position(&folder.checkpoint_path())?;
        event_log::truncate_after(&folder.events_path(), position.step, position.epochs)?;
        let train_seconds = seconds_in_epoch(&folder, position.epochs)?;
        let mut log = EventLog::open(&folder.events_path())?;
        let decided = description.environment.as_ref().map(|environment| Decided {
            precision: environment.precision.clone(),
            data_fingerprint: environment.data_fingerprint.clone(),
        });
        let job = TrainingJob {
            run: description.id.clone(),
            folder: folder.path().to_owned(),
            checkpoint: folder.checkpoint_path(),
            best: folder.best_path(),
            spec: description.spec.clone(),
            decided,
            initial_weights: options.initial_weights,
            log_every_step: options.log_every_step,
            train_seconds,
            record: Box::new(|_| Ok(())),
        };
        let record: Recorder = Box::new(move |event| {
            // The lock lives as long as the trainer records.
            let _held = &lock;
            if let (TrainEvent::Started(started), None) = (&event.event, &description.environment) {
                description.environment = Some(Environment::from(started));
                folder.write_description(&description)?;
            }
            log.append(event)
        });
        (self.spawn)(TrainingJob { record, ..job }).context("cannot start the trainer thread")
    }
}

fn lock(folder: &RunFolder) -> Result<RunLock> {
    match folder.lock()? {
        Some(lock) => Ok(lock),
        None => bail!("{} is being trained by another process", folder.id()),
    }
}

/// Seconds already trained in the epoch after `epochs` completed ones.
fn seconds_in_epoch(folder: &RunFolder, epochs: u32) -> Result<f64> {
    let mut seconds = 0.0;
    event_log::read(&folder.events_path(), |logged| {
        if let TrainEvent::Step(step) = logged.event
            && step.epoch == epochs + 1
        {
            seconds = step.train_seconds;
        }
    })?;
    Ok(seconds)
}
