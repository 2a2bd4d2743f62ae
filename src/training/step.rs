//! One training step: batch, augmentation, forward, backward, update.
//!
//! Nothing in it waits for the device: loss and accuracy add up there.

use tch::{Device, Reduction, Tensor, no_grad};

use super::checkpoint::{Progress, State};
use super::evaluation::{self, InputFormat};
use super::images::DeviceImages;
use crate::augmentation::mixup::{Mix, Mixing};
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
    /// Who is blended with whom; `None` without mixup.
    mixing: Option<Mixing>,
}

/// What a step trains on.
struct Batch {
    /// The network's input.
    input: Tensor,
    /// The classes of the images.
    labels: Tensor,
    /// How the images were blended, and the classes of their partners.
    mixed: Option<(Mix, Tensor)>,
}

/// Sums over the current epoch, on the device.
#[derive(Debug)]
pub struct Sums {
    /// Losses, penalty included, each times the images of its batch.
    pub loss: Tensor,
    /// Images classified right; of a blended one, the share of the class that was found.
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
        let alpha = spec.augmentation.mixup;
        let mixing = (spec.data_augmentation && alpha > 0.0).then(|| {
            let batch_size = spec.batch_size as usize;
            Mixing::draw(alpha, spec.seed, epoch, order.len(), batch_size, device)
        });
        Self { order: Tensor::from_slice(&order).to_device(device), transforms, mixing }
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
        let batch = self.batch(plan, state.progress.batch, start, length);
        after(Part::Data);

        let layout = &self.network.layout;
        let parameters = &mut state.parameters;
        let weights = parameters.weights(layout, self.format.kind, self.format.memory);
        let logits = self.network.forward(&batch.input, &weights, Mode::Training);
        let cross_entropy = batch.cross_entropy(&logits, self.spec.label_smoothing);
        after(Part::Forward);

        let gradients = Tensor::run_backward(&[&cross_entropy], &[&parameters.flat], false, false);
        after(Part::Backward);

        no_grad(|| {
            let (penalty, decay) = (self.spec.l2_penalty, self.spec.weight_decay);
            let loss = cross_entropy + evaluation::penalty(self.network, parameters, penalty);
            let _ = sums.loss.g_add_(&(loss.to_kind(sums.loss.kind()) * length));
            let _ = sums.correct.g_add_(&batch.right_answers(&logits));
            for gradient in &gradients {
                if penalty > 0.0 {
                    let kernels = parameters.penalised(layout);
                    let _ = gradient
                        .narrow(0, 0, layout.kernel_numel())
                        .g_add_(&(kernels * (2.0 * penalty)));
                }
                if decay > 0.0 {
                    let _ = gradient.shallow_clone().g_add_(&(&parameters.flat * decay));
                }
                state.optimizer.update(&mut parameters.flat, gradient, learning_rate);
            }
        });
        state.progress.step += 1;
        state.progress.batch += 1;
        state.progress.images += length as u64;
        state.update_average(self.spec.weight_average);
        after(Part::Optimizer);
    }

    /// The batch `index` of an epoch: `length` images from `start`.
    fn batch(&self, plan: &EpochPlan, index: u64, start: i64, length: i64) -> Batch {
        let batch = self.images.pick(&plan.order.narrow(0, start, length));
        let prepared = self.format.standardization.prepare(&batch.images);
        let augmented = match &plan.transforms {
            Some(transforms) => {
                transforms.narrow(start, length).apply(&prepared, &self.spec.augmentation)
            }
            None => prepared,
        };
        let images = self.format.standardization.apply(augmented);
        let mix = plan.mixing.as_ref().map(|mixing| mixing.batch(index, start, length));
        let images = match &mix {
            Some(mix) => mix.blend(&images),
            None => images,
        };
        let mixed = mix.map(|mix| {
            let of_partners = mix.of_partners(&batch.labels);
            (mix, of_partners)
        });
        Batch { input: self.format.lay_out(&images), labels: batch.labels, mixed }
    }
}

impl Batch {
    /// The mean cross-entropy of the logits `[batch, 10]`. Smoothing spreads a part of each label
    /// evenly over all classes.
    fn cross_entropy(&self, logits: &Tensor, smoothing: f64) -> Tensor {
        let against = |labels: &Tensor| {
            logits.cross_entropy_loss(labels, None::<Tensor>, Reduction::Mean, -100, smoothing)
        };
        match &self.mixed {
            Some((mix, of_partners)) => {
                against(&self.labels) * mix.share + against(of_partners) * (1.0 - mix.share)
            }
            None => against(&self.labels),
        }
    }

    /// How many images are classified right, a scalar on the device.
    fn right_answers(&self, logits: &Tensor) -> Tensor {
        let right = evaluation::right_answers(logits, &self.labels);
        match &self.mixed {
            Some((mix, of_partners)) => {
                let partners = evaluation::right_answers(logits, of_partners);
                right * mix.share + partners * (1.0 - mix.share)
            }
            None => right,
        }
    }
}

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;

    const LOGITS: [[f64; 10]; 2] = [
        [2.0, -1.0, 0.5, 0.0, 1.0, -2.0, 0.25, 3.0, -0.5, 0.75],
        [0.0, 4.0, -1.5, 0.5, 2.0, 1.0, -3.0, 0.25, 0.5, -0.25],
    ];

    fn logits() -> Tensor {
        Tensor::from_slice2(&LOGITS).to_kind(Kind::Float)
    }

    /// Minus the logarithm of the probability of a class.
    fn surprise(image: usize, class: usize) -> f64 {
        let sum: f64 = LOGITS[image].iter().map(|logit| logit.exp()).sum();
        sum.ln() - LOGITS[image][class]
    }

    /// (1 - s) of the label's surprise and s of the mean surprise.
    fn smoothed(image: usize, class: usize, smoothing: f64) -> f64 {
        let mean = (0..10).map(|class| surprise(image, class)).sum::<f64>() / 10.0;
        (1.0 - smoothing) * surprise(image, class) + smoothing * mean
    }

    fn close(got: &Tensor, expected: f64) {
        let got = got.double_value(&[]);
        assert!((got - expected).abs() < 1e-6, "{got} is not {expected}");
    }

    fn batch(mixed: Option<(Mix, Tensor)>) -> Batch {
        Batch { input: logits(), labels: Tensor::from_slice(&[7i64, 4]), mixed }
    }

    #[test]
    fn label_smoothing_follows_its_formula() {
        for smoothing in [0.0, 0.01, 0.1] {
            let expected = (smoothed(0, 7, smoothing) + smoothed(1, 4, smoothing)) / 2.0;
            close(&batch(None).cross_entropy(&logits(), smoothing), expected);
        }
        close(&batch(None).right_answers(&logits()), 1.0);
    }

    #[test]
    fn mixup_weighs_the_losses_of_both_labels() {
        let mix = Mix { partners: Tensor::from_slice(&[1i64, 0]), share: 0.7 };
        let batch = batch(Some((mix, Tensor::from_slice(&[4i64, 1]))));
        for smoothing in [0.0, 0.1] {
            let own = (smoothed(0, 7, smoothing) + smoothed(1, 4, smoothing)) / 2.0;
            let partners = (smoothed(0, 4, smoothing) + smoothed(1, 1, smoothing)) / 2.0;
            let expected = 0.7 * own + 0.3 * partners;
            close(&batch.cross_entropy(&logits(), smoothing), expected);
        }
        // The first image's own class and the partner's of the second.
        close(&batch.right_answers(&logits()), 0.7 + 0.3);
    }
}
