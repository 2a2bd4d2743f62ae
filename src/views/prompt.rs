//! A question with a line of text as its answer.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};

use super::confirm;
use crate::app::App;
use crate::app::prompt::Prompt;
use crate::config::theme::Role;

/// Draws the question, the line with its cursor, and what stands in the way of the answer.
pub fn draw(frame: &mut Frame, area: Rect, app: &App, prompt: &Prompt) {
    let inner = confirm::boxed(frame, area, app, &prompt.title, &prompt.text, 3);
    let [text, _, line, error] = Layout::vertical([
        Constraint::Min(1),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(1),
    ])
    .areas(inner);
    frame.render_widget(Paragraph::new(prompt.text.as_str()).wrap(Wrap { trim: true }), text);
    draw_input(frame, line, &prompt.input);
    if let Some(message) = &prompt.error {
        frame.render_widget(Line::styled(message.as_str(), app.theme.style(Role::Bad)), error);
    }
}

/// Draws a line that is being typed, scrolled so that its cursor is seen.
pub fn draw_input(frame: &mut Frame, area: Rect, input: &tui_input::Input) {
    let width = usize::from(area.width).saturating_sub(1).max(1);
    let scroll = input.visual_scroll(width);
    let shown: String = input.value().chars().skip(scroll).take(width).collect();
    let underlined = Style::new().add_modifier(Modifier::UNDERLINED);
    frame.render_widget(Line::styled(format!("{shown:<width$}"), underlined), area);
    let column = input.visual_cursor().saturating_sub(scroll).min(width) as u16;
    if column < area.width && area.height > 0 {
        frame.set_cursor_position((area.x + column, area.y));
    }
}
