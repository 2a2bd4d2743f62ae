//! No command: the dashboard.

use std::io::{self, IsTerminal};

use anyhow::anyhow;

use super::Failure;
use crate::config::Config;
use crate::replay::Replay;
use crate::runs::RunStore;
use crate::supervisor::{Spawn, Supervisor};

/// Opens the dashboard, on a recorded run where one is given.
///
/// # Errors
/// Where there is no terminal, and when the terminal breaks.
pub fn run(mut config: Config, spawn: Spawn, replay: Option<Replay>) -> Result<(), Failure> {
    if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
        return Err(Failure::Refused(anyhow!(
            "the dashboard needs a terminal, and standard input or output is none; \
             `resnet-tui train` trains without one (see `resnet-tui train --help`)"
        )));
    }
    config.folders.complete(&mut config.run.data)?;
    let supervisor = Supervisor::new(RunStore::new(config.folders.runs_folder()?), spawn);
    let _ = (supervisor, replay);
    Err(Failure::Failed(anyhow!("the dashboard is not part of this build yet")))
}
