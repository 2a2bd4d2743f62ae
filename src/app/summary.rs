//! What is printed on the normal screen after the dashboard closed.

use std::fmt::Write;

use super::App;
use super::run_view::{RunState, RunView};
use crate::runs::history::Ending;

/// The runs trained in this session: how they stand, where they lie and how to go on. Empty without runs.
pub fn summary(app: &App) -> String {
    let own = |run: &&RunView| !run.opened && !app.is_replay(run);
    app.runs.iter().filter(own).map(run_summary).collect()
}

fn run_summary(run: &RunView) -> String {
    let mut text = format!("{} (seed {}): ", run.spec.architecture(), run.spec.seed);
    let epochs = run.history.epochs.last().map_or(0, |epoch| epoch.epoch);
    // Writing to a string cannot fail.
    let _ = write!(text, "{}, {epochs} of {} epochs", word(run), run.spec.epochs);
    if let (Some(best), Some(last)) = (run.history.best(), run.history.epochs.last()) {
        let _ = write!(
            text,
            ", test accuracy best {:.2} % (epoch {}), last {:.2} % (epoch {})",
            100.0 * best.test_accuracy,
            best.epoch,
            100.0 * last.test_accuracy,
            last.epoch
        );
    }
    if let Some(Ending::Failed(error)) = &run.history.ending {
        let _ = write!(text, "\n  reason: {error}");
    }
    let _ = write!(text, "\n  folder: {}", run.folder.display());
    if run.state() != RunState::Completed {
        let folder = run.folder.display().to_string();
        let quote = if folder.contains(char::is_whitespace) { "'" } else { "" };
        let _ = write!(text, "\n  go on:  resnet-tui train --resume {quote}{folder}{quote}");
    }
    text.push('\n');
    text
}

/// How the run stands once the program has ended.
fn word(run: &RunView) -> &'static str {
    match run.state() {
        RunState::Completed => "finished",
        RunState::Stopped => "stopped",
        RunState::Failed => "failed",
        RunState::Paused => "paused",
        _ => "interrupted",
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::app::testing::{epoch, failed, started};
    use crate::config::interface::InterfaceConfig;
    use crate::config::run::RunSpec;

    #[test]
    fn the_summary_says_how_to_go_on() {
        let interface = InterfaceConfig::default();
        let mut app = App::new(&interface, false, RunSpec::default(), Vec::new());
        assert_eq!(summary(&app), "");
        let folder = PathBuf::from("/runs/a");
        let mut run = RunView::new("a".to_owned(), folder, RunSpec::default());
        for event in [started(200, 100, 0), epoch(1, 100), failed("disk full", 120)] {
            run.apply(&event);
        }
        app.runs.push(run);
        assert_eq!(
            summary(&app),
            "ResNet20v1 (seed 1): failed, 1 of 200 epochs, test accuracy best 52.00 % (epoch 1), \
             last 52.00 % (epoch 1)\n  reason: disk full\n  folder: /runs/a\n  \
             go on:  resnet-tui train --resume /runs/a\n"
        );
    }
}
