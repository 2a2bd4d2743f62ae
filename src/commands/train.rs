//! `train`: a run without a screen.

use std::io::{self, IsTerminal};

use anyhow::{Context, anyhow};

use super::{Failure, check};
use crate::cli::TrainArgs;
use crate::config::Config;
use crate::headless::printer::{Printer, Style};
use crate::headless::{Ended, follow};
use crate::runs::{RunFolder, RunStore};
use crate::signals;
use crate::supervisor::{Spawn, StartOptions, Supervisor};
use crate::training::worker::THREAD_NAME;

/// Exit status where nobody reads the output: that of a process ended by SIGPIPE.
const NOBODY_READS: u8 = 141;

/// Starts or resumes a run and follows it to its end.
///
/// # Errors
/// Why the run did not complete.
pub fn run(args: TrainArgs, config: Config, spawn: Spawn) -> Result<(), Failure> {
    let runs = match args.runs_dir {
        Some(folder) => folder,
        None => config.folders.runs_folder()?,
    };
    // The messages name it, and a run may be resumed from another working folder.
    let runs = std::path::absolute(&runs).context("cannot tell the working folder")?;
    let supervisor = Supervisor::new(RunStore::new(runs), spawn);
    let options = StartOptions { initial_weights: args.init, log_every_step: args.log_every_step };
    keep_trainer_panics_quiet();
    let signals = signals::listen().context("cannot catch signals")?;

    let (handle, max_steps, new) = if let Some(name) = &args.resume {
        let folder = supervisor.store().find(name)?;
        let mut spec = folder.description()?.spec;
        args.run.clone().apply(&mut spec);
        check(&spec)?;
        let change = |stored: &mut _| args.run.apply(stored);
        let handle = supervisor.resume(folder, change, options).map_err(Failure::Failed)?;
        (handle, spec.max_steps, None)
    } else {
        let mut spec = config.run;
        args.run.apply(&mut spec);
        check(&spec)?;
        config.folders.complete(&mut spec.data)?;
        let max_steps = spec.max_steps;
        let handle = supervisor.start(spec, options).map_err(Failure::Failed)?;
        let folder = supervisor.store().find(&handle.run)?;
        (handle, max_steps, Some(folder))
    };

    let style = if args.json {
        Style::Json
    } else if io::stdout().is_terminal() && io::stderr().is_terminal() {
        Style::bar()
    } else {
        Style::Lines
    };
    let (mut output, mut messages) = (io::stdout().lock(), io::stderr());
    let mut printer = Printer::new(&mut output, &mut messages, style, max_steps);
    outcome(follow(handle, signals, &mut printer), new)
}

/// A panic of the trainer arrives as the reason of a failed run, without libtorch's call stack. Who
/// wants that one asks for it with RUST_BACKTRACE.
fn keep_trainer_panics_quiet() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let by_trainer = std::thread::current().name() == Some(THREAD_NAME);
        if !by_trainer || std::env::var_os("RUST_BACKTRACE").is_some() {
            print(panic);
        }
    }));
}

/// What the end of a run means for the process. `new` is the folder of a run that was created now.
fn outcome(ended: Ended, new: Option<RunFolder>) -> Result<(), Failure> {
    Err(match ended {
        Ended::Completed => return Ok(()),
        Ended::Signal(signal) => Failure::Stopped(signals::exit_status(signal)),
        Ended::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            Failure::Stopped(NOBODY_READS)
        }
        Ended::Output(error) => Failure::Failed(anyhow!(
            "cannot write to standard output: {error}; the run was stopped with a checkpoint"
        )),
        Ended::Paused(reason) => Failure::Failed(anyhow!(reason)),
        Ended::NotStarted(error) => {
            // Nothing was trained: the run is no more than the command line, and the next try makes
            // a new one. What cannot be deleted does no harm.
            if let Some(folder) = new {
                let _ = folder.delete();
            }
            Failure::Refused(anyhow!(error))
        }
        Ended::Failed(error) => Failure::Failed(anyhow!(error)),
    })
}
