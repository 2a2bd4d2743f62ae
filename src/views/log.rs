//! What libraries printed, over a screen.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Paragraph};

use crate::app::App;
use crate::config::theme::Role;

/// Draws the end of the log, `back` lines before its last one.
pub fn draw(frame: &mut Frame, area: Rect, app: &App, text: &str, back: u16) {
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
    let height = usize::from(inner.height);
    let last = lines.len().saturating_sub(height);
    let first = last.saturating_sub(usize::from(back));
    let shown = lines.into_iter().skip(first).take(height).map(Line::raw);
    frame.render_widget(Paragraph::new(shown.collect::<Vec<_>>()), inner);
}
