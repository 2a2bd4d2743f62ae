//! The runs that wait for their turn, over a screen.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph, Wrap};

use super::{centred, format};
use crate::app::App;
use crate::app::run_queue::Standing;
use crate::config::keys::Action;
use crate::config::theme::Role;
use crate::queue::QueueEntry;

const WIDTH: u16 = 78;

/// Draws the queue: how it stands, then its runs, the next one first.
pub fn draw(frame: &mut Frame, area: Rect, app: &App) {
    let entries = app.queue.queue.entries();
    let rows = (entries.len().max(1) as u16).saturating_add(6);
    let area = centred(area, WIDTH, rows);
    let block = Block::bordered().title(" Queue ").border_style(app.theme.style(Role::Frame));
    let inner = block.inner(area);
    frame.render_widget(Clear, area);
    frame.render_widget(block, area);
    let [head, list] = Layout::vertical([Constraint::Length(4), Constraint::Min(0)]).areas(inner);
    frame.render_widget(Paragraph::new(head_lines(app)).wrap(Wrap { trim: false }), head);
    if entries.is_empty() {
        let key = app.keymap.hint(Action::Enqueue).unwrap_or_default();
        let text = format!(" Nothing waits. {key} on Setup or on Results adds a run.");
        frame.render_widget(Line::styled(text, app.theme.style(Role::Dim)), list);
        return;
    }
    let selected = app.queue.selected.min(entries.len() - 1);
    let top = selected.saturating_sub(usize::from(list.height).saturating_sub(1));
    let shown = entries.iter().enumerate().skip(top);
    for (row, (place, entry)) in list.rows().zip(shown) {
        let line = Line::raw(entry_text(app, place, entry));
        let line = if place == selected { line.style(app.theme.selected()) } else { line };
        frame.render_widget(line, row);
    }
}

fn head_lines(app: &App) -> Vec<Line<'static>> {
    let queue = &app.queue;
    let key = |action| app.keymap.hint(action).unwrap_or_default();
    let (word, role) = match &queue.standing {
        Standing::Unread => ("not read yet".to_owned(), Role::Dim),
        Standing::Going => {
            ("going: the next run starts when there is a place".to_owned(), Role::Good)
        }
        Standing::Held(reason) => {
            (format!("HELD: {reason} ({} goes on)", key(Action::QueueHold)), Role::Warning)
        }
        Standing::Unavailable(reason) => (reason.clone(), Role::Bad),
    };
    let frees = if queue.config.paused_frees_place { "frees" } else { "keeps" };
    let config = format!(
        " {} at a time ({} {}) · a paused run {frees} its place ({})",
        queue.config.max_parallel,
        key(Action::QueueFewer),
        key(Action::QueueMore),
        key(Action::QueuePausedFrees),
    );
    vec![
        Line::styled(format!(" {word}"), app.theme.style(role)),
        Line::styled(config, app.theme.style(Role::Dim)),
    ]
}

fn entry_text(app: &App, place: usize, entry: &QueueEntry) -> String {
    let spec = &entry.spec;
    let time = app.library.as_ref().and_then(|library| library.run_seconds(spec));
    let time = time.filter(|_| spec.data.source == crate::config::run::DataSource::Cifar10);
    let time = time.map_or(String::new(), |seconds| format!("about {}", format::duration(seconds)));
    format!(
        " {:>2}. {:<14} {:<10} {:>4} epochs  seed {:<6} {time}",
        place + 1,
        spec.architecture().to_string(),
        super::run_list::data_name(spec),
        spec.epochs,
        spec.seed
    )
}

/// One line about the queue, for the top of the Runs screen; `None` while nothing waits.
pub fn line(app: &App) -> Option<Line<'static>> {
    let queue = &app.queue;
    let next = queue.queue.entries().first()?;
    let count = queue.queue.entries().len();
    let key = app.keymap.hint(Action::ShowQueue).unwrap_or_default();
    let text =
        format!(" {count} waiting, {} next · {key} shows the queue", next.spec.architecture());
    Some(match &queue.standing {
        Standing::Held(_) => Line::from(vec![
            Span::styled(" queue HELD:", app.theme.style(Role::Warning)),
            Span::raw(text),
        ]),
        _ => Line::from(vec![
            Span::styled(" queue:", app.theme.style(Role::Accent)),
            Span::raw(text),
        ]),
    })
}
