//! `data fetch`: CIFAR-10 from the network.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};

use super::{Failure, print};
use crate::cli::FetchArgs;
use crate::config::Config;
use crate::data::fetch::{Archive, FetchPhase, FetchProgress, Fetched, Patience, fetch};
use crate::signals;

/// Downloads CIFAR-10, checks it and unpacks it.
///
/// # Errors
/// When the download fails, is not the expected archive, or cannot be stored.
pub fn run(args: FetchArgs, config: &Config) -> Result<(), Failure> {
    let folder = match args.data_dir {
        Some(folder) => folder,
        None => config.folders.data_folder()?,
    };
    let mut archive = Archive::official();
    if let Some(url) = args.url {
        archive = archive.from_url(url);
    }
    // Hidden by itself where standard error is no terminal.
    let bar = ProgressBar::new(0).with_style(style());
    let cancel = AtomicBool::new(false);
    let signals = signals::listen().context("cannot catch signals")?;
    let mut caught = None;
    let mut progress = |progress: FetchProgress| {
        if let Ok(signal) = signals.try_recv() {
            caught = Some(signal);
            cancel.store(true, Ordering::Relaxed);
        }
        bar.set_length(progress.total);
        bar.set_position(progress.done);
        bar.set_message(words(&progress.phase));
    };
    let fetched = fetch(&archive, &folder, &Patience::default(), &cancel, &mut progress);
    bar.finish_and_clear();
    if let Some(signal) = caught {
        return Err(Failure::Stopped(signals::exit_status(signal)));
    }
    match fetched.map_err(|error| Failure::Failed(error.into()))? {
        Fetched::New(folder) => print(&format!("CIFAR-10 is in {}\n", folder.display())),
        Fetched::AlreadyThere(folder) => {
            print(&format!("CIFAR-10 is in {} already\n", folder.display()))
        }
    }
}

fn words(phase: &FetchPhase) -> String {
    match phase {
        FetchPhase::Connecting => "connecting".to_owned(),
        FetchPhase::Downloading => "downloading".to_owned(),
        FetchPhase::Waiting { reason, pause } => {
            format!("again in {} s: {reason}", pause.as_secs())
        }
        FetchPhase::Checking => "checking".to_owned(),
        FetchPhase::Unpacking => "unpacking".to_owned(),
    }
}

fn style() -> ProgressStyle {
    let template = "{msg} {wide_bar:.cyan} {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left";
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
