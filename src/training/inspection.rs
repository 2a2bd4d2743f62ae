//! What a run gets right and wrong: its weights on the test set, class by class.

use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, Result, bail};
use crossbeam_channel::{Receiver, Sender, unbounded};
use tch::{Device, Kind, Tensor};

use super::checkpoint;
use super::device::{self, Precision};
use super::evaluation::{self, Evaluation, InputFormat, Measures};
use super::images::DeviceImages;
use super::worker::{self, Decided};
use crate::config::run::RunSpec;
use crate::data::{CLASSES, Dataset, Images, Picture, class_names};
use crate::model::tensor_file::{self, Metadata};
use crate::model::{Network, weights};

/// How many mistakes are kept.
const MISTAKES: usize = 24;

/// What to inspect.
#[derive(Clone, Debug)]
pub struct InspectionJob {
    /// The recipe of the run.
    pub spec: RunSpec,
    /// What was decided when the run began; `None` where it never did.
    pub decided: Option<Decided>,
    /// Where the best weights lie.
    pub best: PathBuf,
    /// Where the checkpoint lies.
    pub checkpoint: PathBuf,
    /// Which of them.
    pub choice: WeightsChoice,
}

/// Which weights to inspect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightsChoice {
    /// Those of the best epoch, or the checkpoint's where no epoch is complete.
    Best,
    /// Those of the checkpoint.
    Checkpoint,
}

/// Which weights were inspected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightsUsed {
    /// Those of the best epoch.
    Best {
        /// The epoch, from 1.
        epoch: u32,
    },
    /// Those of the checkpoint.
    Checkpoint {
        /// Epochs completed.
        epochs: u32,
        /// Steps trained.
        step: u64,
    },
}

/// What an inspection says while it runs. The last word is `Done` or `Failed`.
#[derive(Clone, Debug)]
pub enum InspectionUpdate {
    /// So many test images of so many are done.
    Progress {
        /// Done.
        images: u64,
        /// Of all.
        total: u64,
    },
    /// The result.
    Done(Box<Inspection>),
    /// Why there is none, and what to do.
    Failed(String),
}

/// A network on a test set.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspection {
    /// The weights.
    pub weights: WeightsUsed,
    /// Loss and accuracy over all images.
    pub evaluation: Evaluation,
    /// The names of the classes.
    pub class_names: [&'static str; CLASSES],
    /// `confusion[class][answer]`: how many images of a class got an answer.
    pub confusion: [[u32; CLASSES]; CLASSES],
    /// The wrong answers given with the highest probability, that one first.
    pub mistakes: Vec<Mistake>,
}

impl Inspection {
    /// Part of the images of a class that were classified right; `None` where there are none.
    pub fn class_accuracy(&self, class: usize) -> Option<f64> {
        let answers = self.confusion.get(class)?;
        let images: u32 = answers.iter().sum();
        let right = f64::from(*answers.get(class)?);
        (images > 0).then(|| right / f64::from(images))
    }
}

/// An image that was classified wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Mistake {
    /// Which test image, from 0 in the order of the files.
    pub image: usize,
    /// The image itself.
    pub picture: Picture,
    /// Its class.
    pub class: usize,
    /// The answer.
    pub answer: usize,
    /// The probability of the answer.
    pub probability: f64,
    /// The probability of its class.
    pub class_probability: f64,
}

/// Inspects on a thread. Dropping the receiver cancels.
///
/// # Errors
/// When the operating system gives no thread.
pub fn spawn(job: InspectionJob) -> io::Result<Receiver<InspectionUpdate>> {
    let (sender, updates) = unbounded();
    // The name keeps the terminal's panic hook quiet: a panic of libtorch becomes an error here.
    thread::Builder::new().name(worker::THREAD_NAME.to_owned()).spawn(move || {
        let last = match worker::catch(|| inspect(&job, &sender)) {
            Ok(Some(inspection)) => InspectionUpdate::Done(Box::new(inspection)),
            Ok(None) => return,
            Err(error) => InspectionUpdate::Failed(format!("{error:#}")),
        };
        let _ = sender.send(last);
    })?;
    Ok(updates)
}

/// `None` when nobody listens any more.
fn inspect(job: &InspectionJob, updates: &Sender<InspectionUpdate>) -> Result<Option<Inspection>> {
    let spec = &job.spec;
    let device = device::resolve(spec.device)?;
    if spec.threads > 0 {
        tch::set_num_threads(spec.threads as i32);
    }
    let (path, used) = find_weights(job)?;
    let network = Network::new(spec.architecture());
    let (named, _) = tensor_file::read(path)?;
    let parameters = weights::from_named(&network, &named, device)
        .with_context(|| format!("cannot inspect {}", path.display()))?;
    let dataset = load(job)?;
    let (_, train) = DeviceImages::new(&dataset.train, device).hold_out(spec.validation_split);
    let precision = Precision::of_run(job.decided.as_ref(), spec.precision, device);
    let format = InputFormat::new(&train.images, spec, precision.kind());
    drop(train);
    let test = DeviceImages::new(&dataset.test, device);
    let total = dataset.test.len() as u64;
    let mut answers = Answers::default();
    let measures = Measures { flip: false, ..Measures::of(spec) };
    let evaluation =
        evaluation::evaluate(&network, &parameters, &format, &test, measures, |logits| {
            answers.add(logits)?;
            let images = answers.given.len() as u64;
            Ok(updates.send(InspectionUpdate::Progress { images, total }).is_ok())
        })?;
    Ok(evaluation.map(|evaluation| Inspection {
        weights: used,
        evaluation,
        class_names: *class_names(spec.data.source),
        confusion: answers.confusion(&dataset.test),
        mistakes: answers.mistakes(&dataset.test),
    }))
}

fn find_weights(job: &InspectionJob) -> Result<(&Path, WeightsUsed)> {
    if job.choice == WeightsChoice::Best && job.best.exists() {
        let epoch = best_epoch(&tensor_file::read_metadata(&job.best)?);
        let epoch = epoch.with_context(|| {
            format!("{} does not say which epoch it is from", job.best.display())
        })?;
        return Ok((&job.best, WeightsUsed::Best { epoch }));
    }
    if !job.checkpoint.exists() {
        bail!(
            "this run has no weights yet: {} is missing; train it first",
            job.checkpoint.display()
        );
    }
    let position = checkpoint::position(&job.checkpoint)?;
    let used = WeightsUsed::Checkpoint { epochs: position.epochs, step: position.step };
    Ok((&job.checkpoint, used))
}

fn best_epoch(metadata: &Metadata) -> Option<u32> {
    let text = metadata.get(checkpoint::BEST)?;
    let description: serde_json::Value = serde_json::from_str(text).ok()?;
    description.get("epoch")?.as_u64()?.try_into().ok()
}

/// The images of the run, and no others.
fn load(job: &InspectionJob) -> Result<Dataset> {
    let dataset = Dataset::load(&job.spec.data, Path::new(""))?;
    if let Some(decided) = &job.decided
        && decided.data_fingerprint != dataset.fingerprint()
    {
        bail!(
            "the images are not those that this run was trained on (`{}` now); put the same data \
             set back in place to inspect it",
            dataset.name
        );
    }
    Ok(dataset)
}

/// The answers to the test images, in order.
#[derive(Default)]
struct Answers {
    given: Vec<usize>,
    probabilities: Vec<[f32; CLASSES]>,
}

impl Answers {
    /// Takes logits `[batch, 10]`.
    fn add(&mut self, logits: &Tensor) -> Result<()> {
        let given: Vec<i64> = Vec::try_from(logits.argmax(1, false).to_device(Device::Cpu))?;
        self.given.extend(given.into_iter().map(|answer| answer as usize));
        let probabilities = logits.softmax(1, Kind::Float).to_device(Device::Cpu);
        let probabilities: Vec<f32> = Vec::try_from(probabilities.flatten(0, 1))?;
        self.probabilities.extend(probabilities.as_chunks().0);
        Ok(())
    }

    fn confusion(&self, test: &Images) -> [[u32; CLASSES]; CLASSES] {
        let mut confusion = [[0; CLASSES]; CLASSES];
        for (&label, &answer) in test.labels.iter().zip(&self.given) {
            let count = confusion.get_mut(usize::from(label)).and_then(|row| row.get_mut(answer));
            if let Some(count) = count {
                *count += 1;
            }
        }
        confusion
    }

    fn mistakes(&self, test: &Images) -> Vec<Mistake> {
        let answered = test.labels.iter().zip(&self.given).zip(&self.probabilities).enumerate();
        let mut mistakes: Vec<(usize, usize, usize, &[f32; CLASSES])> = answered
            .map(|(image, ((&label, &answer), all))| (image, usize::from(label), answer, all))
            .filter(|(_, class, answer, _)| class != answer)
            .collect();
        let probability =
            |all: &[f32; CLASSES], class: usize| all.get(class).copied().map_or(0.0, f64::from);
        mistakes.sort_by(|(_, _, a, of_a), (_, _, b, of_b)| {
            probability(of_b, *b).total_cmp(&probability(of_a, *a))
        });
        let kept = mistakes.into_iter().take(MISTAKES);
        kept.filter_map(|(image, class, answer, all)| {
            Some(Mistake {
                image,
                picture: test.picture(image)?,
                class,
                answer,
                probability: probability(all, answer),
                class_probability: probability(all, class),
            })
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::run::{DataSource, DeviceChoice};
    use crate::protocol::{Phase, TrainControl, TrainEvent};
    use crate::runs::RunStore;
    use crate::supervisor::{StartOptions, Supervisor};
    use crate::training::trainer;

    fn tiny() -> RunSpec {
        let mut spec = RunSpec { n: 1, epochs: 2, device: DeviceChoice::Cpu, ..RunSpec::default() };
        spec.validation_split = 0.2;
        spec.data.source = DataSource::Synthetic;
        spec.data.synthetic_train_images = 200;
        spec.data.synthetic_test_images = 260;
        spec
    }

    fn last(job: InspectionJob) -> InspectionUpdate {
        let updates: Vec<InspectionUpdate> = spawn(job).unwrap().iter().collect();
        let progress = updates
            .iter()
            .filter(|update| matches!(update, InspectionUpdate::Progress { total: 260, .. }));
        // At most one for each batch of the evaluation.
        assert!(progress.count() <= 3);
        updates.into_iter().last().unwrap()
    }

    /// Trains the tiny run to its end, or pauses it in its first epoch.
    fn trained(root: &Path, pause: bool) -> (InspectionJob, Vec<TrainEvent>) {
        let supervisor = Supervisor::new(RunStore::new(root.to_owned()), trainer::spawn);
        let options = StartOptions { log_every_step: true, ..StartOptions::default() };
        let handle = supervisor.start(tiny(), options).unwrap();
        if pause {
            handle.control.send(TrainControl::Pause).unwrap();
        }
        let mut events = Vec::new();
        for logged in &handle.events {
            if matches!(&logged.event, TrainEvent::Phase(change) if change.phase == Phase::Paused) {
                handle.control.send(TrainControl::Stop).unwrap();
            }
            events.push(logged.event);
        }
        handle.thread.join().unwrap();
        let folder = supervisor.store().find(&handle.run).unwrap();
        let environment = folder.description().unwrap().environment.unwrap();
        let job = InspectionJob {
            spec: tiny(),
            decided: Some(Decided {
                precision: environment.precision,
                data_fingerprint: environment.data_fingerprint,
            }),
            best: folder.best_path(),
            checkpoint: folder.checkpoint_path(),
            choice: WeightsChoice::Best,
        };
        (job, events)
    }

    #[test]
    fn a_finished_run_is_measured_as_its_trainer_measured_it() {
        let root = tempfile::tempdir().unwrap();
        let (job, events) = trained(root.path(), false);
        let InspectionUpdate::Done(best) = last(job.clone()) else { panic!("no result") };
        let mut epochs = events.iter().filter_map(|event| match event {
            TrainEvent::Epoch(epoch) => Some(epoch),
            _ => None,
        });
        let expected = epochs.clone().rfind(|epoch| epoch.best).unwrap();
        assert_eq!(best.weights, WeightsUsed::Best { epoch: expected.epoch });
        assert_eq!(best.evaluation.accuracy, expected.test_accuracy);
        assert!((best.evaluation.loss - expected.test_loss).abs() < 1e-6);

        let all: u32 = best.confusion.iter().flatten().sum();
        let right: u32 = (0..CLASSES).map(|class| best.confusion[class][class]).sum();
        assert_eq!(all, 260);
        assert_eq!(f64::from(right) / 260.0, best.evaluation.accuracy);
        assert_eq!(best.confusion.map(|row| row.iter().sum::<u32>()), [26; CLASSES]);
        let mean = (0..CLASSES).map(|class| best.class_accuracy(class).unwrap()).sum::<f64>();
        assert!((mean / 10.0 - best.evaluation.accuracy).abs() < 1e-12);

        assert_eq!(best.mistakes.len(), MISTAKES.min(260 - right as usize));
        assert!(best.mistakes.is_sorted_by(|a, b| a.probability >= b.probability));
        let test = Dataset::load(&job.spec.data, Path::new("")).unwrap().test;
        for mistake in &best.mistakes {
            assert_eq!(usize::from(test.labels[mistake.image]), mistake.class);
            assert_eq!(test.picture(mistake.image).unwrap(), mistake.picture);
            assert!(mistake.probability >= mistake.class_probability, "{mistake:?}");
            assert!(mistake.probability >= 0.1 && mistake.probability <= 1.0, "{mistake:?}");
        }

        let job = InspectionJob { choice: WeightsChoice::Checkpoint, ..job };
        let InspectionUpdate::Done(latest) = last(job) else { panic!("no result") };
        assert!(matches!(latest.weights, WeightsUsed::Checkpoint { epochs: 2, .. }));
        assert_eq!(latest.evaluation.accuracy, epochs.next_back().unwrap().test_accuracy);
    }

    #[test]
    fn a_run_paused_in_its_first_epoch_shows_its_checkpoint() {
        let root = tempfile::tempdir().unwrap();
        let (job, _) = trained(root.path(), true);
        let InspectionUpdate::Done(inspection) = last(job) else { panic!("no result") };
        let WeightsUsed::Checkpoint { epochs, step } = inspection.weights else {
            panic!("{:?}", inspection.weights);
        };
        assert_eq!(epochs, 0);
        assert!((1..5).contains(&step), "{step}");
    }

    #[test]
    fn what_cannot_be_inspected_is_said() {
        let root = tempfile::tempdir().unwrap();
        let (job, _) = trained(root.path(), true);
        let failure = |job: InspectionJob| match last(job) {
            InspectionUpdate::Failed(error) => error,
            other => panic!("{other:?}"),
        };
        let gone = InspectionJob { checkpoint: root.path().join("none"), ..job.clone() };
        assert!(failure(gone).contains("no weights yet"));
        let mut deeper = job.clone();
        deeper.spec.n = 2;
        assert!(failure(deeper).contains("these are not the weights of ResNet14v1"));
        let mut other = job.clone();
        other.spec.data.synthetic_train_images = 210;
        assert!(failure(other).contains("not those that this run was trained on"));
        std::fs::write(&job.checkpoint, "broken").unwrap();
        assert!(failure(job).contains("checkpoint.safetensors"));
    }
}
