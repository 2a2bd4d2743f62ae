//! The Setup screen: the form on the left, what it means on the right.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Padding, Paragraph, Wrap};

use super::format;
use crate::app::App;
use crate::app::document;
use crate::app::fields::{self, Field};
use crate::config::keys::Action;
use crate::config::run::DataSource;
use crate::config::theme::Role;

/// Columns of the names of the fields.
const LABEL: usize = 29;

/// Columns of the values.
const VALUE: usize = 13;

/// Columns of the right side.
const SIDE: u16 = 32;

/// Draws the screen. A narrow terminal has the form alone, with the help below it.
pub fn draw(frame: &mut Frame, area: Rect, app: &App) {
    let (form, side, border) = if area.width >= 76 {
        let wide = SIDE.max(area.width.saturating_sub(90)).min(56);
        let [form, side] =
            Layout::horizontal([Constraint::Min(0), Constraint::Length(wide)]).areas(area);
        (form, side, Borders::LEFT)
    } else {
        let [form, side] =
            Layout::vertical([Constraint::Min(3), Constraint::Length(5)]).areas(area);
        (form, side, Borders::TOP)
    };
    draw_form(frame, form, app);
    let block = Block::new()
        .borders(border)
        .padding(Padding::horizontal(1))
        .border_style(app.theme.style(Role::Frame));
    let lines = side_lines(app, border == Borders::LEFT);
    frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: true }).block(block), side);
}

fn draw_form(frame: &mut Frame, area: Rect, app: &App) {
    let mut lines = Vec::new();
    let mut focused_row = 0;
    let mut section = None;
    for (index, field) in fields::all().enumerate() {
        if section != Some(field.section) {
            section = Some(field.section);
            let heading = app.theme.style(Role::Accent);
            lines.push(Line::styled(format!(" {}", field.section.title()), heading));
        }
        if index == app.setup.focus {
            focused_row = lines.len();
        }
        lines.push(row(app, index, field));
    }
    let height = usize::from(area.height);
    // The selected row stays near the middle; the ends of the form stay at the ends of the screen.
    let top = focused_row.saturating_sub(height / 2).min(lines.len().saturating_sub(height));
    frame.render_widget(Paragraph::new(lines).scroll((top as u16, 0)), area);
    if let Some(edit) = &app.setup.edit {
        let width = VALUE + 1;
        let column = edit.input.visual_cursor() - edit.input.visual_scroll(width);
        let x = area.x + (3 + LABEL + column) as u16;
        let y = area.y + (focused_row - top) as u16;
        if x < area.right() && y < area.bottom() {
            frame.set_cursor_position((x, y));
        }
    }
}

/// `  name   value   default` or, beside a value that cannot be used, why.
fn row<'a>(app: &'a App, index: usize, field: &'static Field) -> Line<'a> {
    let focused = index == app.setup.focus;
    let edit = app.setup.edit.as_ref().filter(|_| focused);
    let changed = field.is_changed(&app.setup.spec);
    let value = match edit {
        Some(edit) => {
            let scroll = edit.input.visual_scroll(VALUE + 1);
            edit.input.value().chars().skip(scroll).take(VALUE + 1).collect()
        }
        None => (field.get)(&app.setup.spec),
    };
    let value_style = match (edit.is_some(), focused, changed) {
        (true, ..) => Style::new().add_modifier(Modifier::UNDERLINED),
        (_, true, _) => app.theme.selected(),
        (_, _, true) => app.theme.changed(),
        _ => Style::new(),
    };
    let pointer = if focused { "›" } else { " " };
    let marker = if changed { "•" } else { " " };
    let mut spans = vec![
        Span::styled(format!("{pointer}{marker}"), app.theme.style(Role::Accent)),
        Span::raw(format!("{:<LABEL$.LABEL$}", field.label())),
    ];
    let message = app.setup.message(index, field);
    let width = if message.is_some() { 0 } else { VALUE };
    spans.push(Span::styled(format!(" {value:<width$} "), value_style));
    match message {
        Some(message) => {
            spans.push(Span::styled(format!(" {message}"), app.theme.style(Role::Bad)));
        }
        None if changed => {
            let default = format!(" default {}", field.default_value());
            spans.push(Span::styled(default, app.theme.style(Role::Dim)));
        }
        None => {}
    }
    Line::from(spans)
}

/// What the form means: the selected field, then the run as a whole.
fn side_lines(app: &App, whole: bool) -> Vec<Line<'static>> {
    let accent = app.theme.style(Role::Accent);
    let mut lines = Vec::new();
    if let Some(field) = app.setup.field() {
        lines.push(Line::styled(field.label(), accent));
        if let Some(message) = app.setup.message(app.setup.focus, field) {
            lines.push(Line::styled(message, app.theme.style(Role::Bad)));
        }
        lines.push(Line::raw(field.help));
        let default = format!("default {}", field.default_value());
        lines.push(Line::styled(default, app.theme.style(Role::Dim)));
    }
    if whole {
        lines.push(Line::default());
        lines.extend(run_lines(app));
        for note in &app.notes {
            lines.push(Line::default());
            lines.push(Line::styled(note.clone(), app.theme.style(Role::Warning)));
        }
    }
    lines
}

fn run_lines(app: &App) -> Vec<Line<'static>> {
    let spec = &app.setup.spec;
    let accent = app.theme.style(Role::Accent);
    let architecture = spec.architecture();
    let mut lines = vec![
        Line::styled(format!("{architecture}: depth {}", architecture.depth()), accent),
        Line::raw(format!("{} epochs, batch {}, seed {}", spec.epochs, spec.batch_size, spec.seed)),
        Line::raw(match spec.data.source {
            DataSource::Cifar10 => "on CIFAR-10".to_owned(),
            DataSource::Synthetic => {
                let images = format::thousands(u64::from(spec.data.synthetic_train_images));
                format!("on {images} synthetic images; does not count as CIFAR-10")
            }
        }),
    ];
    if let Some(row) = document::row_of(architecture) {
        let figure = |value: Option<f64>| value.map_or("-".to_owned(), |v| format!("{v:.2} %"));
        lines.push(Line::raw(format!("document, 200 epochs: {}", figure(row.accuracy))));
        lines.push(Line::raw(format!("original paper: {}", figure(row.paper))));
    }
    lines.push(Line::default());
    let problems = spec.problems().len();
    lines.push(if problems == 0 {
        let key = app.keymap.hint(Action::Accept).unwrap_or_default();
        Line::styled(format!("{key} starts this run"), app.theme.style(Role::Good))
    } else {
        let text = format!("{problems} value(s) to correct before the start");
        Line::styled(text, app.theme.style(Role::Bad))
    });
    lines
}
