//! What lies under the mouse.

use crossterm::event::{KeyCode, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect, Size};

use super::{SMALLEST, compare, header, live, parts, picker, results, run_list, setup};
use crate::app::overlay::Overlay;
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
    let place = Position { x: mouse.column, y: mouse.row };
    match (target(app, size, place), gesture) {
        // On anything but a chart the wheel moves the selection.
        (Some(target @ Target::Chart { .. }), gesture) => Some(Msg::Pointer { target, gesture }),
        // A click with an unsteady hand is one click.
        _ if matches!(mouse.kind, MouseEventKind::Drag(_)) => None,
        (_, Gesture::WheelUp) => Some(Msg::Key(KeyCode::Up.into())),
        (_, Gesture::WheelDown) => Some(Msg::Key(KeyCode::Down.into())),
        (target, gesture) => Some(Msg::Pointer { target: target?, gesture }),
    }
}

fn target(app: &App, size: Size, place: Position) -> Option<Target> {
    let [top, body, _] = parts(Rect::from((Position::ORIGIN, size)));
    match app.overlays.last() {
        Some(Overlay::Picker(list)) => {
            return picker::row_at(body, list, place).map(Target::Row);
        }
        Some(_) => return None,
        None if top.contains(place) => {
            return header::tab_at(app, top.width, place.x).map(Target::Tab);
        }
        None => {}
    }
    let chart = match app.screen {
        Screen::Live => live::chart_at(body, app, place),
        Screen::Compare => compare::chart_at(body, app, place),
        Screen::Setup => return setup::field_at(app, body, place).map(Target::Field),
        Screen::Results => return results::row_at(body, app, place).map(Target::ScreenRow),
        Screen::Runs => return run_list::row_at(body, app, place).map(Target::ScreenRow),
        Screen::Inspect => None,
    };
    chart.map(|(chart, position)| Target::Chart { chart, position })
}
