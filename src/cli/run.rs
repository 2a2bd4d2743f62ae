//! The flags that say what a run is. Each is named after its key in the configuration.

use std::path::PathBuf;

use clap::Args;

use super::augmentation::AugmentationFlags;
use crate::config::recipe::Recipe;
use crate::config::run::{
    DataSource, DeviceChoice, InvalidValue, OptimizerChoice, PrecisionChoice, RunSpec, Schedule,
    Version,
};

/// Everything that decides what a run computes.
#[derive(Clone, Debug, Default, Args)]
pub struct RunFlags {
    /// The model.
    #[command(flatten)]
    pub model: ModelFlags,
    /// The images.
    #[command(flatten)]
    pub data: DataFlags,
    /// How the model learns.
    #[command(flatten)]
    pub recipe: RecipeFlags,
    /// The arguments of ImageDataGenerator.
    #[command(flatten)]
    pub augmentation: AugmentationFlags,
    /// Where to train.
    #[command(flatten)]
    pub device: DeviceFlags,
    /// Write a checkpoint at least this often, besides those at each epoch's end
    #[arg(long, value_name = "SECONDS", help_heading = "Run")]
    pub checkpoint_seconds: Option<u64>,
    /// Stop after this many steps; 0 is no limit
    #[arg(long, value_name = "STEPS", help_heading = "Run")]
    pub max_steps: Option<u64>,
}

/// Which model.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Model")]
pub struct ModelFlags {
    /// The family: v1 with basic blocks, v2 with pre-activation bottlenecks
    #[arg(long, value_enum, value_name = "FAMILY")]
    pub arch: Option<Version>,
    /// Blocks in each of the three stages; the depth is 6N+2 for v1, 9N+2 for v2
    #[arg(long)]
    pub n: Option<u32>,
}

/// Which images.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Data")]
pub struct DataFlags {
    /// The folder with the CIFAR-10 files, or the one that holds cifar-10-batches-bin
    #[arg(long, value_name = "DIR", conflicts_with = "synthetic")]
    pub data_dir: Option<PathBuf>,
    /// Use the built-in generated images in place of CIFAR-10
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true",
          hide_possible_values = true)]
    pub synthetic: Option<bool>,
    /// Training images that the synthetic set generates
    #[arg(long, value_name = "IMAGES")]
    pub synthetic_train_images: Option<u32>,
    /// Test images that the synthetic set generates
    #[arg(long, value_name = "IMAGES")]
    pub synthetic_test_images: Option<u32>,
}

/// How the model learns.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Recipe")]
pub struct RecipeFlags {
    /// Take all settings of a named recipe; the flags beside it change single ones
    #[arg(long, value_enum)]
    pub recipe: Option<Recipe>,
    /// Passes over the training set
    #[arg(long)]
    pub epochs: Option<u32>,
    /// Images per step
    #[arg(long, value_name = "IMAGES")]
    pub batch_size: Option<u32>,
    /// Decides the initial weights, the order of the images and the augmentation
    #[arg(long)]
    pub seed: Option<u64>,
    /// The rate that the schedule starts from
    #[arg(long, value_name = "RATE")]
    pub learning_rate: Option<f64>,
    /// How the learning rate changes over the run
    #[arg(long, value_enum)]
    pub schedule: Option<Schedule>,
    /// Epochs over which the rate rises from nearly 0
    #[arg(long, value_name = "EPOCHS")]
    pub warm_up_epochs: Option<u32>,
    /// What turns gradients into updates
    #[arg(long, value_enum)]
    pub optimizer: Option<OptimizerChoice>,
    /// The part of its last change that a weight repeats, with --optimizer sgd
    #[arg(long, value_name = "PART")]
    pub momentum: Option<f64>,
    /// Look ahead along the momentum, with --optimizer sgd
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true",
          hide_possible_values = true)]
    pub nesterov: Option<bool>,
    /// The factor of the squared convolution kernels in the loss, as Keras has it
    #[arg(long, value_name = "FACTOR")]
    pub l2_penalty: Option<f64>,
    /// Added to the gradient times every weight, as the papers have it; no part of the loss
    #[arg(long, value_name = "FACTOR")]
    pub weight_decay: Option<f64>,
    /// Part of each label that is spread over all classes, in training alone
    #[arg(long, value_name = "PART")]
    pub label_smoothing: Option<f64>,
    /// Evaluate and keep a moving average of the weights; 0 is off
    #[arg(long, value_name = "DECAY")]
    pub weight_average: Option<f64>,
    /// Measure the test images together with their mirror images as well
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true",
          hide_possible_values = true)]
    pub flip_evaluation: Option<bool>,
    /// Part of the training images held out to choose the best epoch on
    #[arg(long, value_name = "PART")]
    pub validation_split: Option<f64>,
    /// Draw a new order of the images every epoch
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true",
          hide_possible_values = true)]
    pub shuffle: Option<bool>,
    /// Keep the images in the order of the files: --shuffle false
    #[arg(long, conflicts_with = "shuffle")]
    pub no_shuffle: bool,
    /// Subtract the mean image of the training set
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true",
          hide_possible_values = true)]
    pub subtract_pixel_mean: Option<bool>,
    /// Leave the mean image in: --subtract-pixel-mean false
    #[arg(long, conflicts_with = "subtract_pixel_mean")]
    pub no_pixel_mean: bool,
}

/// Where and how precisely to compute.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Where to compute")]
pub struct DeviceFlags {
    /// auto, cpu, cuda, cuda:INDEX or mps
    #[arg(long)]
    pub device: Option<DeviceChoice>,
    /// The number format of activations and convolutions
    #[arg(long, value_enum)]
    pub precision: Option<PrecisionChoice>,
    /// CPU threads; 0 is one per core
    #[arg(long)]
    pub threads: Option<u32>,
}

/// Overrides a setting with a flag that was given.
pub(super) fn set<T>(setting: &mut T, flag: Option<T>) {
    if let Some(value) = flag {
        *setting = value;
    }
}

/// The value of a switch that has a short form for `false`.
fn switch(given: Option<bool>, off: bool) -> Option<bool> {
    if off { Some(false) } else { given }
}

impl RunFlags {
    /// Overrides what the flags name.
    pub fn apply(self, spec: &mut RunSpec) {
        self.model.apply(spec);
        self.data.apply(spec);
        self.recipe.apply(spec);
        self.augmentation.apply(spec);
        self.device.apply(spec);
        set(&mut spec.checkpoint_seconds, self.checkpoint_seconds);
        set(&mut spec.max_steps, self.max_steps);
    }
}

impl ModelFlags {
    /// Overrides what the flags name.
    pub fn apply(self, spec: &mut RunSpec) {
        set(&mut spec.version, self.arch);
        set(&mut spec.n, self.n);
    }
}

impl DataFlags {
    /// Overrides what the flags name.
    pub fn apply(self, spec: &mut RunSpec) {
        if let Some(folder) = self.data_dir {
            spec.data.source = DataSource::Cifar10;
            // A run may be resumed from another working folder.
            spec.data.folder = std::path::absolute(&folder).unwrap_or(folder);
        }
        set(
            &mut spec.data.source,
            self.synthetic.map(
                |synthetic| {
                    if synthetic { DataSource::Synthetic } else { DataSource::Cifar10 }
                },
            ),
        );
        set(&mut spec.data.synthetic_train_images, self.synthetic_train_images);
        set(&mut spec.data.synthetic_test_images, self.synthetic_test_images);
    }
}

impl RecipeFlags {
    fn apply(self, spec: &mut RunSpec) {
        if let Some(recipe) = self.recipe {
            recipe.apply(spec);
        }
        set(&mut spec.epochs, self.epochs);
        set(&mut spec.batch_size, self.batch_size);
        set(&mut spec.seed, self.seed);
        set(&mut spec.learning_rate, self.learning_rate);
        set(&mut spec.schedule, self.schedule);
        set(&mut spec.warm_up_epochs, self.warm_up_epochs);
        set(&mut spec.optimizer, self.optimizer);
        set(&mut spec.momentum, self.momentum);
        set(&mut spec.nesterov, self.nesterov);
        set(&mut spec.l2_penalty, self.l2_penalty);
        set(&mut spec.weight_decay, self.weight_decay);
        set(&mut spec.label_smoothing, self.label_smoothing);
        set(&mut spec.weight_average, self.weight_average);
        set(&mut spec.flip_evaluation, self.flip_evaluation);
        set(&mut spec.validation_split, self.validation_split);
        set(&mut spec.shuffle, switch(self.shuffle, self.no_shuffle));
        let subtract = switch(self.subtract_pixel_mean, self.no_pixel_mean);
        set(&mut spec.subtract_pixel_mean, subtract);
    }
}

impl DeviceFlags {
    /// Overrides what the flags name.
    pub fn apply(self, spec: &mut RunSpec) {
        set(&mut spec.device, self.device);
        set(&mut spec.precision, self.precision);
        set(&mut spec.threads, self.threads);
    }
}

impl AugmentationFlags {
    fn apply(self, spec: &mut RunSpec) {
        let switch = switch(self.data_augmentation, self.no_augment);
        set(&mut spec.data_augmentation, switch);
        self.apply_arguments(&mut spec.augmentation);
    }
}

/// Says a value out of its range in terms of the flag it came from. Correct where the configuration
/// file was checked before the flags were applied.
pub fn flag_problem(problem: &InvalidValue) -> String {
    let flag = problem.key.replace('_', "-");
    format!("invalid value for --{flag}: {}", problem.message)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    #[command(allow_negative_numbers = true)]
    struct Flags {
        #[command(flatten)]
        run: RunFlags,
    }

    fn applied(flags: &str, spec: RunSpec) -> RunSpec {
        let mut spec = spec;
        let words = std::iter::once("x").chain(flags.split_whitespace());
        Flags::try_parse_from(words).unwrap().run.apply(&mut spec);
        spec
    }

    #[test]
    fn no_flag_changes_nothing() {
        let spec = RunSpec { n: 9, shuffle: false, ..RunSpec::default() };
        assert_eq!(applied("", spec.clone()), spec);
    }

    #[test]
    fn flags_win_and_the_rest_stays() {
        let file = RunSpec { n: 9, epochs: 5, batch_size: 64, ..RunSpec::default() };
        let spec = applied("--arch v2 --n 6 --epochs 7 --learning-rate 1e-2 --device cuda:1", file);
        let expected = RunSpec {
            version: Version::V2,
            n: 6,
            epochs: 7,
            batch_size: 64,
            learning_rate: 0.01,
            device: DeviceChoice::Cuda(1),
            ..RunSpec::default()
        };
        assert_eq!(spec, expected);
    }

    #[test]
    fn switches_can_be_set_both_ways() {
        let off = "--no-augment --no-shuffle --no-pixel-mean --horizontal-flip false";
        let spec = applied(off, RunSpec::default());
        let switches = [
            spec.data_augmentation,
            spec.shuffle,
            spec.subtract_pixel_mean,
            spec.augmentation.horizontal_flip,
        ];
        assert_eq!(switches, [false; 4]);
        let on = "--data-augmentation --shuffle true --subtract-pixel-mean --horizontal-flip";
        assert_eq!(applied(on, spec), RunSpec::default());
    }

    #[test]
    fn the_data_flags_choose_the_source() {
        let synthetic = applied("--synthetic --synthetic-train-images 64", RunSpec::default());
        assert_eq!(synthetic.data.source, DataSource::Synthetic);
        assert_eq!(synthetic.data.synthetic_train_images, 64);
        let files = applied("--data-dir images", synthetic.clone());
        assert_eq!(files.data.source, DataSource::Cifar10);
        assert!(files.data.folder.is_absolute() && files.data.folder.ends_with("images"));
        let default = applied("--synthetic false", synthetic);
        assert_eq!(default.data.source, DataSource::Cifar10);
        assert_eq!(default.data.folder, Path::new(""));
    }

    #[test]
    fn a_recipe_comes_before_the_flags_beside_it_and_after_the_file() {
        let file = RunSpec { n: 9, batch_size: 64, seed: 5, ..RunSpec::default() };
        let spec = applied("--epochs 10 --recipe paper --random-crop 2", file);
        let mut expected = RunSpec { n: 9, seed: 5, epochs: 10, ..Recipe::Paper.spec() };
        expected.augmentation.random_crop = 2;
        assert_eq!(spec, expected);
        let off = "--recipe keras --random-crop 0 --epochs 200";
        assert_eq!(applied(off, spec), RunSpec { n: 9, seed: 5, ..RunSpec::default() });
    }

    #[test]
    fn every_setting_of_a_run_has_its_flag() {
        // Each at a value that is not the default; what a flag misses stays equal to the default.
        let flags = "--arch v2 --n 4 --epochs 3 --batch-size 8 --seed 9 --learning-rate 0.5 \
            --schedule plateau --validation-split 0.1 --shuffle false --subtract-pixel-mean false \
            --data-augmentation false --device cpu --precision bf16 --threads 2 \
            --checkpoint-seconds 7 --max-steps 11 --data-dir d --synthetic-train-images 20 \
            --synthetic-test-images 30 --featurewise-center --samplewise-center \
            --featurewise-std-normalization --samplewise-std-normalization --zca-whitening \
            --zca-epsilon 0.1 --rotation-range 1 --width-shift-range 0.2 --height-shift-range 0.3 \
            --shear-range 4 --zoom-range 0.5 --channel-shift-range 6 --fill-mode wrap --cval -7 \
            --horizontal-flip false --vertical-flip --rescale 0.8 --preprocessing-function none \
            --data-format channels_first --warm-up-epochs 2 --optimizer sgd --momentum 0.8 \
            --nesterov --l2-penalty 0.2 --weight-decay 0.3 --label-smoothing 0.4 \
            --weight-average 0.5 --flip-evaluation --random-crop 3 --cutout 9 --mixup 0.6";
        let table = |spec| toml::Table::try_from(spec).unwrap();
        let (set, default) = (table(applied(flags, RunSpec::default())), table(RunSpec::default()));
        let same = |set: &toml::Table, default: &toml::Table| -> Vec<String> {
            let equal = set.iter().filter(|(key, value)| default.get(*key) == Some(value));
            equal.map(|(key, _)| key.clone()).collect()
        };
        let inner = |name| same(set[name].as_table().unwrap(), default[name].as_table().unwrap());
        assert_eq!(same(&set, &default), [""; 0]);
        assert_eq!(inner("augmentation"), ["preprocessing_function"], "it has one value only");
        assert_eq!(inner("data"), ["source"], "set in the_data_flags_choose_the_source");
    }
}
