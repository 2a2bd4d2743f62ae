//! `doctor`: what this program finds on this machine. Also what a bug report needs.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::{Failure, print};
use crate::config::Config;
use crate::config::paths::{config_file, log_file};
use crate::config::run::{DataSource, DataSpec, DeviceChoice, PrecisionChoice};
use crate::data::cifar;
use crate::native::{self, Cuda, context};
use crate::runs::RunStore;
use crate::training::device;

/// Prints versions, devices, folders and images.
///
/// # Errors
/// When standard output cannot be written.
pub fn run(config: &Config, named: Option<&Path>) -> Result<(), Failure> {
    let cuda = match native::load_cuda() {
        Cuda::Ready(count) => format!("{count} GPUs"),
        Cuda::Unavailable(reason) => format!("not used: {reason}"),
    };
    let auto = match device::resolve(DeviceChoice::Auto) {
        Ok(device) => format!(
            "{} ({}), {}",
            device::name(device),
            device::hardware_name(device),
            device::precision(PrecisionChoice::Auto, device).name()
        ),
        Err(error) => format!("{error:#}"),
    };
    let runs = config.folders.runs_folder();
    let mut data = DataSpec { source: DataSource::Cifar10, ..config.run.data.clone() };
    let data = config.folders.complete(&mut data).map(|()| data.folder);
    let lines = [
        ("resnet-tui", env!("CARGO_PKG_VERSION").to_owned()),
        ("libtorch", context::libtorch_version()),
        ("system", format!("{} on {}", std::env::consts::OS, std::env::consts::ARCH)),
        ("CUDA", cuda),
        ("trains on", auto),
        ("configuration", configuration(named)),
        ("runs", found(&runs, count_runs)),
        ("CIFAR-10", found(&data, images)),
        (
            "log",
            log_file().map_or_else(|error| format!("{error:#}"), |at| at.display().to_string()),
        ),
    ];
    let mut text = String::new();
    for (name, value) in lines {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<14} {value}");
    }
    print(&text)
}

fn configuration(named: Option<&Path>) -> String {
    match named.map_or_else(config_file, |path| Ok(path.to_owned())) {
        Ok(path) if path.exists() => path.display().to_string(),
        Ok(path) => format!("{} (not there: defaults)", path.display()),
        Err(error) => format!("{error:#}"),
    }
}

fn found(folder: &Result<PathBuf>, what: impl Fn(&Path) -> String) -> String {
    match folder {
        Ok(folder) => format!("{}: {}", folder.display(), what(folder)),
        Err(error) => format!("{error:#}"),
    }
}

fn count_runs(folder: &Path) -> String {
    match RunStore::new(folder.to_owned()).folders() {
        Ok(runs) if runs.is_empty() => "none yet".to_owned(),
        Ok(runs) => format!("{} runs", runs.len()),
        Err(error) => format!("{error:#}"),
    }
}

fn images(folder: &Path) -> String {
    match cifar::load(folder) {
        Ok(dataset) => dataset.name,
        Err(error) => error.to_string(),
    }
}
