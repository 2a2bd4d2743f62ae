//! No command: the dashboard.

use std::io::{self, IsTerminal};

use anyhow::{Context, anyhow};

use super::Failure;
use crate::config::Config;
use crate::config::paths::{log_file, presets_folder};
use crate::native::{self, Cuda};
use crate::presets::Presets;
use crate::replay::Replay;
use crate::runs::RunStore;
use crate::supervisor::{Spawn, Supervisor};
use crate::terminal::{self, Session};

/// Opens the dashboard, on a recorded run where one is given.
///
/// # Errors
/// Where there is no terminal, and when the terminal breaks.
pub fn run(config: Config, spawn: Spawn, replay: Option<Replay>) -> Result<(), Failure> {
    if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
        return Err(Failure::Refused(anyhow!(
            "the dashboard needs a terminal, and standard input or output is none; \
             `resnet-tui train` trains without one (see `resnet-tui train --help`)"
        )));
    }
    let runs = std::path::absolute(config.folders.runs_folder()?)
        .context("cannot tell the working folder")?;
    let notes = match native::load_cuda() {
        Cuda::Unavailable(reason) => vec![format!("no CUDA: {reason}")],
        Cuda::Ready(_) => Vec::new(),
    };
    let data = std::path::absolute(config.folders.data_folder()?)
        .context("cannot tell the working folder")?;
    terminal::run(Session {
        supervisor: Supervisor::new(RunStore::new(runs), spawn),
        interface: config.interface,
        queue: config.queue,
        spec: config.run,
        notes,
        log: log_file()?,
        data,
        presets: Presets::new(presets_folder()?),
        replay,
    })
    .map_err(Failure::Failed)
}
