//! The recipes by name: which settings each of them is.
//!
//! A run does not store the name of its recipe. It is told from the settings, so it cannot be wrong.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::augmentation::{Augmentation, FillMode};
use super::run::{OptimizerChoice, RunSpec, Schedule};

/// A recipe that has a name. `docs/recipes.md` has them side by side, with their sources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Recipe {
    /// The Keras CIFAR-10 ResNet example's.
    #[default]
    Keras,
    /// That of the papers (He et al. 2015, 2016).
    Paper,
    /// SGD with a cosine schedule, and what else has proved itself on small ResNets since.
    Modern,
}

impl Recipe {
    /// All of them, the default first.
    pub const ALL: [Self; 3] = [Self::Keras, Self::Paper, Self::Modern];

    /// The settings, for ResNet20 v1 with everything that belongs to no recipe at its default.
    pub fn spec(self) -> RunSpec {
        match self {
            Self::Keras => RunSpec::default(),
            Self::Paper => RunSpec {
                // 391 steps each: the papers' 64,000 steps, and 124 more to complete the last epoch.
                epochs: 164,
                batch_size: 128,
                optimizer: OptimizerChoice::Sgd,
                momentum: 0.9,
                learning_rate: 0.1,
                schedule: Schedule::Paper,
                l2_penalty: 0.0,
                weight_decay: 1e-4,
                augmentation: crop_and_flip(),
                ..RunSpec::default()
            },
            Self::Modern => RunSpec {
                epochs: 200,
                batch_size: 128,
                optimizer: OptimizerChoice::Sgd,
                momentum: 0.9,
                nesterov: true,
                learning_rate: 0.4,
                schedule: Schedule::Cosine,
                warm_up_epochs: 5,
                l2_penalty: 0.0,
                weight_decay: 1e-4,
                label_smoothing: 0.01,
                augmentation: crop_and_flip(),
                ..RunSpec::default()
            },
        }
    }

    /// Sets everything that belongs to a recipe. The model, the images, the seed, where the run is
    /// computed, how long it may take and what it is judged by stay as they are.
    pub fn apply(self, spec: &mut RunSpec) {
        let recipe = self.spec();
        let data_format = spec.augmentation.data_format;
        *spec = RunSpec {
            version: spec.version,
            n: spec.n,
            seed: spec.seed,
            validation_split: spec.validation_split,
            flip_evaluation: spec.flip_evaluation,
            device: spec.device,
            precision: spec.precision,
            threads: spec.threads,
            checkpoint_seconds: spec.checkpoint_seconds,
            max_steps: spec.max_steps,
            data: std::mem::take(&mut spec.data),
            augmentation: Augmentation { data_format, ..recipe.augmentation },
            ..recipe
        };
    }
}

/// The recipe that a run is closest to, and the keys of the settings in which it differs from it.
/// Settings that have no effect beside the others do not count.
pub fn nearest(spec: &RunSpec) -> (Recipe, Vec<String>) {
    let own = values(spec);
    let of = |recipe: Recipe| {
        let mut unchanged = spec.clone();
        recipe.apply(&mut unchanged);
        let mut keys = differing(&own, &values(&unchanged), "");
        keys.retain(|key| has_effect(key, spec));
        (recipe, keys)
    };
    let later = Recipe::ALL.into_iter().skip(1).map(of);
    // Of equally close ones the first.
    later.fold(of(Recipe::Keras), |best, it| if it.1.len() < best.1.len() { it } else { best })
}

/// The recipe of a run in words: `modern`, or `modern but epochs=10, augmentation.cutout=16`.
pub fn describe(spec: &RunSpec) -> String {
    let (recipe, changes) = nearest(spec);
    if changes.is_empty() {
        return recipe.to_string();
    }
    let values = values(spec);
    let value = |key: &String| {
        let value = values.pointer(&format!("/{}", key.replace('.', "/")));
        let value = value.map(Value::to_string).unwrap_or_default();
        format!("{key}={}", value.trim_matches('"'))
    };
    let changes: Vec<String> = changes.iter().map(value).collect();
    format!("{recipe} but {}", changes.join(", "))
}

/// Every setting, in the order of the configuration file.
fn values(spec: &RunSpec) -> Value {
    // A run always has a JSON form.
    serde_json::to_value(spec).unwrap_or_default()
}

/// The keys of the values that differ, in inner tables after the name of the table.
fn differing(a: &Value, b: &Value, prefix: &str) -> Vec<String> {
    let Value::Object(table) = a else { return Vec::new() };
    let of = |(key, a): (&String, &Value)| match (a, b.get(key)) {
        (Value::Object(_), Some(b)) => differing(a, b, &format!("{prefix}{key}.")),
        (a, Some(b)) if a == b => Vec::new(),
        _ => vec![format!("{prefix}{key}")],
    };
    table.iter().flat_map(of).collect()
}

/// Whether a setting changes what is computed, given the others.
pub fn has_effect(key: &str, spec: &RunSpec) -> bool {
    let Some(argument) = key.strip_prefix("augmentation.") else {
        return match key {
            "momentum" | "nesterov" => spec.optimizer == OptimizerChoice::Sgd,
            _ => true,
        };
    };
    spec.data_augmentation
        && match argument {
            "cval" => spec.augmentation.fill_mode == FillMode::Constant,
            "zca_epsilon" => spec.augmentation.zca_whitening,
            _ => true,
        }
}

/// The augmentation of the papers: a margin of 4 zeros, and mirroring.
fn crop_and_flip() -> Augmentation {
    Augmentation {
        width_shift_range: 0.0,
        height_shift_range: 0.0,
        horizontal_flip: true,
        random_crop: 4,
        ..Augmentation::default()
    }
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keras => "keras",
            Self::Paper => "paper",
            Self::Modern => "modern",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::augmentation::DataFormat;
    use crate::config::run::{DataSource, DeviceChoice, PrecisionChoice, Version};

    #[test]
    fn every_recipe_can_be_trained_and_the_default_is_the_first() {
        for recipe in Recipe::ALL {
            assert_eq!(recipe.spec().problems(), [], "{recipe}");
        }
        assert_eq!(Recipe::ALL.first(), Some(&Recipe::default()));
        assert_eq!(Recipe::default().spec(), RunSpec::default());
        assert_eq!(Recipe::ALL, Recipe::value_variants());
    }

    #[test]
    fn a_run_is_named_after_the_recipe_it_is_closest_to() {
        for recipe in Recipe::ALL {
            let own = RunSpec { n: 5, seed: 9, max_steps: 7, threads: 2, ..recipe.spec() };
            assert_eq!(nearest(&own), (recipe, vec![]));
            assert_eq!(describe(&own), recipe.to_string());
        }
        let mut spec = RunSpec { epochs: 10, ..Recipe::Modern.spec() };
        spec.augmentation.cutout = 16;
        spec.augmentation.cval = 3.0;
        let keys = ["epochs".to_owned(), "augmentation.cutout".to_owned()];
        assert_eq!(nearest(&spec), (Recipe::Modern, keys.to_vec()));
        assert_eq!(describe(&spec), "modern but epochs=10, augmentation.cutout=16");
        let adam = RunSpec { momentum: 0.5, schedule: Schedule::Plateau, ..RunSpec::default() };
        assert_eq!(describe(&adam), "keras but schedule=plateau");
    }

    #[test]
    fn a_recipe_leaves_alone_what_belongs_to_none() {
        let mut spec = RunSpec {
            version: Version::V2,
            n: 6,
            seed: 7,
            validation_split: 0.1,
            flip_evaluation: true,
            device: DeviceChoice::Cpu,
            precision: PrecisionChoice::Fp32,
            threads: 2,
            checkpoint_seconds: 5,
            max_steps: 9,
            ..RunSpec::default()
        };
        spec.data.source = DataSource::Synthetic;
        spec.augmentation.data_format = DataFormat::ChannelsFirst;
        let own = spec.clone();
        Recipe::Modern.apply(&mut spec);
        assert_eq!((spec.n, spec.seed, spec.max_steps), (6, 7, 9));
        assert_eq!((spec.batch_size, spec.augmentation.random_crop), (128, 4));
        Recipe::Keras.apply(&mut spec);
        assert_eq!(spec, own);
    }
}
