//! The help: every key, made from the key table.

use ratatui::Frame;
use ratatui::layout::{Alignment, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

use super::centred;
use crate::app::overlay::Help;
use crate::app::{App, SCREENS};
use crate::config::keys::{BINDINGS, Key, Scope};
use crate::config::theme::Role;

/// Columns of the box.
const WIDTH: u16 = 80;

/// Columns of the keys, with the space around them.
const KEYS: usize = 17;

/// Draws the help from a line on; the keys of the screen shown come first.
pub fn draw(frame: &mut Frame, area: Rect, app: &App, help: &Help) {
    let lines = lines(app, help.search.value());
    let area = centred(area, WIDTH, lines.len().max(6) as u16 + 2);
    let (first, at_end) = help.scroll.shown(lines.len(), area.height.saturating_sub(2));
    let more = if at_end { "" } else { " more below " };
    let search = match (help.typing, help.search.value()) {
        (false, "") => " / searches ".to_owned(),
        (false, text) => format!(" /{text} "),
        (true, text) => format!(" /{text}_ "),
    };
    let block = Block::bordered()
        .title(" Keys ")
        .title_bottom(Line::styled(search, app.theme.style(Role::Accent)))
        .title_bottom(Line::raw(more).alignment(Alignment::Right))
        .border_style(app.theme.style(Role::Frame));
    frame.render_widget(Clear, area);
    let text = Paragraph::new(lines).scroll((first as u16, 0));
    frame.render_widget(text.block(block), area);
}

/// The keys whose name or description holds `search`, whatever the case.
fn lines(app: &App, search: &str) -> Vec<Line<'static>> {
    let search = search.to_lowercase();
    let here = app.screen.scope();
    let others = [Scope::Charts]
        .into_iter()
        .chain(SCREENS.iter().map(|screen| screen.scope()))
        .chain([Scope::Queue, Scope::Everywhere])
        .filter(|s| *s != here);
    let mut lines = Vec::new();
    for scope in std::iter::once(here).chain(others) {
        let rows = BINDINGS.iter().filter(|binding| binding.scope == scope).filter_map(|binding| {
            let keys: Vec<String> =
                app.keymap.keys(binding.action).iter().map(Key::to_string).collect();
            let keys = keys.join(", ");
            let found = keys.to_lowercase().contains(&search)
                || binding.help.to_lowercase().contains(&search);
            found.then(|| {
                Line::from(vec![
                    Span::styled(
                        format!("  {keys:<width$} ", width = KEYS - 3),
                        app.theme.style(Role::Accent),
                    ),
                    Span::raw(binding.help),
                ])
            })
        });
        let rows: Vec<Line> = rows.collect();
        if !rows.is_empty() {
            lines.push(Line::styled(format!(" {}", scope.title()), app.theme.style(Role::Accent)));
            lines.extend(rows);
            lines.push(Line::default());
        }
    }
    lines.pop();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_fits_its_box() {
        for binding in BINDINGS {
            let room = usize::from(WIDTH) - 2 - KEYS;
            assert!(binding.help.chars().count() <= room, "{}", binding.help);
        }
    }
}
