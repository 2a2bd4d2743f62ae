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

mod compare;

mod confirm;

mod footer;

pub mod format;

mod header;

mod help;

mod lines;

mod live;

mod numbers;

mod pointer;

mod setup;

mod small;

mod state;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};

use crate::app::charts::{SmoothingLevel, x_axis};
use crate::app::overlay::Overlay;
use crate::app::{App, Screen};
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
        Screen::Compare => compare::draw(frame, body, app),
    }
    for overlay in &app.overlays {
        match overlay {
            Overlay::Help { scroll } => help::draw(frame, body, app, *scroll),
            Overlay::Confirm(confirm) => confirm::draw(frame, body, app, confirm),
            Overlay::Message { title, text } => confirm::message(frame, body, app, title, text),
        }
    }
    footer::draw(frame, bottom, app);
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
mod tests;
