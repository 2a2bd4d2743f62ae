//! The fields besides augmentation.

use super::{
    Entry, Field, Section, choice, choose, decimal, name, names, number, on_off, switch, switched,
    toggle, whole,
};
use crate::config::recipe::{self, Recipe};
use crate::config::run::{
    Architecture, DataSource, DeviceChoice, OptimizerChoice, PrecisionChoice, RunSpec, Schedule,
    Version,
};
use crate::runs::reference;

/// Before the name of the recipe that a changed run is closest to.
const LIKE: &str = "like ";

/// Model, training and data.
#[rustfmt::skip]
pub(super) const BEFORE_AUGMENTATION: &[Field] = &[
    Field {
        key: "model",
        section: Section::Model,
        entry: Entry::Choice(models),
        help: "A model of the Keras and paper tables. For any other, set version and n.",
        get: |spec| spec.architecture().to_string(),
        set: set_model,
    },
    choice!(Model, "arch", Version, version, "v1: basic blocks, depth 6n+2. v2: pre-activation bottlenecks, depth 9n+2."),
    whole!(Model, "n", Entry::Integer(1), n, "Blocks in each of the three stages; any number from 1."),
    Field {
        key: "recipe",
        section: Section::Training,
        entry: Entry::Choice(names::<Recipe>),
        help: "Sets what belongs to a recipe: keras is the Keras example's, paper that of the original papers, modern one of today. `like` stands before the name once a value was changed.",
        get: recipe_name,
        set: set_recipe,
    },
    whole!(Training, "epochs", Entry::Integer(10), epochs, "Passes over the training set. The Keras example trains 200."),
    whole!(Training, "batch_size", Entry::Doubling, batch_size, "Images per step. The Keras example takes 32, the papers 128."),
    whole!(Training, "seed", Entry::Integer(1), seed, "Decides the initial weights, the order of the images and the augmentation. Several, as in 1-3, 7, make a run each."),
    decimal!(Training, "learning_rate", 0.0005, learning_rate, "The rate that the schedule starts from."),
    choice!(Training, "schedule", Schedule, schedule, "keras: x0.1 after 80, 120 and 160 epochs, x0.5 after 180. paper: x0.1 after 32,000 and 48,000 steps. cosine: down to nearly 0. plateau: x0.32 after 5 epochs without a lower loss. constant: no change."),
    whole!(Training, "warm_up_epochs", Entry::Integer(1), warm_up_epochs, "Epochs over which the rate rises from nearly 0 to what the schedule says."),
    choice!(Training, "optimizer", OptimizerChoice, optimizer, "adam: as Keras writes it. sgd: gradient descent with momentum."),
    decimal!(Training, "momentum", 0.05, momentum, "With sgd: the part of its last change that a weight repeats."),
    toggle!(Training, "nesterov", nesterov, "With sgd: look ahead along the momentum."),
    decimal!(Training, "l2_penalty", 0.0001, l2_penalty, "The factor of the squared convolution kernels in the loss, as Keras has it."),
    decimal!(Training, "weight_decay", 0.0001, weight_decay, "This times the weight is added to the gradient of every weight, bias and batch-norm parameter, as the papers have it. It is no part of the loss."),
    decimal!(Training, "label_smoothing", 0.01, label_smoothing, "Part of each label that is spread evenly over all classes, in training alone."),
    decimal!(Training, "weight_average", 0.999, weight_average, "Evaluate and keep a moving average of the weights with this decay; 0 is off."),
    toggle!(Training, "flip_evaluation", flip_evaluation, "Measure the test images together with their mirror images as well: a figure of its own, which makes the evaluation twice as long."),
    decimal!(Training, "validation_split", 0.05, validation_split, "Part of the training images held out to choose the best epoch on. At 0 the test set chooses it, as in the Keras example."),
    toggle!(Training, "shuffle", shuffle, "Draw a new order of the images every epoch."),
    whole!(Training, "max_steps", Entry::Integer(100), max_steps, "Stop after this many steps; 0 is no limit."),
    choice!(Data, "source", DataSource, data.source, "cifar10: the files of the official binary archive. synthetic: images generated here, to try the program without the archive; its results do not count as CIFAR-10."),
    Field {
        key: "folder",
        section: Section::Data,
        entry: Entry::Text,
        help: "The folder with the CIFAR-10 files, or the one that holds cifar-10-batches-bin. Empty: the user data folder.",
        get: |spec| spec.data.folder.display().to_string(),
        set: |spec, text| { spec.data.folder = text.into(); Ok(()) },
    },
    whole!(Data, "synthetic_train_images", Entry::Doubling, data.synthetic_train_images, "Training images that the synthetic set generates."),
    whole!(Data, "synthetic_test_images", Entry::Doubling, data.synthetic_test_images, "Test images that the synthetic set generates."),
    toggle!(Data, "subtract_pixel_mean", subtract_pixel_mean, "Subtract the mean image of the training set."),
];

/// Where it runs and what is kept.
#[rustfmt::skip]
pub(super) const AFTER_AUGMENTATION: &[Field] = &[
    Field {
        key: "device",
        section: Section::Machine,
        entry: Entry::Suggested(devices),
        help: "auto takes the first GPU, or the CPU where there is none. cuda:1 is the second GPU.",
        get: |spec| spec.device.to_string(),
        set: |spec, text| { spec.device = text.trim().parse()?; Ok(()) },
    },
    choice!(Machine, "precision", PrecisionChoice, precision, "The number format of activations; weights and statistics are always fp32. auto takes bf16 where the hardware computes it faster."),
    whole!(Machine, "threads", Entry::Integer(1), threads, "CPU threads; 0 is one per core."),
    whole!(Machine, "checkpoint_seconds", Entry::Integer(30), checkpoint_seconds, "Write a checkpoint at least this often, besides those at each epoch's end."),
];

fn models() -> Vec<String> {
    reference::architectures().map(|model| model.to_string()).collect()
}

/// Takes a model by its name, such as `ResNet20v1`, whether the document has it or not.
fn set_model(spec: &mut RunSpec, text: &str) -> Result<(), String> {
    let Architecture { version, n } = text
        .parse::<Architecture>()
        .map_err(|_| format!("`{text}` is not one of {}", models().join(", ")))?;
    (spec.version, spec.n) = (version, n);
    Ok(())
}

/// `modern`, or `like modern` where single settings were changed.
fn recipe_name(spec: &RunSpec) -> String {
    let (recipe, changes) = recipe::nearest(spec);
    if changes.is_empty() { recipe.to_string() } else { format!("{LIKE}{recipe}") }
}

/// Takes the settings of a recipe by its name. One that the run is merely like is left as it is.
fn set_recipe(spec: &mut RunSpec, text: &str) -> Result<(), String> {
    if text.starts_with(LIKE) && recipe_name(spec) == text {
        return Ok(());
    }
    let mut recipe = Recipe::default();
    choose(&mut recipe, text)?;
    recipe.apply(spec);
    Ok(())
}

fn devices() -> Vec<String> {
    [DeviceChoice::Auto, DeviceChoice::Cpu, DeviceChoice::Cuda(0), DeviceChoice::Mps]
        .iter()
        .map(DeviceChoice::to_string)
        .collect()
}
