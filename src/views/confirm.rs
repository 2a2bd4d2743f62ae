//! Questions and messages over a screen.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Padding, Paragraph, Wrap};

use super::centred;
use crate::app::App;
use crate::app::overlay::Confirm;
use crate::config::theme::Role;

const WIDTH: u16 = 60;

/// Draws a question with its answers.
pub fn draw(frame: &mut Frame, area: Rect, app: &App, confirm: &Confirm) {
    let choices: Vec<Line> = confirm
        .choices
        .iter()
        .enumerate()
        .map(|(index, choice)| {
            let key = Span::styled(format!(" {} ", choice.key), app.theme.style(Role::Accent));
            let line = Line::from(vec![key, Span::raw(format!(" {} ", choice.label))]);
            if index == confirm.selected { line.style(app.theme.selected()) } else { line }
        })
        .collect();
    let count = choices.len() as u16;
    let inner = boxed(frame, area, app, &confirm.title, &confirm.text, count);
    let [text, answers] =
        Layout::vertical([Constraint::Min(1), Constraint::Length(count)]).areas(inner);
    frame.render_widget(Paragraph::new(confirm.text.as_str()).wrap(Wrap { trim: true }), text);
    frame.render_widget(Paragraph::new(choices), answers);
}

/// Draws a message that waits to be read.
pub fn message(frame: &mut Frame, area: Rect, app: &App, title: &str, text: &str) {
    let inner = boxed(frame, area, app, title, text, 0);
    frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: true }), inner);
}

/// Clears a box high enough for the text and `extra` rows; gives its inside.
pub fn boxed(
    frame: &mut Frame,
    area: Rect,
    app: &App,
    title: &str,
    text: &str,
    extra: u16,
) -> Rect {
    let block = Block::bordered()
        .title(format!(" {title} "))
        .padding(Padding::horizontal(1))
        .border_style(app.theme.style(Role::Warning));
    let width = WIDTH.min(area.width);
    // Wrapping at words can take a little more than the letters do.
    let letters = text.chars().count() as u16;
    let rows = letters / width.saturating_sub(12).max(1) + 1 + text.lines().count() as u16;
    let area = centred(area, width, rows.saturating_add(extra + 2));
    frame.render_widget(Clear, area);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    inner
}
