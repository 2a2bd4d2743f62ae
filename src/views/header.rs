//! The top line: the screens on the left, the state of the run on the right.

use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

use super::state;
use crate::app::{App, Leaving, SCREENS, Screen};
use crate::config::theme::Role;

/// Draws the top line.
pub fn draw(frame: &mut Frame, area: Rect, app: &App) {
    let status = status(app);
    let width = status.width() as u16;
    let [left, right] =
        Layout::horizontal([Constraint::Min(0), Constraint::Length(width)]).areas(area);
    frame.render_widget(tabs(app), left);
    frame.render_widget(status.alignment(Alignment::Right), right);
}

/// The screen whose name stands in this column.
pub fn tab_at(app: &App, column: usize) -> Option<Screen> {
    let mut right = 0;
    // The program's name, then a gap and a name for each screen.
    tabs(app).spans.iter().enumerate().find_map(|(index, span)| {
        right += span.width();
        let screen = index.checked_sub(2).filter(|index| index % 2 == 0)?;
        (column < right && column + span.width() >= right)
            .then(|| SCREENS.get(screen / 2).copied())?
    })
}

fn tabs(app: &App) -> Line<'static> {
    let mut spans = vec![Span::styled(" resnet-tui ", app.theme.style(Role::Accent))];
    for screen in SCREENS {
        let key = app.keymap.hint(screen.action()).unwrap_or_default();
        let text = format!(" {key} {} ", screen.title());
        let style =
            if *screen == app.screen { app.theme.selected() } else { app.theme.style(Role::Dim) };
        spans.push(Span::raw(" "));
        spans.push(Span::styled(text, style));
    }
    Line::from(spans)
}

fn status(app: &App) -> Line<'static> {
    let warning = app.theme.style(Role::Warning);
    match app.leaving {
        Some(Leaving::WhenPaused) => Line::styled("leaving once the run is paused… ", warning),
        Some(Leaving::WhenStopped) => Line::styled("leaving once the run has stopped… ", warning),
        None => match app.shown_run() {
            None => Line::styled("no run yet ", app.theme.style(Role::Dim)),
            Some(run) => Line::from(vec![
                state::span(run.state(), &app.theme),
                Span::raw(format!("  {} ", run.spec.architecture())),
            ]),
        },
    }
}
