//! How runs that wait are started.

use serde::{Deserialize, Serialize};

use super::run::InvalidValue;

/// The `[queue]` section of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueueConfig {
    /// Runs that the dashboard trains at a time.
    pub max_parallel: u32,
    /// Start the next run while one is paused.
    pub paused_frees_place: bool,
}

impl Default for QueueConfig {
    fn default() -> Self {
        Self { max_parallel: 1, paused_frees_place: false }
    }
}

impl QueueConfig {
    /// Every value out of its range; empty when all can be used.
    pub fn problems(&self) -> Vec<InvalidValue> {
        if (1..=64).contains(&self.max_parallel) {
            return Vec::new();
        }
        let message = format!("{} runs at a time; allowed is 1 to 64", self.max_parallel);
        vec![InvalidValue { key: "max_parallel", message }]
    }
}
