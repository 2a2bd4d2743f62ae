//! The Setup screen: the form on the left, what it means on the right.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Padding, Paragraph, Wrap};

use super::format;
use crate::app::App;
use crate::app::download::Download;
use crate::app::fields::{self, Field};
use crate::config::keys::Action;
use crate::config::run::{DataSource, RunSpec};
use crate::config::theme::Role;
use crate::runs::reference::{self, Printed};

mod preview;

mod schedule;

/// Columns of the names of the fields.
const LABEL: usize = 29;

/// Columns of the values.
const VALUE: usize = 13;

/// Columns of the right side.
const SIDE: u16 = 32;

/// Columns that the form needs.
const FORM: u16 = 45;

/// Rows of the learning rate's chart.
const CHART: u16 = 8;

/// Rows from which the chart is always there.
const TALL: u16 = 34;

/// The form, and what stands beside it or, on a narrow terminal, below it.
fn parts(app: &App, area: Rect) -> (Rect, Rect, Borders) {
    let download = Constraint::Length(u16::from(app.download.is_some()));
    let [area, _] = Layout::vertical([Constraint::Min(0), download]).areas(area);
    if area.width >= 76 {
        let room = area.width.saturating_sub(90).min(56);
        let pictures = app.setup.preview.is_some();
        let side = if pictures { area.width.saturating_sub(FORM).min(76) } else { SIDE.max(room) };
        let [form, side] =
            Layout::horizontal([Constraint::Min(0), Constraint::Length(side)]).areas(area);
        (form, side, Borders::LEFT)
    } else {
        let rows = if app.setup.preview.is_some() { area.height / 2 } else { 5 };
        let [form, side] =
            Layout::vertical([Constraint::Min(3), Constraint::Length(rows)]).areas(area);
        (form, side, Borders::TOP)
    }
}

/// Draws the screen. A narrow terminal has the form alone, with the help below it.
pub fn draw(frame: &mut Frame, area: Rect, app: &App) {
    let (form, side, border) = parts(app, area);
    draw_form(frame, form, app);
    let block = Block::new()
        .borders(border)
        .padding(Padding { left: 1, ..Padding::ZERO })
        .border_style(app.theme.style(Role::Frame));
    let inner = block.inner(side);
    frame.render_widget(block, side);
    draw_side(frame, inner, app, border == Borders::LEFT);
    if let Some(download) = &app.download {
        let bottom = Rect { y: area.bottom().saturating_sub(1), height: 1, ..area };
        draw_download(frame, bottom, app, download);
    }
}

fn draw_side(frame: &mut Frame, area: Rect, app: &App, beside: bool) {
    if let Some(panel) = &app.setup.preview {
        // Two rows of pictures come before the help.
        let help = if beside { area.height.saturating_sub(19).min(6) } else { 0 };
        let [text, pictures] =
            Layout::vertical([Constraint::Length(help), Constraint::Min(0)]).areas(area);
        let lines = Paragraph::new(side_lines(app, false)).wrap(Wrap { trim: true });
        frame.render_widget(lines, text);
        preview::draw(frame, pictures, app, panel);
        return;
    }
    let rate = app.setup.field().is_some_and(|field| {
        ["recipe", "schedule", "learning_rate", "epochs", "warm_up_epochs"].contains(&field.key)
    });
    let chart = beside && (area.height >= TALL || (rate && area.height >= 2 * CHART));
    let rows = Constraint::Length(if chart { CHART } else { 0 });
    let [text, below] = Layout::vertical([Constraint::Min(0), rows]).areas(area);
    let lines = Paragraph::new(side_lines(app, beside)).wrap(Wrap { trim: true });
    frame.render_widget(lines, text);
    if chart {
        schedule::draw(frame, below, app);
    }
}

/// `CIFAR-10 ████░░░ downloading 34 %, 58.0 of 170.1 MB; d cancels`
fn draw_download(frame: &mut Frame, area: Rect, app: &App, download: &Download) {
    const BAR: usize = 16;
    let full = (download.part() * BAR as f64).round() as usize;
    let megabytes = download.progress.as_ref().map_or(String::new(), |progress| {
        let (done, total) = (progress.done as f64 / 1e6, progress.total as f64 / 1e6);
        format!(" {done:.1} of {total:.1} MB")
    });
    let key = app.keymap.hint(Action::Download).unwrap_or_default();
    let line = Line::from(vec![
        Span::styled(" CIFAR-10 ", app.theme.style(Role::Accent)),
        Span::styled("█".repeat(full), app.theme.style(Role::Good)),
        Span::styled("░".repeat(BAR - full.min(BAR)), app.theme.style(Role::Frame)),
        Span::raw(format!(" {:.0} %{megabytes} {}", 100.0 * download.part(), download.words())),
        Span::styled(format!(" · {key} cancels"), app.theme.style(Role::Dim)),
    ]);
    frame.render_widget(line, area);
}

/// The rows of the form: the field of each, `None` for the heading of a section.
fn rows() -> Vec<Option<usize>> {
    let mut rows = Vec::new();
    let mut section = None;
    for (index, field) in fields::all().enumerate() {
        if section != Some(field.section) {
            section = Some(field.section);
            rows.push(None);
        }
        rows.push(Some(index));
    }
    rows
}

/// The first row shown. The selected one stays near the middle; the ends of the form stay at the ends
/// of the screen.
fn first_row(app: &App, rows: &[Option<usize>], height: usize) -> usize {
    let focused = rows.iter().position(|row| *row == Some(app.setup.focus)).unwrap_or(0);
    focused.saturating_sub(height / 2).min(rows.len().saturating_sub(height))
}

/// The field at a place of the screen.
pub fn field_at(app: &App, area: Rect, place: Position) -> Option<usize> {
    let (form, ..) = parts(app, area);
    if !form.contains(place) {
        return None;
    }
    let rows = rows();
    let row = first_row(app, &rows, usize::from(form.height)) + usize::from(place.y - form.y);
    rows.get(row).copied().flatten()
}

fn draw_form(frame: &mut Frame, area: Rect, app: &App) {
    let rows = rows();
    let default = fields::default_run(&app.setup.spec);
    let top = first_row(app, &rows, usize::from(area.height));
    let shown = rows.iter().enumerate().skip(top).take(usize::from(area.height));
    let lines = shown.map(|(place, index)| {
        let field = |index: usize| fields::all().nth(index);
        let section = |field: &Field| {
            let heading = app.theme.style(Role::Accent);
            Line::styled(format!(" {}", field.section.title()), heading)
        };
        match index.map(|index| (index, field(index))) {
            Some((index, Some(field))) => row(app, index, field, &default, area.width),
            // The heading of the field below it.
            _ => rows
                .get(place + 1)
                .copied()
                .flatten()
                .and_then(field)
                .map_or_else(Line::default, section),
        }
    });
    frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()), area);
    let focused = rows.iter().position(|row| *row == Some(app.setup.focus));
    if let (Some(edit), Some(focused)) = (&app.setup.edit, focused) {
        let width = VALUE + 1;
        let column = edit.input.visual_cursor() - edit.input.visual_scroll(width);
        let x = area.x + (3 + LABEL + column) as u16;
        let y = area.y + focused.saturating_sub(top) as u16;
        if x < area.right() && y < area.bottom() {
            frame.set_cursor_position((x, y));
        }
    }
}

/// `  name   value   default` or, beside a value that cannot be used, why.
fn row<'a>(
    app: &'a App,
    index: usize,
    field: &'static Field,
    default: &RunSpec,
    columns: u16,
) -> Line<'a> {
    let focused = index == app.setup.focus;
    let edit = app.setup.edit.as_ref().filter(|_| focused);
    let changed = app.setup.is_changed(field, default);
    let value = match edit {
        Some(edit) => {
            let scroll = edit.input.visual_scroll(VALUE + 1);
            edit.input.value().chars().skip(scroll).take(VALUE + 1).collect()
        }
        None => app.setup.value(field),
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
            let default = format!(" default {}", field.default_value(default));
            let taken: usize = spans.iter().map(Span::width).sum();
            // A part of it would be read as another.
            if taken + default.chars().count() <= usize::from(columns) {
                spans.push(Span::styled(default, app.theme.style(Role::Dim)));
            }
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
        let default = field.default_value(&fields::default_run(&app.setup.spec));
        let default = format!("default {default}");
        lines.push(Line::styled(default, app.theme.style(Role::Dim)));
    }
    if whole {
        lines.push(Line::default());
        lines.extend(run_lines(app));
        for note in waiting(app).iter().chain(&app.notes) {
            lines.push(Line::default());
            lines.push(Line::styled(note.clone(), app.theme.style(Role::Warning)));
        }
    }
    lines
}

/// Which runs were broken off and can go on.
fn waiting(app: &App) -> Option<String> {
    let key = app.keymap.hint(Action::ShowRuns).unwrap_or_default();
    // Those of this session are newer than what was read.
    let of_session = |id: &str| app.runs.iter().any(|run| run.id == id);
    let waiting = app.library.as_ref()?.waiting().filter(|run| !of_session(&run.folder.id()));
    match waiting.count() {
        0 => None,
        1 => Some(format!("1 interrupted or paused run can go on: {key} Runs")),
        count => Some(format!("{count} interrupted or paused runs can go on: {key} Runs")),
    }
}

fn run_lines(app: &App) -> Vec<Line<'static>> {
    let spec = &app.setup.spec;
    let accent = app.theme.style(Role::Accent);
    let architecture = spec.architecture();
    let mut lines = vec![
        Line::styled(format!("{architecture}: depth {}", architecture.depth()), accent),
        Line::raw(format!(
            "{} {}, batch {}, {}",
            spec.epochs,
            if spec.epochs == 1 { "epoch" } else { "epochs" },
            spec.batch_size,
            match app.setup.further_seeds.len() {
                0 => format!("seed {}", spec.seed),
                further => format!("{} seeds", further + 1),
            }
        )),
        Line::raw(match spec.data.source {
            DataSource::Cifar10 => "on CIFAR-10".to_owned(),
            DataSource::Synthetic => {
                let images = format::thousands(u64::from(spec.data.synthetic_train_images));
                format!("on {images} synthetic images; does not count as CIFAR-10")
            }
        }),
    ];
    if let Some(row) = reference::row(architecture) {
        let figure = |cell: &Printed| match cell.number {
            Some(_) => format!("{} %", cell.text),
            None => cell.text.clone(),
        };
        lines.push(Line::raw(format!("Keras, 200 epochs: {}", figure(&row.accuracy))));
        lines.push(Line::raw(format!("original paper: {}", figure(&row.paper))));
    }
    lines.push(Line::default());
    let problems = spec.problems().len();
    lines.push(if problems == 0 {
        let key = app.keymap.hint(Action::Accept).unwrap_or_default();
        let text = match app.setup.further_seeds.len() {
            0 => format!("{key} starts this run"),
            further => format!("{key} puts {} runs into the queue", further + 1),
        };
        Line::styled(text, app.theme.style(Role::Good))
    } else {
        let values = if problems == 1 { "value" } else { "values" };
        let text = format!("{problems} {values} to correct before the start");
        Line::styled(text, app.theme.style(Role::Bad))
    });
    lines
}
