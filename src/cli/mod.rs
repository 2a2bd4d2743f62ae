//! The command line. A flag that is not given leaves the configuration's value as it is.

pub mod augmentation;

pub mod run;

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgAction, ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;

use crate::replay::Speed;

use self::run::{DataFlags, DeviceFlags, ModelFlags, RunFlags};

/// Train CIFAR-10 ResNets in the terminal.
///
/// Without a command the dashboard opens: set up runs, watch them, pause and resume them, compare
/// them. The commands do the same without a screen.
#[derive(Debug, Parser)]
#[command(version, after_help = FILES, disable_help_flag = true, max_term_width = 100)]
pub struct Cli {
    /// Read this configuration file in place of the user's own
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    pub config: Option<PathBuf>,
    /// Print help; -h is shorter
    #[arg(short, long, global = true, action = ArgAction::Help, help_heading = "Global options")]
    help: Option<bool>,
    /// Keep the runs in this folder
    #[arg(long, value_name = "DIR")]
    pub runs_dir: Option<PathBuf>,
    /// Take the images from this folder: the CIFAR-10 files, or cifar-10-batches-bin with them
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Draw the dashboard in ASCII characters alone
    #[arg(long)]
    pub ascii: bool,
    /// Play a recorded run in the dashboard, without training: an event log, or a run's folder
    #[arg(long, value_name = "FILE")]
    pub replay: Option<PathBuf>,
    /// Times as fast as it was recorded, or `max`
    #[arg(long, value_name = "FACTOR", requires = "replay", default_value = "1")]
    pub speed: Speed,
    /// What to do in place of opening the dashboard.
    #[command(subcommand)]
    pub command: Option<Command>,
}

const FILES: &str = "\
`resnet-tui config` prints every setting with a comment; `resnet-tui doctor` says where the
configuration file, the runs and the images lie.";

/// What to do in place of opening the dashboard.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train a model, or go on with a run
    Train(Box<TrainArgs>),
    /// Measure saved weights on the test images
    Eval(EvalArgs),
    /// Print the layers and the parameters of a model
    Summary(SummaryArgs),
    /// Measure how fast this machine trains and evaluates
    Bench(BenchArgs),
    /// Say what this program finds: versions, devices, folders, images
    Doctor,
    /// Print every setting at its default, in the format of the configuration file
    Config,
    /// Get CIFAR-10
    Data {
        /// What to do with the images.
        #[command(subcommand)]
        command: DataCommand,
    },
    /// Print a completion script for a shell
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// `train`.
#[derive(Debug, Args)]
#[command(after_help = NOTES, allow_negative_numbers = true)]
pub struct TrainArgs {
    /// What the run is.
    #[command(flatten)]
    pub run: RunFlags,
    /// Begin with these weights (safetensors) in place of drawn ones
    #[arg(long, value_name = "FILE", help_heading = "Run")]
    pub init: Option<PathBuf>,
    /// Go on with a run: its id, the beginning of one, its folder, or `latest`
    ///
    /// A run keeps its recipe. Only --epochs, --max-steps, --device, --threads, --checkpoint-seconds
    /// and the output flags can be given with it.
    #[arg(long, value_name = "RUN", help_heading = "Run")]
    pub resume: Option<String>,
    /// Keep the runs in this folder
    #[arg(long, value_name = "DIR", help_heading = "Run")]
    pub runs_dir: Option<PathBuf>,
    /// Write each event as a line of JSON to standard output
    #[arg(long, help_heading = "Output")]
    pub json: bool,
    /// Record every step, not just ten a second
    #[arg(long, help_heading = "Output")]
    pub log_every_step: bool,
}

const NOTES: &str = "\
A flag that is not given leaves the value of the configuration file, or else the default, which
`resnet-tui config` prints. A flag shown with [<true|false>] means true when it stands alone.

Exit status: 0 the run is complete; 1 it failed; 2 the command line, the configuration or the data
cannot be used; 130, 143 or 129 it was stopped by SIGINT (Ctrl-C), SIGTERM or SIGHUP; 141 nobody
reads its output any more. A stopped run has a checkpoint to go on from; a second signal quits at
once, without a new one.";

/// The flags that a resumed run takes: they do not change its numbers.
const WITH_RESUME: [&str; 10] = [
    "resume",
    "config",
    "runs_dir",
    "json",
    "log_every_step",
    "epochs",
    "max_steps",
    "device",
    "threads",
    "checkpoint_seconds",
];

/// `eval`.
#[derive(Debug, Args)]
pub struct EvalArgs {
    /// The weights: best.safetensors or checkpoint.safetensors of a run. In the folder of their run, its
    /// recipe stands in for flags that are not given
    #[arg(long, value_name = "FILE")]
    pub weights: PathBuf,
    /// The model.
    #[command(flatten)]
    pub model: ModelFlags,
    /// The images.
    #[command(flatten)]
    pub data: DataFlags,
    /// Part of the training images that was held out: the mean image is that of the others
    #[arg(long, value_name = "PART", help_heading = "Data")]
    pub validation_split: Option<f64>,
    /// Where to compute.
    #[command(flatten)]
    pub device: DeviceFlags,
    /// Images at a time
    #[arg(long, value_name = "IMAGES", help_heading = "Where to compute")]
    pub batch_size: Option<u32>,
    /// Measure the images together with their mirror images as well
    #[arg(long, help_heading = "Output")]
    pub flip_evaluation: bool,
    /// Print the result as JSON
    #[arg(long, help_heading = "Output")]
    pub json: bool,
    /// Write the logits of all test images to this file, as the tensor `logits`
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub logits: Option<PathBuf>,
}

/// `summary`.
#[derive(Debug, Args)]
pub struct SummaryArgs {
    /// The model.
    #[command(flatten)]
    pub model: ModelFlags,
}

/// `bench`.
#[derive(Debug, Args)]
#[command(after_help = BENCH_NOTES)]
pub struct BenchArgs {
    /// The model.
    #[command(flatten)]
    pub model: ModelFlags,
    /// Where to compute.
    #[command(flatten)]
    pub device: DeviceFlags,
    /// Images per step
    #[arg(long, value_name = "IMAGES")]
    pub batch_size: Option<u32>,
    /// Steps to time
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub steps: u32,
    /// Images to evaluate
    #[arg(long, value_name = "IMAGES", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    pub test_images: u32,
    /// Print the result as JSON
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

const BENCH_NOTES: &str = "\
Trains on images of random pixels with the augmentation of the configuration, then evaluates some of
them three times. Other work on the machine shows in the quartiles.";

/// `data`.
#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// Download CIFAR-10 (170 MB), check it and unpack it
    ///
    /// A download that broke off is gone on with.
    Fetch(FetchArgs),
}

/// `data fetch`.
#[derive(Debug, Args)]
pub struct FetchArgs {
    /// Download from here, a mirror of the official archive
    #[arg(long)]
    pub url: Option<String>,
    /// Unpack into this folder
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

impl Cli {
    /// Reads the arguments of this process. Prints help and usage errors itself and then ends the
    /// process: 0 after help, 2 after an error.
    pub fn from_arguments() -> Self {
        Self::read(std::env::args_os()).unwrap_or_else(|error| error.exit())
    }

    /// Reads arguments, the first of which is the program's name.
    ///
    /// # Errors
    /// Help and version texts, and usage errors.
    pub fn read<T: Into<std::ffi::OsString> + Clone>(
        arguments: impl IntoIterator<Item = T>,
    ) -> Result<Self, clap::Error> {
        let matches = Self::command().try_get_matches_from(arguments)?;
        if let Some(train) = matches.subcommand_matches("train") {
            check_resume(train)?;
        }
        Self::from_arg_matches(&matches)
    }
}

/// A resumed run keeps its recipe: refuses every flag that would change it.
fn check_resume(train: &ArgMatches) -> Result<(), clap::Error> {
    let given = |id: &clap::Id| train.value_source(id.as_str()) == Some(ValueSource::CommandLine);
    if !train.ids().any(|id| id == "resume" && given(id)) {
        return Ok(());
    }
    let mut command = Cli::command();
    command.build();
    let Some(command) = command.find_subcommand_mut("train") else { return Ok(()) };
    let refused: Vec<String> = command
        .get_arguments()
        .filter(|flag| !WITH_RESUME.contains(&flag.get_id().as_str()) && given(flag.get_id()))
        .filter_map(|flag| Some(format!("--{}", flag.get_long()?)))
        .collect();
    if refused.is_empty() {
        return Ok(());
    }
    let message = format!(
        "a resumed run keeps its recipe: {} cannot be given with --resume; \
         --epochs, --max-steps, --device, --threads and --checkpoint-seconds can",
        refused.join(", ")
    );
    Err(command.error(ErrorKind::ArgumentConflict, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Cli, clap::Error> {
        Cli::read(line.split(' '))
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_resumed_run_takes_only_what_leaves_its_numbers_alone() {
        let allowed = "resnet-tui train --resume latest --epochs 3 --max-steps 9 --device cpu \
            --threads 2 --checkpoint-seconds 5 --log-every-step --json --runs-dir r --config c";
        assert!(read(allowed).is_ok());
        for refused in ["--n 5", "--seed 2", "--init w", "--no-augment", "--zoom-range 0.1"] {
            let error = read(&format!("resnet-tui train --resume a {refused}")).unwrap_err();
            let text = error.to_string();
            let flag = refused.split(' ').next().unwrap();
            assert!(text.contains("keeps its recipe") && text.contains(flag), "{text}");
            assert_eq!(error.exit_code(), 2);
        }
    }
}
