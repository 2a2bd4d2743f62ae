//! One training step: batch, augmentation, forward, backward, update.
//!
//! Nothing in it waits for the device: loss and accuracy add up there.

use tch::{Device, Reduction, Tensor, no_grad};

use super::checkpoint::{Progress, State};
use super::evaluation::{self, InputFormat, L2_PENALTY};
use super::images::DeviceImages;
use crate::augmentation::{TransformBatch, draws};
use crate::config::run::RunSpec;
use crate::model::{Mode, Network};

/// What all steps of a run have in common.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// The recipe.
    pub spec: &'a RunSpec,
    /// The network.
    pub network: &'a Network,
    /// How images become its input.
    pub format: &'a InputFormat,
    /// The training images.
    pub images: &'a DeviceImages,
}

/// One epoch's order and transforms, on the device.
#[derive(Debug)]
pub struct EpochPlan {
    /// Indices into the training images, `[images]`.
    order: Tensor,
    /// Transforms in that order; `None` without augmentation.
    transforms: Option<TransformBatch>,
}

/// Sums over the current epoch, on the device.
#[derive(Debug)]
pub struct Sums {
    /// Losses, penalty included, each times the images of its batch.
    pub loss: Tensor,
    /// Images classified right.
    pub correct: Tensor,
}

/// The parts of a step, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Picking the images, augmentation, layout.
    Data,
    /// From the images to the loss.
    Forward,
    /// The gradient.
    Backward,
    /// The penalty, the sums, the update.
    Optimizer,
}

impl EpochPlan {
    /// Draws the order and the transforms of an epoch over `count` images. Epochs count from 0.
    pub fn draw(spec: &RunSpec, epoch: u32, count: i64, device: Device) -> Self {
        let order = draws::epoch_order(spec.seed, epoch, count as usize, spec.shuffle);
        let transforms = spec.data_augmentation.then(|| {
            let transforms: Vec<_> = order
                .iter()
                .map(|&image| draws::transform(&spec.augmentation, spec.seed, epoch, image as u64))
                .collect();
            TransformBatch::new(&transforms, &spec.augmentation, device)
        });
        Self { order: Tensor::from_slice(&order).to_device(device), transforms }
    }
}

impl Sums {
    /// The sums as a progress has them.
    pub fn new(progress: &Progress, device: Device) -> Self {
        let kind = evaluation::sum_kind(device);
        let scalar = |value: f64| Tensor::from(value).to_kind(kind).to_device(device);
        Self { loss: scalar(progress.loss_sum), correct: scalar(progress.correct) }
    }
}

impl Setting<'_> {
    /// Trains the batch that comes next in the epoch. `after` is called after each part.
    pub fn step(
        &self,
        plan: &EpochPlan,
        learning_rate: f64,
        state: &mut State,
        sums: &mut Sums,
        mut after: impl FnMut(Part),
    ) {
        let batch_size = i64::from(self.spec.batch_size);
        let start = state.progress.batch as i64 * batch_size;
        let length = batch_size.min(self.images.len() - start);
        let (input, labels) = self.batch(plan, start, length);
        after(Part::Data);

        let layout = &self.network.layout;
        let parameters = &mut state.parameters;
        let weights = parameters.weights(layout, self.format.kind, self.format.memory);
        let logits = self.network.forward(&input, &weights, Mode::Training);
        let cross_entropy =
            logits.cross_entropy_loss(&labels, None::<Tensor>, Reduction::Mean, -100, 0.0);
        after(Part::Forward);

        let gradients = Tensor::run_backward(&[&cross_entropy], &[&parameters.flat], false, false);
        after(Part::Backward);

        no_grad(|| {
            let loss = cross_entropy + evaluation::penalty(self.network, parameters);
            let _ = sums.loss.g_add_(&(loss.to_kind(sums.loss.kind()) * length));
            let _ = sums.correct.g_add_(&evaluation::right_answers(&logits, &labels));
            for gradient in &gradients {
                let kernels = parameters.penalised(layout);
                let _ = gradient
                    .narrow(0, 0, layout.kernel_numel())
                    .g_add_(&(kernels * (2.0 * L2_PENALTY)));
                state.optimizer.update(&mut parameters.flat, gradient, learning_rate);
            }
        });
        state.progress.step += 1;
        state.progress.batch += 1;
        state.progress.images += length as u64;
        after(Part::Optimizer);
    }

    /// The network's input and the labels of `length` images of an epoch from `start`.
    fn batch(&self, plan: &EpochPlan, start: i64, length: i64) -> (Tensor, Tensor) {
        let batch = self.images.pick(&plan.order.narrow(0, start, length));
        let prepared = self.format.standardization.prepare(&batch.images);
        let augmented = match &plan.transforms {
            Some(transforms) => {
                transforms.narrow(start, length).apply(&prepared, &self.spec.augmentation)
            }
            None => prepared,
        };
        (self.format.arrange(augmented), batch.labels)
    }
}
