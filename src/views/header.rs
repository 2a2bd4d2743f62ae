//! The top line: the screens on the left, the state of the run on the right.

use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

use super::state;
use crate::app::{App, Leaving, SCREENS, Screen};
use crate::config::theme::Role;

const NAME: &str = " resnet-tui ";

/// Draws the top line.
pub fn draw(frame: &mut Frame, area: Rect, app: &App) {
    let status = status(app);
    let width = status.width() as u16;
    let [left, right] =
        Layout::horizontal([Constraint::Min(0), Constraint::Length(width)]).areas(area);
    let spans = parts(app, left.width).into_iter().map(|(screen, text)| {
        let style = match screen {
            None => app.theme.style(Role::Accent),
            Some(screen) if screen == app.screen => app.theme.selected(),
            Some(_) => app.theme.style(Role::Dim),
        };
        Span::styled(text, style)
    });
    frame.render_widget(Line::from_iter(spans), left);
    frame.render_widget(status.alignment(Alignment::Right), right);
}

/// The screen whose tab covers a column of a line this wide.
pub fn tab_at(app: &App, width: u16, column: u16) -> Option<Screen> {
    let room = width.saturating_sub(status(app).width() as u16);
    if column >= room {
        return None;
    }
    let mut end = 0;
    parts(app, room).into_iter().find_map(|(screen, text)| {
        end += text.chars().count();
        (usize::from(column) < end).then_some(screen)
    })?
}

/// The name of the program and the tabs, as much of them as has room: all; the tabs close together; of
/// the screens not shown, their keys alone.
fn parts(app: &App, room: u16) -> Vec<(Option<Screen>, String)> {
    let tabs = |title: &dyn Fn(&str, Screen) -> String| -> Vec<(Option<Screen>, String)> {
        SCREENS
            .iter()
            .map(|screen| {
                let key = app.keymap.hint(screen.action()).unwrap_or_default();
                (Some(*screen), title(&key, *screen))
            })
            .collect()
    };
    let fits = |parts: &[(Option<Screen>, String)]| {
        parts.iter().map(|(_, text)| text.chars().count()).sum::<usize>() <= usize::from(room)
    };
    let mut all = vec![(None, NAME.to_owned())];
    all.extend(tabs(&|key, screen| format!("  {key} {} ", screen.title())));
    if fits(&all) {
        return all;
    }
    let close = tabs(&|key, screen| format!(" {key} {}", screen.title()));
    if fits(&close) {
        return close;
    }
    tabs(&|key, screen| match screen == app.screen {
        true => format!(" {key} {}", screen.title()),
        false => format!(" {key}"),
    })
}

fn status(app: &App) -> Line<'static> {
    let warning = app.theme.style(Role::Warning);
    match app.leaving {
        Some(Leaving::WhenPaused) => Line::styled("leaving once the run is paused… ", warning),
        Some(Leaving::WhenStopped) => Line::styled("leaving once the run has stopped… ", warning),
        None => match app.shown_run() {
            None => Line::styled("no run open ", app.theme.style(Role::Dim)),
            Some(run) => Line::from(vec![
                Span::styled(if app.is_replay(run) { " replay " } else { "" }, warning),
                state::span(run.state(), &app.theme),
                Span::raw(format!("  {} ", run.spec.architecture())),
            ]),
        },
    }
}
