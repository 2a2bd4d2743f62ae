//! The numbers of a network: one flat tensor of trained parameters and one of running statistics.
//!
//! The flat tensor is the only leaf of the autograd graph. Splitting it costs no copy, and its backward
//! is one concatenation, so a step has one gradient tensor however many layers there are.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use tch::{Device, Kind, Tensor, no_grad};

use super::Network;
use super::layers::{KernelShape, Layout};
use crate::config::augmentation::DataFormat;

/// The standard deviation of a standard normal cut at ±2, which Keras divides by.
const TRUNCATED_DEVIATION: f64 = 0.879_625_661_034_239_8;

/// All numbers of a network.
#[derive(Debug)]
pub struct Parameters {
    /// Trained parameters, f32, `[Layout::parameter_numel]`; requires gradients.
    pub flat: Tensor,
    /// Running means, then running variances, f32, `[Layout::statistics_numel]`.
    pub statistics: Tensor,
}

/// The parameters as the layers use them: views into the flat tensors.
#[derive(Debug)]
pub struct Weights {
    /// Convolution kernels `[outputs, inputs, size, size]`, in the precision of the activations.
    pub kernels: Vec<Tensor>,
    /// All other trained tensors, f32.
    pub vectors: Vec<Tensor>,
    /// One for each batch norm; updated in place in training.
    pub running_means: Vec<Tensor>,
    /// One for each batch norm; updated in place in training.
    pub running_variances: Vec<Tensor>,
    /// For each batch norm, whether the convolution before it does its work (`folding`).
    pub folded: Vec<bool>,
    /// For each kernel, the bias that a folded batch norm gave it, f32.
    pub folded_biases: Vec<Option<Tensor>>,
}

/// How activations lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryFormat {
    /// Height, width, channels.
    ChannelsLast,
    /// Channels, height, width.
    ChannelsFirst,
}

impl MemoryFormat {
    /// The order that the recipe's `data_format` names.
    pub fn of(format: DataFormat) -> Self {
        match format {
            DataFormat::ChannelsLast => Self::ChannelsLast,
            DataFormat::ChannelsFirst => Self::ChannelsFirst,
        }
    }

    /// `tensor` `[batch, channels, h, w]` with its numbers in this order.
    pub fn arrange(self, tensor: &Tensor) -> Tensor {
        match self {
            Self::ChannelsLast => tensor.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2]),
            Self::ChannelsFirst => tensor.contiguous(),
        }
    }
}

impl Parameters {
    /// Keras's initial values: kernels and the dense weight by `he_normal`, scales and running
    /// variances 1, everything else 0. The draws depend on `seed` alone.
    pub fn initial(network: &Network, seed: u64, device: Device) -> Self {
        let layout = &network.layout;
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut flat = Vec::with_capacity(layout.parameter_numel() as usize);
        for shape in &layout.kernels {
            let fan_in = shape.size * shape.size * shape.inputs;
            he_normal(&mut random, fan_in, shape.numel(), &mut flat);
        }
        let scales: Vec<usize> = network.norms().map(|norm| norm.scale).collect();
        for (index, &length) in layout.vectors.iter().enumerate() {
            if index == network.head.weight {
                he_normal(&mut random, network.head.inputs, length, &mut flat);
            } else {
                let value = if scales.contains(&index) { 1.0 } else { 0.0 };
                flat.resize(flat.len() + length as usize, value);
            }
        }
        let channels = (layout.statistics_numel() / 2) as usize;
        let statistics = [vec![0f32; channels], vec![1f32; channels]].concat();
        Self::new(&Tensor::from_slice(&flat), &Tensor::from_slice(&statistics), device)
    }

    /// Parameters of given values, copied to the device.
    pub fn new(flat: &Tensor, statistics: &Tensor, device: Device) -> Self {
        let place = |tensor: &Tensor| tensor.to_device(device).copy();
        Self { flat: place(flat).set_requires_grad(true), statistics: place(statistics) }
    }

    /// The weights for one forward pass, kernels in `kind`.
    pub fn weights(&self, layout: &Layout, kind: Kind, format: MemoryFormat) -> Weights {
        let kernel_sizes: Vec<i64> = layout.kernels.iter().map(KernelShape::numel).collect();
        let (kernels, vectors) = if kind == Kind::Float {
            let sizes = [kernel_sizes.as_slice(), layout.vectors.as_slice()].concat();
            let mut kernels = self.flat.split_with_sizes(sizes, 0);
            let vectors = kernels.split_off(layout.kernels.len());
            (kernels, vectors)
        } else {
            let boundary = layout.kernel_numel();
            let parts =
                self.flat.split_with_sizes([boundary, layout.parameter_numel() - boundary], 0);
            (
                parts[0].to_kind(kind).split_with_sizes(kernel_sizes, 0),
                parts[1].split_with_sizes(layout.vectors.as_slice(), 0),
            )
        };
        let kernels = layout.kernels.iter().zip(kernels).map(|(shape, flat)| {
            let channels_last = flat
                .view([shape.outputs, shape.size, shape.size, shape.inputs])
                .permute([0, 3, 1, 2]);
            match format {
                MemoryFormat::ChannelsLast => channels_last,
                MemoryFormat::ChannelsFirst => channels_last.contiguous(),
            }
        });
        let kernels: Vec<Tensor> = kernels.collect();
        let sizes = [layout.statistics.as_slice(), layout.statistics.as_slice()].concat();
        let mut running_means = self.statistics.split_with_sizes(sizes, 0);
        let running_variances = running_means.split_off(layout.statistics.len());
        Weights {
            folded: vec![false; layout.statistics.len()],
            folded_biases: kernels.iter().map(|_| None).collect(),
            kernels,
            vectors,
            running_means,
            running_variances,
        }
    }

    /// The kernels within the flat tensor: what the L2 penalty is on.
    pub fn penalised(&self, layout: &Layout) -> Tensor {
        self.flat.narrow(0, 0, layout.kernel_numel())
    }

    /// Replaces all values.
    pub fn assign(&mut self, flat: &Tensor, statistics: &Tensor) {
        no_grad(|| {
            self.flat.copy_(flat);
            self.statistics.copy_(statistics);
        });
    }
}

/// Appends `count` draws of Keras's `he_normal`: a normal distribution cut at two standard deviations,
/// scaled so that what is left has the variance 2 / fan_in.
fn he_normal(random: &mut impl Rng, fan_in: i64, count: i64, values: &mut Vec<f32>) {
    let deviation = (2.0 / fan_in as f64).sqrt() / TRUNCATED_DEVIATION;
    let cut: Vec<f32> = StandardNormal
        .sample_iter(random)
        .filter(|draw: &f64| draw.abs() <= 2.0)
        .map(|draw| (draw * deviation) as f32)
        .take(count as usize)
        .collect();
    values.extend(cut);
}
