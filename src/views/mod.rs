//! Drawing: pure functions of the [`App`]. Nothing here changes it, waits or reads a clock.
//!
//! ```text
//! resnet-tui  1 Setup  2 Live                       ▶ training ResNet20v1
//! ┌─────────────────────────────────────────────────────────────────────┐
//! │ the screen, and overlays over it                                    │
//! └─────────────────────────────────────────────────────────────────────┘
//! p pause  s stop  ? help  q quit
//! ```

mod ascii;

pub mod chart;

mod columns;

mod compare;

mod confirm;

mod footer;

mod header;

mod help;

mod inspect;

mod lines;

mod live;

mod log;

mod numbers;

mod picker;

mod pictures;

mod pointer;

mod prompt;

mod results;

mod run_list;

mod run_queue;

mod setup;

mod sparkline;

mod small;

mod state;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Paragraph};
use tui_input::Input;

use crate::app::charts::{SmoothingLevel, x_axis};
use crate::app::format;
use crate::app::overlay::Overlay;
use crate::app::run_view::RunView;
use crate::app::{App, Screen};
use crate::config::keys::Action;
use crate::config::theme::Role;
use crate::runs::curve::Axis;
pub use pointer::pointer;

/// The smallest terminal that the screens are drawn on.
const SMALLEST: (u16, u16) = (40, 12);

/// Draws everything.
pub fn draw(frame: &mut Frame, app: &App) {
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        small::draw(frame, area, app);
    } else {
        draw_screen(frame, area, app);
    }
    if app.theme.ascii() {
        ascii::simplify(frame.buffer_mut());
    }
}

/// The title that the user gave a run.
fn given_title(app: &App, run: &RunView) -> Option<String> {
    let record = app.library.as_ref()?.run(&run.id)?;
    Some(record.labels.title.clone()).filter(|title| !title.is_empty())
}

/// What to say on a screen about a run where none is open.
fn no_run(app: &App) -> String {
    let key = |action| app.keymap.hint(action).unwrap_or_default();
    let setup = key(Action::ShowSetup);
    let text =
        format!("No run is open. {setup} shows Setup, where a run is described and started.");
    match app.library.as_ref().map_or(0, |library| library.runs.len()) {
        0 => text,
        _ => format!("{text} {} lists the runs on disk.", key(Action::ShowRuns)),
    }
}

/// The top line, the screen and the bottom line.
fn parts(area: Rect) -> [Rect; 3] {
    Layout::vertical([Constraint::Length(1), Constraint::Min(0), Constraint::Length(1)]).areas(area)
}

fn draw_screen(frame: &mut Frame, area: Rect, app: &App) {
    let [top, body, bottom] = parts(area);
    header::draw(frame, top, app);
    match app.screen {
        Screen::Setup => setup::draw(frame, body, app),
        Screen::Live => live::draw(frame, body, app),
        Screen::Results => results::draw(frame, body, app),
        Screen::Runs => run_list::draw(frame, body, app),
        Screen::Inspect => inspect::draw(frame, body, app),
        Screen::Compare => compare::draw(frame, body, app),
    }
    for overlay in &app.overlays {
        match overlay {
            Overlay::Help(help) => help::draw(frame, body, app, help),
            Overlay::Picker(picker) => picker::draw(frame, body, app, picker),
            Overlay::PresetName(input) => preset_name(frame, body, app, input),
            Overlay::Log { text, scroll } => log::draw(frame, body, app, text, scroll),
            Overlay::Confirm(confirm) => confirm::draw(frame, body, app, confirm),
            Overlay::Message { title, text } => confirm::message(frame, body, app, title, text),
            Overlay::Prompt(prompt) => prompt::draw(frame, body, app, prompt),
            Overlay::Queue => run_queue::draw(frame, body, app),
        }
    }
    footer::draw(frame, bottom, app);
}

/// Asks for the name of a set-up.
fn preset_name(frame: &mut Frame, area: Rect, app: &App, input: &Input) {
    let area = centred(area, 50, 4);
    let block = Block::bordered()
        .title(" Save this set-up as ")
        .border_style(app.theme.style(Role::Accent));
    let inner = block.inner(area);
    let name = input.value();
    let replaced = app.setup.presets.iter().any(|preset| preset == name.trim());
    let note = if replaced { " replaces the one of this name" } else { "" };
    let lines =
        vec![Line::raw(format!(" {name}")), Line::styled(note, app.theme.style(Role::Warning))];
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines).block(block), area);
    let cursor = inner.x + 1 + input.visual_cursor() as u16;
    if cursor < inner.right() && inner.height > 0 {
        frame.set_cursor_position((cursor, inner.y));
    }
}

/// A box of this size in the middle of `area`, smaller where the area is.
fn centred(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    }
}

/// What is not usual about how charts show their curves, in words.
fn chart_settings(app: &App) -> Vec<String> {
    let mut words = Vec::new();
    if app.charts.x_axis != Axis::default() {
        words.push(format!("x: {}", x_axis::name(app.charts.x_axis)));
    }
    if app.charts.smoothing != SmoothingLevel::default() {
        words.push(format!("smoothing {}", app.charts.smoothing.words()));
    }
    words
}

/// Where a place in a chart's area lies on the horizontal axis of its plot, 0 to 1.
fn position_in(plot: Rect, area: Rect, place: Position) -> Option<f64> {
    let column = place.x.clamp(plot.x, plot.right().saturating_sub(1)) - plot.x;
    let width = plot.width.saturating_sub(1).max(1);
    area.contains(place).then(|| f64::from(column) / f64::from(width))
}

#[cfg(test)]
mod run_tests;

#[cfg(test)]
mod tests;
