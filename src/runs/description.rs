//! What a run folder says about the run besides its events.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::config::run::RunSpec;
use crate::protocol::Started;

/// `run.json`: everything that decides what the run computes, and where it was first trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunDescription {
    /// The folder's name, such as `2026-11-24-0312-resnet20v1-seed1`.
    pub id: String,
    /// When the run was created (UTC).
    pub created: Timestamp,
    /// The recipe.
    pub spec: RunSpec,
    /// The version of this program that created the run.
    pub program_version: String,
    /// The file of weights that the run began with in place of drawn ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_weights: Option<PathBuf>,
    /// Known once training has begun for the first time.
    #[serde(default)]
    pub environment: Option<Environment>,
}

/// What the recipe met when training first began. A resumed run keeps the precision and insists on
/// the same images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// The device, such as `cpu` or `cuda:0`.
    pub device: String,
    /// The device's own name, such as the processor's model.
    pub device_name: String,
    /// `fp32` or `bf16`, decided once for the whole run.
    pub precision: String,
    /// The version of libtorch.
    pub libtorch: String,
    /// The data set in words.
    pub data: String,
    /// A checksum over all images and labels.
    pub data_fingerprint: String,
}

impl From<&Started> for Environment {
    fn from(started: &Started) -> Self {
        Self {
            device: started.device.clone(),
            device_name: started.device_name.clone(),
            precision: started.precision.clone(),
            libtorch: started.libtorch.clone(),
            data: started.data.clone(),
            data_fingerprint: started.data_fingerprint.clone(),
        }
    }
}

/// `labels.json`: what the user calls the run. Nothing here changes what it computes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Labels {
    /// Shown in place of the id where it is not empty.
    pub title: String,
    /// Words to filter by.
    pub tags: Vec<String>,
    /// Free text.
    pub note: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::recipe::Recipe;

    /// As versions before the recipes wrote it.
    const OLD: &str = r#"{"id":"2026-11-24-0312-resnet20v1-seed3","created":"2026-11-24T03:12:00Z",
        "spec":{"arch":"v1","n":3,"epochs":200,"batch_size":32,"seed":3,"learning_rate":0.001,
        "schedule":"keras","validation_split":0.0,"shuffle":true,"subtract_pixel_mean":true,
        "data_augmentation":true,"augmentation":{"featurewise_center":false,"samplewise_center":false,
        "featurewise_std_normalization":false,"samplewise_std_normalization":false,
        "zca_whitening":false,"zca_epsilon":1e-6,"rotation_range":0.0,"width_shift_range":0.1,
        "height_shift_range":0.1,"shear_range":0.0,"zoom_range":0.0,"channel_shift_range":0.0,
        "fill_mode":"nearest","cval":0.0,"horizontal_flip":true,"vertical_flip":false,"rescale":0.0,
        "preprocessing_function":"none","data_format":"channels_last"},"device":"auto",
        "precision":"auto","threads":0,"checkpoint_seconds":60,"max_steps":0,
        "data":{"source":"cifar10","folder":"","synthetic_train_images":10000,
        "synthetic_test_images":2000}},"program_version":"0.1.0","environment":null}"#;

    #[test]
    fn a_run_of_before_the_recipes_is_one_of_keras() {
        let run: RunDescription = serde_json::from_str(OLD).unwrap();
        assert_eq!(run.spec, RunSpec { seed: 3, ..Recipe::Keras.spec() });
    }
}
