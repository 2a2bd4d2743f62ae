//! What each command does, from its flags to its exit status.

pub mod bench;

pub mod dashboard;

pub mod doctor;

pub mod eval;

pub mod fetch;

pub mod train;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use clap::CommandFactory;

use crate::cli::run::flag_problem;
use crate::cli::{Cli, Command, DataCommand, SummaryArgs};
use crate::config::run::RunSpec;
use crate::config::{Config, EXAMPLE};
use crate::model::{Network, summary};
use crate::native::context;
use crate::openmp;
use crate::replay::Replay;
use crate::signals::survive_file_size_limit;
use crate::supervisor::Spawn;

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub enum Failure {
    /// The command line, the configuration or the data cannot be used: exit status 2.
    Refused(anyhow::Error),
    /// It was begun and failed: exit status 1.
    Failed(anyhow::Error),
    /// It was stopped, by a signal or because nobody reads its output: this exit status. All has been
    /// said.
    Stopped(u8),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Refused(error)
    }
}

impl Failure {
    /// Says the reason on standard error and gives the exit status.
    pub fn report(self) -> ExitCode {
        let (error, status) = match self {
            Self::Refused(error) => (error, 2),
            Self::Failed(error) => (error, 1),
            Self::Stopped(status) => return ExitCode::from(status),
        };
        // Without standard error there is nobody to tell.
        let _ = writeln!(io::stderr(), "error: {error:#}");
        ExitCode::from(status)
    }
}

/// Does what the command line says. `spawn` puts a trainer on a thread.
///
/// # Errors
/// See [`Failure`].
pub fn run(cli: Cli, spawn: Spawn) -> Result<(), Failure> {
    match &cli.command {
        Some(Command::Config) => return print(EXAMPLE),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "resnet-tui", &mut script);
            return print(&String::from_utf8_lossy(&script));
        }
        _ => {}
    }
    if matches!(cli.command, None | Some(Command::Train(_) | Command::Eval(_) | Command::Bench(_)))
    {
        openmp::wait_considerately();
        context::keep_memory();
    }
    survive_file_size_limit().context("cannot catch signals")?;
    let mut config = Config::load(cli.config.as_deref())?;
    if let Some(folder) = cli.runs_dir {
        config.folders.runs = folder;
    }
    if let Some(folder) = cli.data_dir {
        config.run.data.folder = folder;
    }
    config.interface.ascii |= cli.ascii;
    match cli.command {
        None => {
            let replay = cli.replay.map(|file| Replay::open(&file, cli.speed)).transpose()?;
            dashboard::run(config, spawn, replay)
        }
        Some(Command::Train(args)) => train::run(*args, config, spawn),
        Some(Command::Eval(args)) => eval::run(args, config),
        Some(Command::Summary(args)) => print_summary(args, config),
        Some(Command::Bench(args)) => bench::run(args, config),
        Some(Command::Doctor) => doctor::run(&config, cli.config.as_deref()),
        Some(Command::Data { command: DataCommand::Fetch(args) }) => fetch::run(args, &config),
        Some(Command::Config | Command::Completions { .. }) => Ok(()),
    }
}

fn print_summary(args: SummaryArgs, config: Config) -> Result<(), Failure> {
    let mut spec = config.run;
    args.model.apply(&mut spec);
    check(&spec)?;
    print(&summary::text(&Network::new(spec.architecture())))
}

/// Refuses a value out of its range. The configuration file was checked when it was read, so it came
/// from a flag.
fn check(spec: &RunSpec) -> Result<()> {
    spec.problems().first().map_or(Ok(()), |problem| Err(anyhow!(flag_problem(problem))))
}

/// Writes a result to standard output. That nobody reads it to the end is no error.
fn print(text: &str) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::Failed(anyhow!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}
