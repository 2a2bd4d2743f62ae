//! What the user can set.
//!
//! The defaults are overridden by the configuration file, and the file by the flags of the command
//! line. `config.example.toml` lists every setting at its default.

pub mod augmentation;

pub mod file;

pub mod interface;

pub mod keys;

pub mod machine;

pub mod paths;

pub mod queue;

pub mod recipe;

pub mod run;

pub mod theme;

use serde::{Deserialize, Serialize};

use self::interface::InterfaceConfig;
use self::paths::Folders;
use self::queue::QueueConfig;
use self::recipe::Recipe;
use self::run::{InvalidValue, RunSpec};

/// Every setting at its default, with a comment each: `config.example.toml`.
pub const EXAMPLE: &str = include_str!("../../config.example.toml");

/// All that the configuration file can say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the settings of `run` begin. Once a file was read, they say it themselves.
    pub recipe: Recipe,
    /// What a new run is unless flags or the Setup screen say otherwise.
    pub run: RunSpec,
    /// How the dashboard looks and answers.
    pub interface: InterfaceConfig,
    /// How runs that wait are started.
    pub queue: QueueConfig,
    /// Where runs and images lie.
    pub folders: Folders,
}

impl Config {
    /// Every value out of its range.
    pub fn problems(&self) -> Vec<InvalidValue> {
        let mut problems = self.run.problems();
        problems.extend(self.queue.problems());
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_holds_every_setting_at_its_default() {
        assert_eq!(toml::from_str::<Config>(EXAMPLE).unwrap(), Config::default());
        // Compared as tables as well: a setting that the example lacks would be filled in above.
        let defaults = toml::Table::try_from(Config::default()).unwrap();
        assert_eq!(EXAMPLE.parse::<toml::Table>().unwrap(), defaults);
    }

    #[test]
    fn the_example_explains_every_setting() {
        let lines: Vec<&str> = EXAMPLE.lines().collect();
        for (index, line) in lines.iter().enumerate().filter(|(_, line)| line.contains(" = ")) {
            if !line.starts_with('#') {
                assert!(lines[index - 1].starts_with("# "), "no comment above `{line}`");
            }
        }
    }
}
