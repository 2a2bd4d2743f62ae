//! What one training run is: the model, the data, the recipe and where it runs.
//!
//! [`RunSpec::default`] is the recipe of the Keras CIFAR-10 ResNet example for ResNet20 v1.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::augmentation::Augmentation;
pub use super::machine::{DeviceChoice, PrecisionChoice};

/// The two families of the papers: v1 (He et al. 2015) and v2 with pre-activation (He et al. 2016).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Version {
    /// Basic blocks of two 3×3 convolutions, depth 6n+2.
    #[default]
    V1,
    /// Pre-activation bottleneck blocks, depth 9n+2.
    V2,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
        })
    }
}

/// A ResNet of the Keras example: its family and the number of blocks in each of the three stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Architecture {
    /// The family.
    pub version: Version,
    /// Blocks per stage, at least 1.
    pub n: u32,
}

impl Architecture {
    /// The number of weighted layers on the main path: 6n+2 for v1, 9n+2 for v2.
    pub fn depth(self) -> u32 {
        match self.version {
            Version::V1 => 6 * self.n + 2,
            Version::V2 => 9 * self.n + 2,
        }
    }
}

/// The name the literature uses, such as `ResNet20v1`.
impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResNet{}{}", self.depth(), self.version)
    }
}

/// The name that [`fmt::Display`] gives; the error says what one looks like.
impl FromStr for Architecture {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.strip_prefix("ResNet").and_then(|rest| rest.split_once('v'));
        let read = parts.and_then(|(depth, version)| {
            let (version, blocks) =
                if version == "1" { (Version::V1, 6) } else { (Version::V2, 9) };
            Some(Self { version, n: depth.parse::<u32>().ok()?.checked_sub(2)? / blocks })
        });
        // What does not print as it was read is no model, such as one of a depth between two.
        read.filter(|read| read.n > 0 && read.to_string() == text).ok_or_else(|| {
            format!("`{text}` is not a model; one is ResNet and its depth and version: ResNet20v1")
        })
    }
}

/// Which images are trained on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum DataSource {
    /// Files in the official CIFAR-10 binary layout.
    #[default]
    Cifar10,
    /// The built-in generated images.
    Synthetic,
}

/// The data set of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataSpec {
    /// Which images.
    pub source: DataSource,
    /// The folder with the CIFAR-10 files, or the one that holds `cifar-10-batches-bin`.
    /// Empty: the user data folder.
    pub folder: PathBuf,
    /// Training images that the synthetic set generates.
    pub synthetic_train_images: u32,
    /// Test images that the synthetic set generates.
    pub synthetic_test_images: u32,
}

impl Default for DataSpec {
    fn default() -> Self {
        Self {
            source: DataSource::Cifar10,
            folder: PathBuf::new(),
            synthetic_train_images: 10_000,
            synthetic_test_images: 2_000,
        }
    }
}

/// The rule that turns gradients into updates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum OptimizerChoice {
    /// Adam as Keras writes it.
    #[default]
    Adam,
    /// Stochastic gradient descent with momentum.
    Sgd,
}

/// How the learning rate changes over a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// The example's steps: ×0.1 after 80, 120 and 160 epochs and ×0.5 after 180.
    #[default]
    Keras,
    /// The papers' steps: ×0.1 after 32,000 and after 48,000 steps.
    Paper,
    /// Half a cosine, from the starting rate after the warm-up to nearly 0 in the last step.
    Cosine,
    /// Keras's ReduceLROnPlateau alone: ×√0.1 after 5 epochs without a lower test loss.
    Plateau,
    /// The starting rate throughout.
    Constant,
}

/// Everything that decides what a run computes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RunSpec {
    /// The family of the model.
    #[serde(rename = "arch")]
    pub version: Version,
    /// Blocks per stage.
    pub n: u32,
    /// Passes over the training set.
    pub epochs: u32,
    /// Images per step; the last step of an epoch may have fewer.
    pub batch_size: u32,
    /// Decides the initial weights, the order of the images and the augmentation.
    pub seed: u64,
    /// The rate the schedule starts from.
    pub learning_rate: f64,
    /// How the rate changes.
    pub schedule: Schedule,
    /// Epochs over which the rate rises from nearly 0, in a straight line.
    pub warm_up_epochs: u32,
    /// What turns gradients into updates.
    pub optimizer: OptimizerChoice,
    /// The part of its last change that a weight repeats, with `sgd`.
    pub momentum: f64,
    /// Look ahead along the momentum, with `sgd`.
    pub nesterov: bool,
    /// The factor of the squares of the convolution kernels in the loss.
    pub l2_penalty: f64,
    /// This times the weight is added to the gradient of every trained number. It is no part of the loss.
    pub weight_decay: f64,
    /// Part of each label that is spread evenly over all classes, in training alone.
    pub label_smoothing: f64,
    /// Evaluate a moving average of the weights with this decay; 0 is off.
    pub weight_average: f64,
    /// Measure the test images together with their mirror images as well.
    pub flip_evaluation: bool,
    /// Part of the training images held out to choose the best epoch on, in [0, 1).
    pub validation_split: f64,
    /// Draw a new order of the images every epoch.
    pub shuffle: bool,
    /// Subtract the mean image of the training set.
    pub subtract_pixel_mean: bool,
    /// Apply `augmentation` to the training images.
    pub data_augmentation: bool,
    /// The arguments of Keras's ImageDataGenerator.
    pub augmentation: Augmentation,
    /// Where to train.
    pub device: DeviceChoice,
    /// The number format.
    pub precision: PrecisionChoice,
    /// CPU threads; 0 is one per core.
    pub threads: u32,
    /// Write a checkpoint at least this often, in seconds, besides those at each epoch's end.
    pub checkpoint_seconds: u64,
    /// Stop after this many steps; 0 is no limit.
    pub max_steps: u64,
    /// The images.
    pub data: DataSpec,
}

impl Default for RunSpec {
    fn default() -> Self {
        Self {
            version: Version::V1,
            n: 3,
            epochs: 200,
            batch_size: 32,
            seed: 1,
            learning_rate: 1e-3,
            schedule: Schedule::Keras,
            warm_up_epochs: 0,
            optimizer: OptimizerChoice::Adam,
            momentum: 0.9,
            nesterov: false,
            l2_penalty: 1e-4,
            weight_decay: 0.0,
            label_smoothing: 0.0,
            weight_average: 0.0,
            flip_evaluation: false,
            validation_split: 0.0,
            shuffle: true,
            subtract_pixel_mean: true,
            data_augmentation: true,
            augmentation: Augmentation::default(),
            device: DeviceChoice::Auto,
            precision: PrecisionChoice::Auto,
            threads: 0,
            checkpoint_seconds: 60,
            max_steps: 0,
            data: DataSpec::default(),
        }
    }
}

/// A value that cannot be trained with: its key and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {message}")]
pub struct InvalidValue {
    /// The key as the configuration file and the flags spell it.
    pub key: &'static str,
    /// What is wrong and what is allowed.
    pub message: String,
}

impl RunSpec {
    /// The model.
    pub fn architecture(&self) -> Architecture {
        Architecture { version: self.version, n: self.n }
    }

    /// Every value out of its range, in the order of the fields; empty when the run can start.
    pub fn problems(&self) -> Vec<InvalidValue> {
        let mut problems = Vec::new();
        let mut check = |ok: bool, key: &'static str, message: String| {
            if !ok {
                problems.push(InvalidValue { key, message });
            }
        };
        check(
            (1..=1_000).contains(&self.n),
            "n",
            format!("{} blocks per stage; allowed is 1 to 1000", self.n),
        );
        check(
            (1..=100_000).contains(&self.epochs),
            "epochs",
            format!("{} epochs; allowed is 1 to 100000", self.epochs),
        );
        check(
            (2..=8_192).contains(&self.batch_size),
            "batch_size",
            format!("{} images; allowed is 2 to 8192", self.batch_size),
        );
        check(
            self.seed <= i64::MAX as u64,
            "seed",
            format!("{} is too large; allowed is 0 to {}", self.seed, i64::MAX),
        );
        check(
            self.learning_rate > 0.0 && self.learning_rate <= 10.0,
            "learning_rate",
            format!("{}; allowed is above 0 and at most 10", self.learning_rate),
        );
        check(
            self.warm_up_epochs == 0 || self.warm_up_epochs < self.epochs,
            "warm_up_epochs",
            format!(
                "{} of {} epochs; allowed is 0 to below the number of epochs",
                self.warm_up_epochs, self.epochs
            ),
        );
        let parts = [
            ("momentum", self.momentum, 1.0),
            ("label_smoothing", self.label_smoothing, 1.0),
            ("weight_average", self.weight_average, 1.0),
            ("validation_split", self.validation_split, 0.9),
        ];
        for (key, value, end) in parts {
            let message = format!("{value}; allowed is 0 to below {end}");
            check((0.0..end).contains(&value), key, message);
        }
        for (key, value) in [("l2_penalty", self.l2_penalty), ("weight_decay", self.weight_decay)] {
            check((0.0..=1.0).contains(&value), key, format!("{value}; allowed is 0 to 1"));
        }
        check(
            self.threads <= 1_024,
            "threads",
            format!("{}; allowed is 0 (one per core) to 1024", self.threads),
        );
        check(
            (1..=86_400).contains(&self.checkpoint_seconds),
            "checkpoint_seconds",
            format!("{} seconds; allowed is 1 to 86400", self.checkpoint_seconds),
        );
        check(
            (10..=1_000_000).contains(&self.data.synthetic_train_images),
            "synthetic_train_images",
            format!("{}; allowed is 10 to 1000000", self.data.synthetic_train_images),
        );
        check(
            (10..=1_000_000).contains(&self.data.synthetic_test_images),
            "synthetic_test_images",
            format!("{}; allowed is 10 to 1000000", self.data.synthetic_test_images),
        );
        problems.extend(self.augmentation.problems());
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_follows_the_papers() {
        let depth = |version, n| Architecture { version, n }.depth();
        assert_eq!(depth(Version::V1, 3), 20);
        assert_eq!(depth(Version::V1, 18), 110);
        assert_eq!(depth(Version::V2, 12), 110);
        assert_eq!(depth(Version::V2, 111), 1001);
        assert_eq!(Architecture { version: Version::V2, n: 6 }.to_string(), "ResNet56v2");
    }

    #[test]
    fn defaults_are_valid_and_each_bad_value_is_named() {
        assert_eq!(RunSpec::default().problems(), []);
        let spec = RunSpec { n: 0, batch_size: 1, learning_rate: f64::NAN, ..RunSpec::default() };
        let keys: Vec<_> = spec.problems().iter().map(|problem| problem.key).collect();
        assert_eq!(keys, ["n", "batch_size", "learning_rate"]);
    }
}
