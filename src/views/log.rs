//! What libraries printed, over a screen.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Paragraph};

use crate::app::App;
use crate::app::scroll::Scroll;
use crate::config::theme::Role;

/// Draws the log.
pub fn draw(frame: &mut Frame, area: Rect, app: &App, text: &str, scroll: &Scroll) {
    let block = Block::bordered().title(" Log ").border_style(app.theme.style(Role::Frame));
    let inner = block.inner(area);
    frame.render_widget(Clear, area);
    frame.render_widget(block, area);
    let lines: Vec<&str> = text.lines().collect();
    if lines.is_empty() {
        let nothing = Line::styled(" Nothing was printed.", app.theme.style(Role::Dim));
        frame.render_widget(nothing, inner);
        return;
    }
    let (first, _) = scroll.shown(lines.len(), inner.height);
    let shown = lines.into_iter().skip(first).take(usize::from(inner.height)).map(Line::raw);
    frame.render_widget(Paragraph::new(shown.collect::<Vec<_>>()), inner);
}
