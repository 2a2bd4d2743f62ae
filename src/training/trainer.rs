//! The training loop.
//!
//! Loss and accuracy add up on the device and are read when a step event is due. Requests are looked at
//! between steps, and between the batches of an evaluation.

mod evaluating;
mod requests;

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use crossbeam_channel::Receiver;
use tch::Device;

use super::checkpoint::{self, Progress, State};
use super::device::{self, Precision};
use super::evaluation::InputFormat;
use super::images::DeviceImages;
use super::step::{EpochPlan, Setting, Sums};
use super::worker::{self, EventSender, TrainerHandle, TrainingJob};
use crate::config::recipe;
use crate::config::run::{RunSpec, Schedule};
use crate::data::Dataset;
use crate::model::tensor_file;
use crate::model::{Network, Parameters, summary, weights};
use crate::native::context;
use crate::optimizer::schedule;
use crate::protocol::{
    CheckpointReason, CheckpointSaved, Finished, Outcome, Phase, PhaseChange, Started, StepMetrics,
    TrainControl, TrainEvent,
};

/// Step events are at least this far apart, unless every step was asked for.
const STEP_EVENT_INTERVAL: Duration = Duration::from_millis(100);

/// Starts a trainer thread for a job.
///
/// # Errors
/// When the operating system gives no thread.
pub fn spawn(job: TrainingJob) -> io::Result<TrainerHandle> {
    worker::spawn(job, train)
}

/// Trains a job to its end, or until it is asked to stop.
fn train(
    job: TrainingJob,
    requests: &Receiver<TrainControl>,
    events: &mut EventSender,
) -> Result<()> {
    // First: the threads that libtorch starts from here take it over.
    context::flush_denormals();
    let position = checkpoint::position(&job.checkpoint)?;
    let preparing = PhaseChange {
        phase: Phase::Preparing,
        step: position.step,
        epoch: position.epochs + 1,
        reason: None,
    };
    events.send(TrainEvent::Phase(preparing))?;
    let mut trainer = Trainer::prepare(job, requests, events)?;
    // Who leaves during a pause leaves a paused run: its last word is the pause.
    if let Some(outcome) = trainer.run()? {
        let progress = &trainer.state.progress;
        let finished = Finished { outcome, step: progress.step, epochs: progress.epochs };
        trainer.events.send(TrainEvent::Finished(finished))?;
    }
    drop(trainer);
    // The dashboard may stay open for days.
    context::return_memory();
    Ok(())
}

/// The images a run uses, on the device.
struct Sets {
    train: DeviceImages,
    /// The held-out part of the training set, where there is one.
    validation: Option<DeviceImages>,
    test: DeviceImages,
}

/// What the step events have told so far of the current epoch.
#[derive(Clone, Copy, Default)]
struct Reported {
    step: u64,
    images: u64,
    loss_sum: f64,
    correct: f64,
}

/// What to do after requests were looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    GoOn,
    Stop,
    /// The owner left during a pause.
    Leave,
    /// The state is now that of the last checkpoint.
    WentBack,
}

struct Trainer<'a> {
    job: TrainingJob,
    requests: &'a Receiver<TrainControl>,
    events: &'a mut EventSender,
    device: Device,
    network: Network,
    format: InputFormat,
    sets: Sets,
    state: State,
    sums: Sums,
    reported: Reported,
    last_report: Instant,
    last_checkpoint: Instant,
    stop_after_epoch: bool,
    /// Seconds trained in this epoch up to `clock`.
    train_seconds: f64,
    /// When training last went on.
    clock: Instant,
}

impl<'a> Trainer<'a> {
    fn prepare(
        job: TrainingJob,
        requests: &'a Receiver<TrainControl>,
        events: &'a mut EventSender,
    ) -> Result<Self> {
        let spec = &job.spec;
        let device = device::resolve(spec.device)?;
        if spec.threads > 0 {
            tch::set_num_threads(spec.threads as i32);
        }
        let precision = Precision::of_run(job.decided.as_ref(), spec.precision, device);
        let dataset = Dataset::load(&spec.data, Path::new(""))?;
        let fingerprint = dataset.fingerprint();
        if let Some(decided) = &job.decided
            && decided.data_fingerprint != fingerprint
        {
            bail!(
                "the images are not those that this run began with (`{}` now); \
                 resume it with the same data set in place",
                dataset.name
            );
        }
        let sets = Sets::new(&dataset, spec, device)?;
        let network = Network::new(spec.architecture());
        let format = InputFormat::new(&sets.train.images, spec, precision.kind());
        let state = starting_state(&job, &network, device)?;
        let sums = Sums::new(&state.progress, device);
        let now = Instant::now();
        let mut trainer = Self {
            requests,
            events,
            device,
            network,
            format,
            sets,
            reported: Reported::new(&state.progress),
            state,
            sums,
            last_report: now,
            last_checkpoint: now,
            stop_after_epoch: false,
            train_seconds: job.train_seconds,
            clock: now,
            job,
        };
        trainer.announce(&dataset, fingerprint, precision)?;
        Ok(trainer)
    }

    fn announce(
        &mut self,
        dataset: &Dataset,
        fingerprint: String,
        precision: Precision,
    ) -> Result<()> {
        let counts = summary::counts(&self.network);
        self.events.send(TrainEvent::Started(Started {
            run: self.job.run.clone(),
            folder: self.job.folder.display().to_string(),
            model: self.network.architecture.to_string(),
            parameters: counts.total as u64,
            trainable: counts.trainable as u64,
            device: device::name(self.device),
            device_name: device::hardware_name(self.device),
            precision: precision.name().to_owned(),
            libtorch: context::libtorch_version(),
            recipe: recipe::describe(&self.job.spec),
            data: dataset.name.clone(),
            data_fingerprint: fingerprint,
            train_images: self.sets.train.len() as u64,
            test_images: self.sets.test.len() as u64,
            epochs: self.job.spec.epochs,
            steps_per_epoch: self.steps_per_epoch(),
            step: self.state.progress.step,
        }))
    }

    /// Trains until all epochs are done or somebody stops it.
    /// `None`: the run was left while it was paused.
    fn run(&mut self) -> Result<Option<Outcome>> {
        if self.state.progress.step == 0 {
            self.checkpoint(CheckpointReason::Start)?;
        }
        while self.state.progress.epochs < self.job.spec.epochs && !self.at_step_limit() {
            let flow = match self.train_epoch()? {
                Flow::GoOn if self.at_step_limit() => {
                    self.checkpoint(CheckpointReason::Stop)?;
                    break;
                }
                Flow::GoOn => self.evaluate_epoch()?,
                other => other,
            };
            match flow {
                Flow::Stop => {
                    self.checkpoint(CheckpointReason::Stop)?;
                    return Ok(Some(Outcome::Stopped));
                }
                Flow::Leave => return Ok(None),
                Flow::WentBack => continue,
                Flow::GoOn if self.stop_after_epoch => {
                    let done = self.state.progress.epochs >= self.job.spec.epochs;
                    return Ok(Some(if done { Outcome::Completed } else { Outcome::Stopped }));
                }
                Flow::GoOn => {}
            }
        }
        Ok(Some(Outcome::Completed))
    }

    fn steps_per_epoch(&self) -> u64 {
        (self.sets.train.len() as u64).div_ceil(u64::from(self.job.spec.batch_size))
    }

    fn epoch_is_trained(&self) -> bool {
        self.state.progress.batch >= self.steps_per_epoch()
    }

    fn at_step_limit(&self) -> bool {
        let limit = self.job.spec.max_steps;
        limit > 0 && self.state.progress.step >= limit && !self.epoch_is_trained()
    }

    /// The rate of a step of the current epoch, counted from 0.
    fn learning_rate(&self, batch: u64) -> f64 {
        let (spec, progress) = (&self.job.spec, &self.state.progress);
        let steps_per_epoch = self.steps_per_epoch();
        let step = u64::from(progress.epochs) * steps_per_epoch + batch;
        match spec.schedule {
            Schedule::Plateau => {
                progress.plateau.rate * schedule::factor(spec, step, steps_per_epoch)
            }
            _ => schedule::learning_rate(spec, step, steps_per_epoch),
        }
    }

    /// The rate of the latest step of the current epoch.
    fn latest_learning_rate(&self) -> f64 {
        self.learning_rate(self.state.progress.batch.saturating_sub(1))
    }

    /// Trains what is left of the current epoch.
    fn train_epoch(&mut self) -> Result<Flow> {
        let epoch = self.state.progress.epochs;
        let plan = EpochPlan::draw(&self.job.spec, epoch, self.sets.train.len(), self.device);
        self.enter(Phase::Training, None)?;
        self.clock = Instant::now();
        while !self.epoch_is_trained() && !self.at_step_limit() {
            self.step(&plan);
            if self.report_is_due() && !self.report()? {
                return self.go_back();
            }
            let flow = self.obey()?;
            if flow != Flow::GoOn {
                return Ok(flow);
            }
            if self.last_checkpoint.elapsed().as_secs() >= self.job.spec.checkpoint_seconds {
                self.report()?;
                self.checkpoint(CheckpointReason::Interval)?;
            }
        }
        // Reading the sums waits for the device, so the time is that of the work, not of its launch.
        let healthy = self.report()?;
        self.stop_clock();
        if healthy { Ok(Flow::GoOn) } else { self.go_back() }
    }

    fn step(&mut self, plan: &EpochPlan) {
        let learning_rate = self.learning_rate(self.state.progress.batch);
        let setting = Setting {
            spec: &self.job.spec,
            network: &self.network,
            format: &self.format,
            images: &self.sets.train,
        };
        setting.step(plan, learning_rate, &mut self.state, &mut self.sums, |_| {});
    }

    fn report_is_due(&self) -> bool {
        self.job.log_every_step || self.last_report.elapsed() >= STEP_EVENT_INTERVAL
    }

    /// Sends the averages since the last step event. `false` when the loss is no number any more.
    fn report(&mut self) -> Result<bool> {
        self.read_sums();
        let now = Reported::new(&self.state.progress);
        if now.step == self.reported.step {
            return Ok(true);
        }
        let images = (now.images - self.reported.images) as f64;
        let loss = (now.loss_sum - self.reported.loss_sum) / images;
        let accuracy = (now.correct - self.reported.correct) / images;
        self.reported = now;
        self.last_report = Instant::now();
        self.events.send(TrainEvent::Step(StepMetrics {
            step: now.step,
            epoch: self.state.progress.epochs + 1,
            loss,
            accuracy,
            lr: self.latest_learning_rate(),
            train_seconds: self.seconds_so_far(),
        }))?;
        Ok(loss.is_finite())
    }

    /// Brings the sums from the device. This waits for it.
    fn read_sums(&mut self) {
        self.state.progress.loss_sum = self.sums.loss.double_value(&[]);
        self.state.progress.correct = self.sums.correct.double_value(&[]);
    }

    fn seconds_so_far(&self) -> f64 {
        self.train_seconds + self.clock.elapsed().as_secs_f64()
    }

    fn stop_clock(&mut self) {
        self.train_seconds = self.seconds_so_far();
        self.clock = Instant::now();
    }

    /// Sets the sums and the reports to what the progress says.
    fn start_counting(&mut self) {
        self.sums = Sums::new(&self.state.progress, self.device);
        self.reported = Reported::new(&self.state.progress);
    }

    fn checkpoint(&mut self, reason: CheckpointReason) -> Result<()> {
        self.read_sums();
        if !self.state.progress.loss_sum.is_finite() {
            return Ok(());
        }
        let begun = Instant::now();
        self.state.save(&self.network, &self.job.checkpoint).with_context(|| {
            format!(
                "cannot write the checkpoint of step {}; the one before is whole. Make room, then \
                 `resnet-tui train --resume {}`",
                self.state.progress.step,
                self.job.folder.display()
            )
        })?;
        // Writing is not training.
        self.clock += begun.elapsed();
        self.last_checkpoint = Instant::now();
        let progress = &self.state.progress;
        let begun = u32::from(progress.batch > 0);
        self.events.send(TrainEvent::Checkpoint(CheckpointSaved {
            step: progress.step,
            epoch: (progress.epochs + begun).max(1),
            reason,
        }))
    }

    fn enter(&mut self, phase: Phase, reason: Option<String>) -> Result<()> {
        let progress = &self.state.progress;
        let (step, epoch) = (progress.step, progress.epochs + 1);
        self.events.send(TrainEvent::Phase(PhaseChange { phase, step, epoch, reason }))
    }
}

impl Sets {
    fn new(dataset: &Dataset, spec: &RunSpec, device: Device) -> Result<Self> {
        let all = DeviceImages::new(&dataset.train, device);
        let (held_out, train) = all.hold_out(spec.validation_split);
        if train.is_empty() || dataset.test.is_empty() {
            bail!("there are no images to train on or to test with");
        }
        let validation = (!held_out.is_empty()).then_some(held_out);
        Ok(Self { train, validation, test: DeviceImages::new(&dataset.test, device) })
    }
}

impl Reported {
    fn new(progress: &Progress) -> Self {
        Self {
            step: progress.step,
            images: progress.images,
            loss_sum: progress.loss_sum,
            correct: progress.correct,
        }
    }
}

/// The state of the checkpoint, of the given weights, or of the drawn ones.
fn starting_state(job: &TrainingJob, network: &Network, device: Device) -> Result<State> {
    if job.checkpoint.exists() {
        return State::load(&job.spec, network, &job.checkpoint, device);
    }
    let parameters = match &job.initial_weights {
        Some(path) => {
            let (named, _) = tensor_file::read(path)?;
            weights::from_named(network, &named, device)
                .with_context(|| format!("cannot begin with {}", path.display()))?
        }
        None => Parameters::initial(network, job.spec.seed, device),
    };
    Ok(State::new(&job.spec, network, parameters))
}
