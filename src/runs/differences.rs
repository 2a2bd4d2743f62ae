//! Which settings of runs differ. Taken from the settings as they are stored, so a new one is never
//! left out.

use serde_json::Value;

use crate::config::recipe::{Recipe, has_effect};
use crate::config::run::RunSpec;

/// Settings that decide where and how fast a run is computed, or which of its seeds it is, but not
/// what is computed.
const NOT_THE_RECIPE: [&str; 10] = [
    "arch",
    "n",
    "seed",
    "flip_evaluation",
    "device",
    "precision",
    "threads",
    "checkpoint_seconds",
    "augmentation.data_format",
    "data",
];

/// One setting of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The key as in the configuration file, such as `augmentation.rotation_range`.
    pub key: String,
    /// The value as text.
    pub value: String,
}

/// A setting in which runs differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The key as in the configuration file.
    pub key: String,
    /// The value in each run, in the order of the runs.
    pub values: Vec<String>,
}

/// Every setting of a run, in the order of the configuration file.
pub fn settings(spec: &RunSpec) -> Vec<Setting> {
    let mut settings = Vec::new();
    // A specification always has a JSON form.
    collect(String::new(), serde_json::to_value(spec).unwrap_or_default(), &mut settings);
    settings
}

fn collect(key: String, value: Value, settings: &mut Vec<Setting>) {
    let value = match value {
        Value::Object(table) => {
            for (name, value) in table {
                let key = if key.is_empty() { name } else { format!("{key}.{name}") };
                collect(key, value, settings);
            }
            return;
        }
        Value::String(text) => text,
        Value::Number(number) => match number.as_f64() {
            // 1e-6 rather than 0.000001.
            Some(small) if small != 0.0 && small.abs() < 1e-4 => format!("{small:e}"),
            // 15 rather than 15.0; whole numbers keep every digit.
            Some(float) if number.is_f64() => float.to_string(),
            _ => number.to_string(),
        },
        other => other.to_string(),
    };
    settings.push(Setting { key, value });
}

/// The settings in which at least two of the runs differ.
pub fn differing(specs: &[&RunSpec]) -> Vec<Difference> {
    let columns: Vec<Vec<Setting>> = specs.iter().map(|spec| settings(spec)).collect();
    let Some(first) = columns.first() else { return Vec::new() };
    first
        .iter()
        .enumerate()
        .map(|(index, setting)| Difference {
            key: setting.key.clone(),
            values: columns
                .iter()
                .filter_map(|column| Some(column.get(index)?.value.clone()))
                .collect(),
        })
        .filter(|difference| {
            let first = difference.values.first();
            difference.values.iter().any(|value| Some(value) != first)
        })
        .collect()
}

/// The settings that change what is computed and are not those of a recipe, with the recipe's value
/// second. Arguments that have no effect beside the others are left out.
pub fn changes_of_recipe(spec: &RunSpec, recipe: Recipe) -> Vec<Difference> {
    let recipe = recipe.spec();
    differing(&[spec, &recipe])
        .into_iter()
        .filter(|difference| {
            let key = difference.key.as_str();
            let table = key.split('.').next().unwrap_or(key);
            !NOT_THE_RECIPE.contains(&key) && !NOT_THE_RECIPE.contains(&table)
        })
        .filter(|difference| has_effect(&difference.key, spec))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::augmentation::Augmentation;
    use crate::config::run::{DataSource, DataSpec, DeviceChoice, Version};

    fn rows(differences: &[Difference]) -> Vec<String> {
        let row = |difference: &Difference| {
            format!("{}: {}", difference.key, difference.values.join(", "))
        };
        differences.iter().map(row).collect()
    }

    #[test]
    fn settings_are_those_of_the_configuration_file() {
        let table = toml::Table::try_from(RunSpec::default()).unwrap();
        let count: usize =
            table.values().map(|value| value.as_table().map_or(1, toml::Table::len)).sum();
        let settings = settings(&RunSpec::default());
        assert_eq!(settings.len(), count);
        let value = |key: &str| {
            settings.iter().find(|setting| setting.key == key).map(|setting| setting.value.as_str())
        };
        assert_eq!(settings[0].key, "arch", "declared first");
        assert_eq!(value("arch"), Some("v1"));
        assert_eq!(value("learning_rate"), Some("0.001"));
        assert_eq!(value("augmentation.zca_epsilon"), Some("1e-6"));
        assert_eq!(value("augmentation.rotation_range"), Some("0"));
        assert_eq!(value("augmentation.horizontal_flip"), Some("true"));
        assert_eq!(value("data.synthetic_train_images"), Some("10000"));
    }

    #[test]
    fn only_what_differs_is_listed_with_every_run() {
        let v1 = RunSpec::default();
        let v2 = RunSpec { version: Version::V2, n: 2, seed: u64::MAX, ..RunSpec::default() };
        let differences = differing(&[&v1, &v2, &v1]);
        let expected = ["arch: v1, v2, v1", "n: 3, 2, 3", "seed: 1, 18446744073709551615, 1"];
        assert_eq!(rows(&differences), expected);
        assert_eq!(differing(&[&v1, &v1]), []);
        assert_eq!(differing(&[&v1]), []);
        assert_eq!(differing(&[]), []);
    }

    #[test]
    fn what_does_not_change_the_numbers_is_no_change_of_the_recipe() {
        let spec = RunSpec {
            version: Version::V2,
            n: 6,
            seed: 4,
            device: DeviceChoice::Cpu,
            threads: 3,
            checkpoint_seconds: 5,
            data: DataSpec { source: DataSource::Synthetic, ..DataSpec::default() },
            augmentation: Augmentation { cval: 3.0, zca_epsilon: 0.1, ..Augmentation::default() },
            ..RunSpec::default()
        };
        assert_eq!(changes_of_recipe(&spec, Recipe::Keras), []);
    }

    #[test]
    fn every_changed_argument_is_named() {
        let mut spec = RunSpec { batch_size: 128, ..RunSpec::default() };
        spec.augmentation.rotation_range = 15.0;
        spec.augmentation.zca_whitening = true;
        spec.augmentation.zca_epsilon = 1e-5;
        let expected = [
            "batch_size: 128, 32",
            "augmentation.zca_whitening: true, false",
            "augmentation.zca_epsilon: 1e-5, 1e-6",
            "augmentation.rotation_range: 15, 0",
        ];
        assert_eq!(rows(&changes_of_recipe(&spec, Recipe::Keras)), expected);
        spec.data_augmentation = false;
        let expected = ["batch_size: 128, 32", "data_augmentation: false, true"];
        assert_eq!(rows(&changes_of_recipe(&spec, Recipe::Keras)), expected);
    }
}
