//! What lies under the mouse.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect, Size};

use super::{SMALLEST, compare, header, live, parts};
use crate::app::pointer::{Gesture, Target};
use crate::app::{App, Msg, Screen};

/// What a use of the mouse means on a screen of this size; nothing where there is nothing to use.
pub fn pointer(app: &App, size: Size, mouse: MouseEvent) -> Option<Msg> {
    let gesture = match mouse.kind {
        MouseEventKind::Down(MouseButton::Left) | MouseEventKind::Drag(MouseButton::Left) => {
            Gesture::Press
        }
        MouseEventKind::ScrollUp => Gesture::WheelUp,
        MouseEventKind::ScrollDown => Gesture::WheelDown,
        _ => return None,
    };
    if size.width < SMALLEST.0 || size.height < SMALLEST.1 {
        return None;
    }
    let target = target(app, size, Position { x: mouse.column, y: mouse.row })?;
    Some(Msg::Pointer { target, gesture })
}

fn target(app: &App, size: Size, place: Position) -> Option<Target> {
    let [top, body, _] = parts(Rect::from((Position::ORIGIN, size)));
    if top.contains(place) {
        return header::tab_at(app, usize::from(place.x)).map(Target::Tab);
    }
    let chart = match app.screen {
        Screen::Live => live::chart_at(body, app, place),
        Screen::Compare => compare::chart_at(body, app, place),
        _ => None,
    };
    chart.map(|(chart, position)| Target::Chart { chart, position })
}
