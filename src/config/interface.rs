//! How the dashboard looks and answers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::keys::Keymap;
use super::theme::{ColourValue, Marker, Palette, Role};

/// The `[interface]` section of the configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InterfaceConfig {
    /// Take the mouse: tabs, rows, chart cursor.
    pub mouse: bool,
    /// The set of colours.
    pub palette: Palette,
    /// How curves are drawn.
    pub marker: Marker,
    /// Use characters of ASCII alone.
    pub ascii: bool,
    /// Single colours in place of the palette's.
    pub colours: BTreeMap<Role, ColourValue>,
    /// Keys in place of the defaults.
    pub keys: Keymap,
}

impl Default for InterfaceConfig {
    fn default() -> Self {
        Self {
            mouse: true,
            palette: Palette::default(),
            marker: Marker::default(),
            ascii: false,
            colours: BTreeMap::new(),
            keys: Keymap::default(),
        }
    }
}
