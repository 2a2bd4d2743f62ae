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

mod live;

mod numbers;

mod prompt;

mod results;

mod run_list;

mod run_queue;

mod setup;

mod sparkline;

mod small;

mod state;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use crate::app::format;
use crate::app::overlay::Overlay;
use crate::app::{App, Screen};

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
    let [top, body, bottom] =
        Layout::vertical([Constraint::Length(1), Constraint::Min(0), Constraint::Length(1)])
            .areas(area);
    header::draw(frame, top, app);
    match app.screen {
        Screen::Setup => setup::draw(frame, body, app),
        Screen::Live => live::draw(frame, body, app),
        Screen::Results => results::draw(frame, body, app),
        Screen::Runs => run_list::draw(frame, body, app),
    }
    for overlay in &app.overlays {
        match overlay {
            Overlay::Help { scroll } => help::draw(frame, body, app, *scroll),
            Overlay::Confirm(confirm) => confirm::draw(frame, body, app, confirm),
            Overlay::Message { title, text } => confirm::message(frame, body, app, title, text),
            Overlay::Prompt(prompt) => prompt::draw(frame, body, app, prompt),
            Overlay::Queue => run_queue::draw(frame, body, app),
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

#[cfg(test)]
mod run_tests;

#[cfg(test)]
mod tests;
