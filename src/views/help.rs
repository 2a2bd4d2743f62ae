//! The help: every key, made from the key table.

use ratatui::Frame;
use ratatui::layout::{Alignment, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

use super::centred;
use crate::app::App;
use crate::config::keys::{BINDINGS, Key, Scope};
use crate::config::theme::Role;

/// Draws the help from its line `scroll` on; the keys of the screen shown come first.
pub fn draw(frame: &mut Frame, area: Rect, app: &App, scroll: u16) {
    let lines = lines(app);
    let area = centred(area, 76, lines.len() as u16 + 2);
    let last = (lines.len() as u16).saturating_sub(area.height.saturating_sub(2));
    let more = if scroll < last { " more below " } else { "" };
    let block = Block::bordered()
        .title(" Keys ")
        .title_bottom(Line::raw(more).alignment(Alignment::Right))
        .border_style(app.theme.style(Role::Frame));
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines).scroll((scroll.min(last), 0)).block(block), area);
}

fn lines(app: &App) -> Vec<Line<'static>> {
    let here = app.screen.scope();
    let all = [Scope::Charts, Scope::Setup, Scope::Live, Scope::Compare, Scope::Everywhere];
    let others = all.into_iter().filter(|scope| *scope != here);
    let mut lines = Vec::new();
    for scope in std::iter::once(here).chain(others) {
        lines.push(Line::styled(format!(" {}", scope.title()), app.theme.style(Role::Accent)));
        for binding in BINDINGS.iter().filter(|binding| binding.scope == scope) {
            let keys: Vec<String> =
                app.keymap.keys(binding.action).iter().map(Key::to_string).collect();
            lines.push(Line::from(vec![
                Span::styled(format!("  {:<14} ", keys.join(", ")), app.theme.style(Role::Accent)),
                Span::raw(binding.help),
            ]));
        }
        lines.push(Line::default());
    }
    lines.pop();
    lines
}
