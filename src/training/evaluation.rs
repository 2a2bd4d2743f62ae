//! Measuring a network on images it was not trained on.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;
use tch::{Device, Kind, Reduction, Tensor, no_grad};

use super::device;
use super::images::DeviceImages;
use crate::augmentation::Standardization;
use crate::config::run::RunSpec;
use crate::data::Dataset;
use crate::durable::write_aside;
use crate::model::parameters::MemoryFormat;
use crate::model::tensor_file::{self, Metadata, NamedTensors};
use crate::model::{Mode, Network, Parameters, folding, weights};

/// Images at a time, which the result does not depend on: few enough for a processor's caches, enough to
/// fill a GPU.
fn batch_size(device: Device) -> i64 {
    if device == Device::Cpu { 100 } else { 1_000 }
}

/// What a network makes of a set of images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Mean cross-entropy plus the L2 penalty.
    pub loss: f64,
    /// Mean cross-entropy.
    pub cross_entropy: f64,
    /// Part of the images classified right, 0 to 1.
    pub accuracy: f64,
    /// The same by the sum of the logits of each image and its mirror image, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy_flip: Option<f64>,
    /// How many images.
    pub images: u64,
}

/// What is measured besides accuracy and cross-entropy.
#[derive(Clone, Copy, Debug)]
pub struct Measures {
    /// The factor of the L2 penalty in the loss.
    pub l2_penalty: f64,
    /// Look at the mirror images as well, which takes as long again.
    pub flip: bool,
}

impl Measures {
    /// What a recipe's evaluation of the test set measures.
    pub fn of(spec: &RunSpec) -> Self {
        Self { l2_penalty: spec.l2_penalty, flip: spec.flip_evaluation }
    }
}

/// How images become the network's input.
#[derive(Debug)]
pub struct InputFormat {
    /// The standardisation of the training set.
    pub standardization: Standardization,
    /// The kind of the activations.
    pub kind: Kind,
    /// Their order in memory.
    pub memory: MemoryFormat,
}

impl InputFormat {
    /// The format of a recipe, its statistics fitted to all its training images `[count, 3, 32, 32]`.
    pub fn new(train: &Tensor, spec: &RunSpec, kind: Kind) -> Self {
        Self {
            standardization: Standardization::fit(train, spec),
            kind,
            memory: MemoryFormat::of(spec.augmentation.data_format),
        }
    }

    /// Standardises transformed images and lays them out for the network.
    pub fn arrange(&self, images: Tensor) -> Tensor {
        self.lay_out(&self.standardization.apply(images))
    }

    /// Lays standardised images out for the network.
    pub fn lay_out(&self, images: &Tensor) -> Tensor {
        self.memory.arrange(&images.to_kind(self.kind))
    }
}

/// Evaluates on all of `set`. `each_batch` gets the logits `[batch, 10]` after each batch and says
/// whether to go on; `None` when it said no.
pub fn evaluate(
    network: &Network,
    parameters: &Parameters,
    format: &InputFormat,
    set: &DeviceImages,
    measures: Measures,
    mut each_batch: impl FnMut(&Tensor) -> Result<bool>,
) -> Result<Option<Evaluation>> {
    let device = set.labels.device();
    let mut cross_entropy = Tensor::zeros([], (Kind::Float, device)).to_kind(sum_kind(device));
    let mut correct = Tensor::zeros([], (Kind::Int64, device));
    let mut correct_flip = measures.flip.then(|| Tensor::zeros([], (Kind::Int64, device)));
    let weights = no_grad(|| folding::weights(network, parameters, format.kind, format.memory));
    let batch_size = batch_size(device);
    for start in (0..set.len()).step_by(batch_size as usize) {
        let batch = set.narrow(start, batch_size.min(set.len() - start));
        let logits = no_grad(|| {
            let prepared = format.standardization.prepare(&batch.images);
            let forward = |images: Tensor| {
                network.forward(&format.arrange(images), &weights, Mode::Evaluation)
            };
            let mirrored = measures.flip.then(|| prepared.flip([3]));
            let logits = forward(prepared);
            let sum =
                logits.cross_entropy_loss(&batch.labels, None::<Tensor>, Reduction::Sum, -100, 0.0);
            let _ = cross_entropy.g_add_(&sum);
            let _ = correct.g_add_(&right_answers(&logits, &batch.labels));
            if let (Some(correct), Some(mirrored)) = (&mut correct_flip, mirrored) {
                let both = &logits + forward(mirrored);
                let _ = correct.g_add_(&right_answers(&both, &batch.labels));
            }
            logits
        });
        if !each_batch(&logits)? {
            return Ok(None);
        }
    }
    let images = set.len().max(1) as f64;
    let penalty = no_grad(|| penalty(network, parameters, measures.l2_penalty).double_value(&[]));
    let part = |correct: &Tensor| correct.int64_value(&[]) as f64 / images;
    let cross_entropy = cross_entropy.double_value(&[]) / images;
    Ok(Some(Evaluation {
        loss: cross_entropy + penalty,
        cross_entropy,
        accuracy: part(&correct),
        accuracy_flip: correct_flip.as_ref().map(part),
        images: set.len() as u64,
    }))
}

/// The L2 penalty, a scalar on the device.
pub fn penalty(network: &Network, parameters: &Parameters, factor: f64) -> Tensor {
    let kernels = parameters.penalised(&network.layout);
    kernels.dot(&kernels) * factor
}

/// How many images are classified right, a scalar on the device.
pub fn right_answers(logits: &Tensor, labels: &Tensor) -> Tensor {
    logits.argmax(1, false).eq_tensor(labels).sum(Kind::Int64)
}

/// The kind that sums over an epoch are kept in. Metal has no f64.
pub fn sum_kind(device: Device) -> Kind {
    if device == Device::Mps { Kind::Float } else { Kind::Double }
}

/// Evaluates a weight file on the test set of a recipe. With `logits`, the logits of all test images
/// are written there as the tensor `logits`, `[images, 10]`, in the order of the files.
///
/// # Errors
/// When the data or the weights cannot be read, do not belong together, or the logits cannot be
/// written.
pub fn evaluate_file(spec: &RunSpec, weights: &Path, logits: Option<&Path>) -> Result<Evaluation> {
    let device = device::resolve(spec.device)?;
    let network = Network::new(spec.architecture());
    let (named, _) = tensor_file::read(weights)?;
    let parameters = weights::from_named(&network, &named, device)
        .with_context(|| format!("cannot evaluate {}", weights.display()))?;
    let dataset = Dataset::load(&spec.data, Path::new(""))?;
    // As while training: what was held out has no part in the statistics.
    let (_, train) = DeviceImages::new(&dataset.train, device).hold_out(spec.validation_split);
    let kind = device::precision(spec.precision, device).kind();
    let format = InputFormat::new(&train.images, spec, kind);
    let test = DeviceImages::new(&dataset.test, device);
    let mut parts = Vec::new();
    let evaluation = evaluate(&network, &parameters, &format, &test, Measures::of(spec), |part| {
        if logits.is_some() {
            parts.push(part.shallow_clone());
        }
        Ok(true)
    })?
    .context("the evaluation was broken off")?;
    if let Some(path) = logits {
        let named = NamedTensors::from([("logits".to_owned(), Tensor::cat(&parts, 0))]);
        let bytes = tensor_file::encode(&named, Metadata::new())?;
        write_aside(path, |file| Ok(file.write_all(&bytes)?))?;
    }
    Ok(evaluation)
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;
    use crate::config::run::{DataSource, DataSpec};

    /// The figure of the mirror images is that of the summed logits, and leaves the others alone.
    #[test]
    fn mirror_images_are_a_figure_of_their_own() {
        let spec = RunSpec { n: 1, ..RunSpec::default() };
        let synthetic = DataSource::Synthetic;
        let (train, test) = (10, 300);
        let data = DataSpec {
            source: synthetic,
            synthetic_train_images: train,
            synthetic_test_images: test,
            ..DataSpec::default()
        };
        let dataset = Dataset::load(&data, Path::new("")).unwrap();
        let network = Network::new(spec.architecture());
        let parameters = Parameters::initial(&network, 3, Device::Cpu);
        let train = DeviceImages::new(&dataset.train, Device::Cpu);
        let set = DeviceImages::new(&dataset.test, Device::Cpu);
        // Without the pixel mean, which is not symmetric, prepared mirror images are mirrored ones.
        let plain = RunSpec { subtract_pixel_mean: false, ..spec };
        let format = InputFormat::new(&train.images, &plain, Kind::Float);
        let measure = |set: &DeviceImages, flip: bool| {
            let mut logits = Vec::new();
            let measures = Measures { flip, ..Measures::of(&plain) };
            let evaluation = evaluate(&network, &parameters, &format, set, measures, |part| {
                logits.push(part.shallow_clone());
                Ok(true)
            });
            (evaluation.unwrap().unwrap(), Tensor::cat(&logits, 0))
        };
        let (without, logits) = measure(&set, false);
        let (with, _) = measure(&set, true);
        assert_eq!(without, Evaluation { accuracy_flip: None, ..with });
        let mirrored =
            DeviceImages { images: set.images.flip([3]), labels: set.labels.shallow_clone() };
        let (alone, mirrored) = measure(&mirrored, false);
        let both = right_answers(&(logits + mirrored), &set.labels).int64_value(&[]) as f64;
        assert!((with.accuracy_flip.unwrap() - both / 300.0).abs() < 1e-9);
        assert_ne!(alone.accuracy, without.accuracy, "they are other images");
    }
}
