//! Set-ups to come back to: named ones in the configuration folder, and those of the latest runs.
//!
//! A preset is a configuration file with the section `[run]` alone, so what it leaves out has its
//! default, and `resnet-tui train --config FILE` trains it.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Serialize;

use crate::config::Config;
use crate::config::run::RunSpec;
use crate::durable::write_aside;
use crate::runs::RunDescription;

/// How many set-ups [`recent`] gives.
const RECENT: usize = 10;

/// The longest name of a preset, in characters.
const LONGEST_NAME: usize = 60;

const EXTENSION: &str = "toml";

/// The presets in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presets {
    folder: PathBuf,
}

/// A preset as its file holds it.
#[derive(Serialize)]
struct Preset<'a> {
    run: &'a RunSpec,
}

impl Presets {
    /// The presets in `folder`, which need not exist yet.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The names, in alphabetical order.
    ///
    /// # Errors
    /// When the folder is there and cannot be read.
    pub fn names(&self) -> Result<Vec<String>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("cannot read {}", self.folder.display()));
            }
        };
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let mut names: Vec<String> = paths
            .filter(|path| path.extension().is_some_and(|extension| extension == EXTENSION))
            .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
            .filter(|name| check_name(name).is_ok())
            .collect();
        names.sort();
        Ok(names)
    }

    /// Reads a preset.
    ///
    /// # Errors
    /// When there is none of this name, or its file is wrong somewhere, with the place.
    pub fn load(&self, name: &str) -> Result<RunSpec> {
        let path = self.path(name)?;
        let text = fs::read_to_string(&path)
            .with_context(|| format!("cannot read the preset {}", path.display()))?;
        let config = Config::parse(&text, &path)?;
        let only_run = Config { run: config.run.clone(), ..Config::default() };
        if config != only_run {
            bail!("{}: a preset has the section [run] alone; remove the others", path.display());
        }
        Ok(config.run)
    }

    /// Whether there is a preset of this name, which [`save`](Self::save) would replace.
    pub fn exists(&self, name: &str) -> bool {
        self.path(name).is_ok_and(|path| path.exists())
    }

    /// Saves a set-up under a name.
    ///
    /// # Errors
    /// When the name cannot be one, or the folder cannot be written; a preset that was there before
    /// is then kept.
    pub fn save(&self, name: &str, spec: &RunSpec) -> Result<()> {
        let path = self.path(name)?;
        let text = toml::to_string(&Preset { run: spec }).context("cannot write this set-up")?;
        fs::create_dir_all(&self.folder)
            .map_err(anyhow::Error::from)
            .and_then(|()| write_aside(&path, |file| Ok(file.write_all(text.as_bytes())?)))
            .with_context(|| {
                format!(
                    "the preset `{name}` is not saved; {} must be a folder that can be written",
                    self.folder.display()
                )
            })
    }

    /// Deletes a preset.
    ///
    /// # Errors
    /// When there is none of this name, or the folder cannot be written.
    pub fn delete(&self, name: &str) -> Result<()> {
        let path = self.path(name)?;
        fs::remove_file(&path).with_context(|| format!("cannot delete {}", path.display()))
    }

    fn path(&self, name: &str) -> Result<PathBuf> {
        check_name(name)?;
        Ok(self.folder.join(Path::new(&format!("{name}.{EXTENSION}"))))
    }
}

/// Whether a preset can have this name; the error says what is allowed.
///
/// # Errors
/// When it is empty or too long, or would not be a plain file name.
pub fn check_name(name: &str) -> Result<()> {
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        bail!("a preset's name has 1 to {LONGEST_NAME} characters");
    }
    let allowed = |letter: char| letter.is_alphanumeric() || " -_+=.".contains(letter);
    if let Some(letter) = name.chars().find(|letter| !allowed(*letter)) {
        bail!("{letter:?} cannot be in a preset's name; letters, digits, spaces and -_+=. can");
    }
    if name.starts_with([' ', '.']) || name.ends_with([' ', '.']) {
        bail!("a preset's name cannot begin or end with a space or a dot");
    }
    Ok(())
}

/// The set-ups of the latest runs, the newest first, each once.
pub fn recent(runs: &[RunDescription]) -> Vec<RunSpec> {
    let mut newest_first: Vec<&RunDescription> = runs.iter().collect();
    newest_first.sort_by_key(|run| std::cmp::Reverse(run.created));
    let mut recent: Vec<RunSpec> = Vec::new();
    for run in newest_first {
        if recent.len() < RECENT && !recent.contains(&run.spec) {
            recent.push(run.spec.clone());
        }
    }
    recent
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::config::run::{DataSource, Version};

    fn presets() -> (tempfile::TempDir, Presets) {
        let folder = tempfile::tempdir().unwrap();
        let presets = Presets::new(folder.path().join("presets"));
        (folder, presets)
    }

    #[test]
    fn a_preset_is_saved_listed_read_and_deleted() {
        let (_folder, presets) = presets();
        assert_eq!(presets.names().unwrap(), Vec::<String>::new());
        let mut spec = RunSpec { version: Version::V2, n: 6, seed: 7, ..RunSpec::default() };
        spec.learning_rate = 0.1 + 0.2;
        spec.augmentation.zoom_range = 0.2;
        spec.data.source = DataSource::Synthetic;
        presets.save("v2 zoomed", &spec).unwrap();
        presets.save("a", &RunSpec::default()).unwrap();
        assert_eq!(presets.names().unwrap(), ["a", "v2 zoomed"]);
        assert_eq!(presets.load("v2 zoomed").unwrap(), spec);
        assert!(presets.exists("a") && !presets.exists("b"));
        presets.delete("a").unwrap();
        assert_eq!(presets.names().unwrap(), ["v2 zoomed"]);
        assert!(presets.delete("a").is_err());
    }

    #[test]
    fn what_a_preset_leaves_out_has_its_default_and_mistakes_are_placed() {
        let (_folder, presets) = presets();
        fs::create_dir_all(&presets.folder).unwrap();
        let load = |text: &str| {
            fs::write(presets.folder.join("p.toml"), text).unwrap();
            presets.load("p").map_err(|error| format!("{error:#}"))
        };
        let expected = RunSpec { n: 5, ..RunSpec::default() };
        assert_eq!(load("[run]\nn = 5\n").unwrap(), expected);
        assert!(load("[run]\nn = 0\n").unwrap_err().contains("p.toml:2:5: run.n: "));
        assert!(load("[run]\nm = 5\n").unwrap_err().contains("unknown key `m`"));
        assert!(load("[interface]\nmouse = false\n").unwrap_err().contains("[run] alone"));
        assert!(presets.load("q").unwrap_err().to_string().contains("q.toml"));
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named_and_nothing_is_lost() {
        let (folder, presets) = presets();
        // Permissions do not stop root, a file in the folder's place does.
        fs::write(folder.path().join("presets"), "kept").unwrap();
        let error = format!("{:#}", presets.save("a", &RunSpec::default()).unwrap_err());
        assert!(error.contains("`a` is not saved") && error.contains("presets"), "{error}");
        assert_eq!(fs::read_to_string(folder.path().join("presets")).unwrap(), "kept");
    }

    #[test]
    fn recent_set_ups_are_the_newest_ones_each_once() {
        let run = |second: i64, seed: u64| RunDescription {
            id: second.to_string(),
            created: Timestamp::from_second(second).unwrap(),
            spec: RunSpec { seed, ..RunSpec::default() },
            program_version: String::new(),
            environment: None,
        };
        let runs = [run(1, 1), run(4, 2), run(2, 1), run(3, 3)];
        let seeds = |runs: &[RunDescription]| -> Vec<u64> {
            recent(runs).iter().map(|spec| spec.seed).collect()
        };
        assert_eq!(seeds(&runs), [2, 3, 1]);
        let many: Vec<RunDescription> = (0..15).map(|second| run(second, second as u64)).collect();
        assert_eq!(seeds(&many), [14, 13, 12, 11, 10, 9, 8, 7, 6, 5]);
    }

    proptest! {
        #[test]
        fn a_name_is_refused_or_stays_within_the_folder(name in ".{0,8}|[a-z./ -]{0,8}") {
            let (_folder, presets) = presets();
            if presets.save(&name, &RunSpec::default()).is_ok() {
                prop_assert_eq!(presets.names().unwrap(), [name.clone()]);
                prop_assert_eq!(fs::read_dir(&presets.folder).unwrap().count(), 1);
                prop_assert_eq!(presets.load(&name).unwrap(), RunSpec::default());
            }
        }
    }
}
