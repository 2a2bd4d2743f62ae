//! Where files live: the folders of this user by the custom of the operating system, and the ones the
//! configuration names instead.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use directories::{BaseDirs, ProjectDirs};
use serde::{Deserialize, Serialize};

use super::run::{DataSource, DataSpec};

/// The `[folders]` section of the configuration. Empty: the user's own folders.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Folders {
    /// Holds a folder for every run.
    pub runs: PathBuf,
    /// Where `data fetch` puts CIFAR-10, and where a run finds it that names no folder.
    pub data: PathBuf,
}

impl Folders {
    /// The folder of all runs.
    ///
    /// # Errors
    /// When none is named and this user has no home folder.
    pub fn runs_folder(&self) -> Result<PathBuf> {
        if self.runs.as_os_str().is_empty() {
            return Ok(user_folders()?.data_dir().join("runs"));
        }
        Ok(expand_home(&self.runs))
    }

    /// The folder of CIFAR-10.
    ///
    /// # Errors
    /// When none is named and this user has no home folder.
    pub fn data_folder(&self) -> Result<PathBuf> {
        if self.data.as_os_str().is_empty() {
            return Ok(user_folders()?.data_dir().join("cifar10"));
        }
        Ok(expand_home(&self.data))
    }

    /// Names the folder of a data set of files that names none, so that its run can be resumed under
    /// another configuration.
    ///
    /// # Errors
    /// When none is named here either and this user has no home folder.
    pub fn complete(&self, data: &mut DataSpec) -> Result<()> {
        if data.source == DataSource::Cifar10 && data.folder.as_os_str().is_empty() {
            data.folder = self.data_folder()?;
        }
        Ok(())
    }
}

/// The configuration file that is read where `--config` names no other. It need not exist.
///
/// # Errors
/// When this user has no home folder.
pub fn config_file() -> Result<PathBuf> {
    Ok(user_folders()?.config_dir().join("config.toml"))
}

/// The folder of the presets.
///
/// # Errors
/// When this user has no home folder.
pub fn presets_folder() -> Result<PathBuf> {
    Ok(user_folders()?.config_dir().join("presets"))
}

/// The file that the dashboard writes its messages to.
///
/// # Errors
/// When this user has no home folder.
pub fn log_file() -> Result<PathBuf> {
    let folders = user_folders()?;
    // Only Linux has a place for state.
    let folder = folders.state_dir().unwrap_or(folders.cache_dir());
    Ok(folder.join("resnet-tui.log"))
}

fn user_folders() -> Result<ProjectDirs> {
    ProjectDirs::from("", "", "resnet-tui").context(
        "this user has no home folder; set HOME, or name the folders under [folders] in a file \
         given with --config",
    )
}

/// Replaces a leading `~`, which no shell expands in a configuration file.
pub fn expand_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), BaseDirs::new()) {
        (Ok(rest), Some(user)) => user.home_dir().join(rest),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_folders_win_over_the_users() {
        let folders = Folders { runs: "/a/runs".into(), data: "~/images".into() };
        assert_eq!(folders.runs_folder().unwrap(), Path::new("/a/runs"));
        let home = BaseDirs::new().unwrap().home_dir().to_owned();
        assert_eq!(folders.data_folder().unwrap(), home.join("images"));
        assert!(Folders::default().runs_folder().unwrap().ends_with("resnet-tui/runs"));
        assert!(Folders::default().data_folder().unwrap().ends_with("resnet-tui/cifar10"));
    }

    #[test]
    fn only_a_leading_tilde_is_the_home_folder() {
        assert_eq!(expand_home(Path::new("/data/~")), Path::new("/data/~"));
        assert_eq!(expand_home(Path::new("~other/data")), Path::new("~other/data"));
    }
}
