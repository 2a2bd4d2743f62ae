//! Reads the command line and does what it says.

use std::process::ExitCode;

use resnet_tui::cli::Cli;
use resnet_tui::commands::{self, pending};

fn main() -> ExitCode {
    match commands::run(Cli::from_arguments(), pending::spawn) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
