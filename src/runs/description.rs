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
