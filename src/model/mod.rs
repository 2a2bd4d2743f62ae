//! The ResNets of the Keras CIFAR-10 example.
//!
//! A [`Network`] is a description: which layers there are, how they are joined, and where each finds
//! its weights in the flat parameter tensor. The numbers themselves live in [`Parameters`].

pub mod cost;

pub mod layers;

pub mod parameters;

pub mod resnet_v1;

pub mod resnet_v2;

pub mod summary;

pub mod tensor_file;

pub mod weights;

use tch::{Kind, Tensor};

use crate::config::run::{Architecture, Version};
use layers::{BatchNorm, Convolution, Dense, Layout};
pub use parameters::{Parameters, Weights};

/// Classes of CIFAR-10.
pub const CLASSES: i64 = 10;

/// Filters of the stem, and width of the first stage.
pub const STEM_FILTERS: i64 = 16;

/// One residual block: `convolutions.len()` convolutions beside an identity or projection shortcut.
#[derive(Clone, Debug)]
pub struct Block {
    /// Two 3×3 convolutions for v1; 1×1, 3×3, 1×1 for v2.
    pub convolutions: Vec<Convolution>,
    /// For each convolution, the batch norm that follows it (v1) or precedes it (v2). The first block
    /// of v2 has none before its first convolution.
    pub norms: Vec<Option<BatchNorm>>,
    /// The 1×1 projection where the shape changes.
    pub shortcut: Option<Convolution>,
}

/// A ResNet as a description.
#[derive(Clone, Debug)]
pub struct Network {
    /// Family and size.
    pub architecture: Architecture,
    /// The first convolution.
    pub stem: Convolution,
    /// The batch norm after it.
    pub stem_norm: BatchNorm,
    /// Three stages of n blocks.
    pub stages: Vec<Vec<Block>>,
    /// The batch norm before pooling, in v2.
    pub head_norm: Option<BatchNorm>,
    /// The classifier.
    pub head: Dense,
    /// Where everything lies in the flat tensors.
    pub layout: Layout,
}

/// Whether batch norm uses the statistics of the batch, and updates the running ones, or uses the
/// running ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Batch statistics.
    Training,
    /// Running statistics.
    Evaluation,
}

impl Network {
    /// The network of an architecture.
    pub fn new(architecture: Architecture) -> Self {
        let mut layout = Layout::default();
        let stem = layout.convolution("stem.conv", 3, STEM_FILTERS, 3, 1, false);
        let stem_norm = layout.batch_norm("stem.bn", STEM_FILTERS);
        let n = architecture.n as usize;
        let stages = match architecture.version {
            Version::V1 => resnet_v1::stages(&mut layout, n),
            Version::V2 => resnet_v2::stages(&mut layout, n),
        };
        let (head_norm, features) = match architecture.version {
            Version::V1 => (None, resnet_v1::FEATURES),
            Version::V2 => {
                (Some(layout.batch_norm("head.bn", resnet_v2::FEATURES)), resnet_v2::FEATURES)
            }
        };
        let head = layout.dense("head.fc", features, CLASSES);
        Self { architecture, stem, stem_norm, stages, head_norm, head, layout }
    }

    /// All blocks, from the stem to the head.
    pub fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.stages.iter().flatten()
    }

    /// All convolutions, projections included.
    pub fn convolutions(&self) -> impl Iterator<Item = &Convolution> {
        let in_blocks =
            self.blocks().flat_map(|block| block.convolutions.iter().chain(&block.shortcut));
        std::iter::once(&self.stem).chain(in_blocks)
    }

    /// All batch norms.
    pub fn norms(&self) -> impl Iterator<Item = &BatchNorm> {
        let in_blocks = self.blocks().flat_map(|block| block.norms.iter().flatten());
        std::iter::once(&self.stem_norm).chain(in_blocks).chain(&self.head_norm)
    }

    /// The logits `[batch, 10]` of images `[batch, 3, 32, 32]`, always f32.
    pub fn forward(&self, images: &Tensor, weights: &Weights, mode: Mode) -> Tensor {
        let stem = self.stem.forward(images, weights);
        let stem = self.stem_norm.forward(&stem, weights, mode).relu_();
        let features = match self.architecture.version {
            Version::V1 => resnet_v1::forward(&self.stages, stem, weights, mode),
            Version::V2 => resnet_v2::forward(&self.stages, stem, weights, mode),
        };
        let features = match &self.head_norm {
            Some(norm) => norm.forward(&features, weights, mode).relu_(),
            None => features,
        };
        // The 8×8 average pool covers the whole 8×8 map.
        let pooled = features.to_kind(Kind::Float).mean_dim([2, 3].as_slice(), false, Kind::Float);
        self.head.forward(&pooled, weights)
    }
}

/// The number of rows and columns after a "same" convolution.
pub fn same_size(size: i64, stride: i64) -> i64 {
    (size + stride - 1) / stride
}
