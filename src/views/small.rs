//! A terminal too small for a screen still tells how the run stands.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{SMALLEST, format, state};
use crate::app::App;
use crate::app::progress::progress;

/// Draws one line with state, epoch and accuracy, and below it what size is needed.
pub fn draw(frame: &mut Frame, area: Rect, app: &App) {
    let line = match app.shown_run() {
        None => Line::raw("no run open"),
        Some(run) => {
            let progress = progress(&run.history, &run.spec);
            let accuracy = match run.history.epochs.last() {
                Some(epoch) => format!(" test {}", format::percent(epoch.test_accuracy)),
                None => run.history.steps.last().map_or(String::new(), |step| {
                    format!(" train {}", format::percent(step.accuracy))
                }),
            };
            Line::from(vec![
                state::span(run.state(), &app.theme),
                Span::raw(format!(" {}/{}{accuracy}", progress.epoch, progress.epochs)),
            ])
        }
    };
    let needed = Line::raw(format!("needs {} by {}", SMALLEST.0, SMALLEST.1));
    for (row, line) in area.rows().zip([line, needed]) {
        frame.render_widget(line, row);
    }
}
