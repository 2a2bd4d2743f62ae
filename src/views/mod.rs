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

mod confirm;

mod footer;

mod header;

mod help;

mod inspect;

mod live;

mod log;

mod numbers;

mod picker;

mod pictures;

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

use crate::app::format;
use crate::app::message::Target;
use crate::app::overlay::Overlay;
use crate::app::{App, Screen};
use crate::config::theme::Role;

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

fn draw_screen(frame: &mut Frame, area: Rect, app: &App) {
    let [top, body, bottom] = parts(area);
    header::draw(frame, top, app);
    match app.screen {
        Screen::Setup => setup::draw(frame, body, app),
        Screen::Live => live::draw(frame, body, app),
        Screen::Results => results::draw(frame, body, app),
        Screen::Runs => run_list::draw(frame, body, app),
        Screen::Inspect => inspect::draw(frame, body, app),
    }
    for overlay in &app.overlays {
        match overlay {
            Overlay::Help(help) => help::draw(frame, body, app, help),
            Overlay::Picker(picker) => picker::draw(frame, body, app, picker),
            Overlay::PresetName(input) => preset_name(frame, body, app, input),
            Overlay::Log { text, back } => log::draw(frame, body, app, text, *back),
            Overlay::Confirm(confirm) => confirm::draw(frame, body, app, confirm),
            Overlay::Message { title, text } => confirm::message(frame, body, app, title, text),
            Overlay::Prompt(prompt) => prompt::draw(frame, body, app, prompt),
            Overlay::Queue => run_queue::draw(frame, body, app),
        }
    }
    footer::draw(frame, bottom, app);
}

/// The top line, the screen and the bottom line.
fn parts(area: Rect) -> [Rect; 3] {
    Layout::vertical([Constraint::Length(1), Constraint::Min(0), Constraint::Length(1)]).areas(area)
}

/// What a click at a place hits, on a terminal of this size.
pub fn target_at(app: &App, area: Rect, place: Position) -> Option<Target> {
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        return None;
    }
    let [top, body, _] = parts(area);
    match app.overlays.last() {
        Some(Overlay::Picker(list)) => picker::row_at(body, list, place).map(Target::Row),
        Some(_) => None,
        None if top.contains(place) => {
            header::tab_at(app, top.width, place.x - top.x).map(Target::Tab)
        }
        None if app.screen == Screen::Setup => setup::field_at(app, body, place).map(Target::Field),
        None => None,
    }
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

#[cfg(test)]
mod run_tests;

#[cfg(test)]
mod tests;
