//! Reads the command line and does what it says.

use std::process::ExitCode;

use resnet_tui::cli::Cli;
use resnet_tui::commands;
use resnet_tui::training::trainer;

fn main() -> ExitCode {
    match commands::run(Cli::from_arguments(), trainer::spawn) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
