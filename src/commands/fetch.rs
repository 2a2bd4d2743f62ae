//! `data fetch`: CIFAR-10 from the network.

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

use super::{Failure, pending, print};
use crate::cli::FetchArgs;
use crate::config::Config;

/// Downloads CIFAR-10, checks it and unpacks it.
///
/// # Errors
/// When the download fails, is not the expected archive, or cannot be stored.
pub fn run(args: FetchArgs, config: &Config) -> Result<(), Failure> {
    let folder = match args.data_dir {
        Some(folder) => folder,
        None => config.folders.data_folder()?,
    };
    // Hidden by itself where standard error is no terminal.
    let bar = ProgressBar::new(0).with_style(style());
    let progress = |have, all| {
        bar.set_length(all);
        bar.set_position(have);
    };
    let fetched = pending::fetch(args.url.as_deref(), &folder, &progress);
    bar.finish_and_clear();
    fetched.map_err(Failure::Failed)?;
    print(&format!("CIFAR-10 is in {}\n", folder.display()))
}

fn style() -> ProgressStyle {
    let template = "CIFAR-10 {wide_bar:.cyan} {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left";
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
