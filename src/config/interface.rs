//! How the dashboard looks and answers.

use serde::{Deserialize, Serialize};

/// The `[interface]` section of the configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InterfaceConfig {
    /// Take the mouse: tabs, rows, chart cursor.
    pub mouse: bool,
}

impl Default for InterfaceConfig {
    fn default() -> Self {
        Self { mouse: true }
    }
}
