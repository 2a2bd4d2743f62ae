//! A list to choose from, over a screen.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

use super::centred;
use crate::app::App;
use crate::app::picker::Picker;
use crate::config::theme::Role;

/// Columns of the box.
const WIDTH: u16 = 100;

/// Rows of the box besides those of the list: the frame, the filter and the heading.
const OTHER_ROWS: u16 = 4;

/// Draws the list.
pub fn draw(frame: &mut Frame, area: Rect, app: &App, picker: &Picker) {
    let area = box_of(area, picker);
    let block = Block::bordered()
        .title(format!(" {} ", picker.title))
        .border_style(app.theme.style(Role::Frame));
    let inner = block.inner(area);
    frame.render_widget(Clear, area);
    frame.render_widget(block, area);
    let prompt = Span::styled(" / ", app.theme.style(Role::Accent));
    let typed = picker.filter.value();
    let mut lines = vec![Line::from(vec![prompt, Span::raw(typed.to_owned())])];
    lines.push(Line::styled(format!(" {}", picker.heading), app.theme.style(Role::Dim)));
    let first = first_row(area, picker);
    let rows = usize::from(area.height.saturating_sub(OTHER_ROWS));
    for (index, row) in picker.matching().enumerate().skip(first).take(rows) {
        let width = usize::from(inner.width);
        let line = Line::raw(format!(" {:<width$}", row.text));
        let selected = index == picker.selected;
        lines.push(if selected { line.style(app.theme.selected()) } else { line });
    }
    if picker.matching().next().is_none() {
        let text = if picker.rows.is_empty() { " nothing to choose" } else { " nothing matches" };
        lines.push(Line::styled(text, app.theme.style(Role::Dim)));
    }
    frame.render_widget(Paragraph::new(lines), inner);
    let cursor = inner.x + 3 + picker.filter.visual_cursor() as u16;
    if cursor < inner.right() && inner.height > 0 {
        frame.set_cursor_position((cursor, inner.y));
    }
}

/// The row of the list at a place.
pub fn row_at(area: Rect, picker: &Picker, place: Position) -> Option<usize> {
    let area = box_of(area, picker);
    let inside = place.x > area.x && place.x + 1 < area.right() && place.y + 1 < area.bottom();
    let row = place.y.checked_sub(area.y + OTHER_ROWS - 1).filter(|_| inside)?;
    let index = first_row(area, picker) + usize::from(row);
    (index < picker.matching().count()).then_some(index)
}

fn box_of(area: Rect, picker: &Picker) -> Rect {
    let rows = picker.rows.len().clamp(1, 200) as u16;
    centred(area, WIDTH, rows + OTHER_ROWS)
}

/// The first row shown: the selected one is always in sight.
fn first_row(area: Rect, picker: &Picker) -> usize {
    let rows = usize::from(area.height.saturating_sub(OTHER_ROWS)).max(1);
    (picker.selected + 1).saturating_sub(rows)
}
