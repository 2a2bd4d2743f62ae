//! The bottom line: the keys that work now.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::App;
use crate::app::hints::hints;
use crate::config::theme::Role;

/// Draws as many hints as fit, whole ones.
pub fn draw(frame: &mut Frame, area: Rect, app: &App) {
    let mut line = Line::default();
    for hint in hints(app) {
        let label = format!(" {}  ", hint.label);
        let width = hint.key.chars().count() + label.chars().count();
        if line.width() + width > usize::from(area.width) {
            break;
        }
        line.push_span(Span::raw(if line.spans.is_empty() { " " } else { "" }));
        line.push_span(Span::styled(hint.key, app.theme.style(Role::Accent)));
        line.push_span(Span::styled(label, app.theme.style(Role::Dim)));
    }
    frame.render_widget(line, area);
}
