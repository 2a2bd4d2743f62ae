//! The Runs screen: every run on disk, and the selected one in more detail.
//!
//! ```text
//! queue: 2 waiting, ResNet32v1 next · Q shows the queue
//! 12 runs, by created, largest first          filter: v2 best>92
//!   state         model         data       epochs curve      best   last
//! ▶ training      ResNet20v1    CIFAR-10    5/200 ▁▃▅▆▇     62.31  61.20
//! ──────────────────────────────────────────────────────────────────────
//! what is known of the selected run
//! ```

use jiff::tz::TimeZone;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph, Wrap};

use super::columns::{Column, Fitting, first_row, left, right};
use super::sparkline::sparkline;
use super::{columns, format, prompt, run_queue};
use crate::app::App;
use crate::app::library::Library;
use crate::app::run_list::{Row, epochs_done};
use crate::config::keys::Action;
use crate::config::run::{DataSource, RunSpec};
use crate::config::theme::{Role, Theme};
use crate::data::official;
use crate::protocol::Phase;
use crate::runs::record::RunRecord;
use crate::runs::results::deviations;
use crate::runs::state::RunState;

/// Rows of what is known of the selected run.
const DETAIL: u16 = 7;

/// Columns of the curve and of the progress bar.
const CURVE: usize = 10;

const COLUMNS: [Column; 12] = [
    left("state", 13, 12),
    left("title", 36, 2),
    left("model", 12, 11),
    left("data", 10, 6),
    right("seed", 5, 3),
    right("epochs", 8, 9),
    left("progress", CURVE, 1),
    left("test acc.", CURVE, 7),
    right("best %", 6, 10),
    right("last %", 6, 8),
    right("time", 11, 5),
    left("tags", 16, 4),
];

/// The queue, how many runs, the titles, the rows, and what is known of the selected one.
fn parts(area: Rect, queue: bool) -> [Rect; 5] {
    let detail = if area.height >= 16 { DETAIL } else { 0 };
    Layout::vertical([
        Constraint::Length(u16::from(queue)),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Min(0),
        Constraint::Length(detail),
    ])
    .areas(area)
}

/// The row at a place of the screen.
pub fn row_at(area: Rect, app: &App, place: Position) -> Option<usize> {
    let rows = app.run_list.rows(app.library.as_ref()?);
    let [_, _, _, list, _] = parts(area, run_queue::line(app).is_some());
    columns::row_at(list, app.run_list.selection(&rows), rows.len(), place)
}

/// Draws the screen.
pub fn draw(frame: &mut Frame, area: Rect, app: &App) {
    let Some(library) = &app.library else {
        frame.render_widget(Line::styled(" Reading the runs…", app.theme.style(Role::Dim)), area);
        return;
    };
    let rows = app.run_list.rows(library);
    let selected = app.run_list.selection(&rows);
    let queue = run_queue::line(app);
    let [queue_area, top, titles, list, below] = parts(area, queue.is_some());
    if let Some(line) = queue {
        frame.render_widget(line, queue_area);
    }
    draw_top(frame, top, app, library, rows.len());
    let fitting = Fitting::new(&COLUMNS, usize::from(area.width));
    frame.render_widget(fitting.titles(app.theme.style(Role::Dim)), titles);
    if rows.is_empty() {
        frame.render_widget(Paragraph::new(nothing(app, library)).wrap(Wrap { trim: false }), list);
        return;
    }
    let first = first_row(selected, rows.len(), usize::from(list.height));
    for (area, (place, row)) in list.rows().zip(rows.iter().enumerate().skip(first)) {
        let line = match row {
            Row::Run(run) => fitting.line(cells(run, &app.theme)),
            Row::Unreadable(run) => {
                let text = format!(" ? unreadable    {}", run.folder.id());
                Line::styled(text, app.theme.style(Role::Bad))
            }
        };
        let line = if place == selected { line.style(app.theme.selected()) } else { line };
        frame.render_widget(line, area);
    }
    if let Some(row) = rows.get(selected) {
        draw_detail(frame, below, app, row);
    }
}

/// How many runs, in which order, and the filter.
fn draw_top(frame: &mut Frame, area: Rect, app: &App, library: &Library, shown: usize) {
    let list = &app.run_list;
    let all = library.runs.len() + library.unreadable.len();
    let count = if shown == all { format!("{all}") } else { format!("{shown} of {all}") };
    let direction = if list.reversed { ", reversed" } else { "" };
    let noun = if all == 1 { "run" } else { "runs" };
    let text = format!(" {count} {noun} by {}{direction} ", list.order.name());
    let dim = app.theme.style(Role::Dim);
    let line = list.line.value();
    if !list.typing && line.is_empty() {
        frame.render_widget(Line::styled(text, dim), area);
        return;
    }
    let label = " filter: ";
    let typed = (line.chars().count() as u16 + 2).max(16);
    let [left, name, input, error] = Layout::horizontal([
        Constraint::Length(text.chars().count() as u16),
        Constraint::Length(label.len() as u16),
        Constraint::Length(typed),
        Constraint::Min(0),
    ])
    .areas(area);
    frame.render_widget(Line::styled(text, dim), left);
    frame.render_widget(Line::styled(label, app.theme.style(Role::Accent)), name);
    if list.typing {
        prompt::draw_input(frame, input, &list.line);
    } else {
        frame.render_widget(Line::raw(line), input);
    }
    if let Some(message) = &list.error {
        let line = Line::styled(format!(" {message}"), app.theme.style(Role::Bad));
        frame.render_widget(line, error);
    }
}

/// What to say where there is no row.
fn nothing(app: &App, library: &Library) -> Line<'static> {
    let key = |action| app.keymap.hint(action).unwrap_or_default();
    if let Some(problem) = &library.problem {
        return Line::styled(format!(" {problem}"), app.theme.style(Role::Bad));
    }
    let text = if library.runs.is_empty() {
        format!("\n No run yet. {} shows Setup, where one is started.", key(Action::ShowSetup))
    } else {
        format!("\n No run matches the filter. {} clears it.", key(Action::Back))
    };
    Line::styled(text, app.theme.style(Role::Dim))
}

fn cells(run: &RunRecord, theme: &Theme) -> Vec<Span<'static>> {
    let spec = &run.description.spec;
    let history = &run.history;
    let dim = theme.style(Role::Dim);
    let accuracy = |value: Option<f64>| {
        Span::raw(value.map_or("-".to_owned(), |value| format!("{:.2}", 100.0 * value)))
    };
    let accuracies: Vec<f64> = history.epochs.iter().map(|epoch| epoch.test_accuracy).collect();
    let done = epochs_done(run);
    let full = (f64::from(done) / f64::from(spec.epochs.max(1)) * CURVE as f64).round() as usize;
    let full = full.min(CURVE);
    vec![
        state_span(&run.state, theme),
        Span::raw(run.title().to_owned()),
        Span::raw(spec.architecture().to_string()),
        Span::styled(data_in_short(&run.description.spec, found(run)), dim),
        Span::styled(spec.seed.to_string(), dim),
        Span::raw(format!("{done}/{}", spec.epochs)),
        Span::styled("█".repeat(full) + &"░".repeat(CURVE - full), theme.style(Role::Frame)),
        Span::styled(sparkline(&accuracies, CURVE, theme.ascii()), theme.style(Role::Test)),
        accuracy(history.best().map(|epoch| epoch.test_accuracy)),
        accuracy(history.epochs.last().map(|epoch| epoch.test_accuracy)),
        Span::styled(format::duration(history.train_seconds()), dim),
        Span::styled(run.labels.tags.join(" "), theme.style(Role::Accent)),
    ]
}

/// The state as a sign and a word.
fn state_span(state: &RunState, theme: &Theme) -> Span<'static> {
    let sign = if theme.ascii() { state.ascii_glyph() } else { state.glyph() };
    let role = match state {
        RunState::Live(Phase::Training) | RunState::Finished => Role::Good,
        RunState::Live(Phase::Evaluating) => Role::Test,
        RunState::Live(_) | RunState::Paused | RunState::Stopped => Role::Warning,
        RunState::Failed(_) | RunState::Interrupted => Role::Bad,
        RunState::NeverBegun => Role::Dim,
    };
    Span::styled(format!("{sign} {}", state.word()), theme.style(role))
}

/// The data set as a recipe asks for it.
pub fn data_name(spec: &RunSpec) -> &'static str {
    match spec.data.source {
        DataSource::Cifar10 => "CIFAR-10",
        DataSource::Synthetic => "synthetic",
    }
}

/// The data set in one word, from what was asked for and what was found. Files that are only laid out
/// like CIFAR-10 are not called so.
pub fn data_in_short(spec: &RunSpec, found: Option<&str>) -> &'static str {
    match (spec.data.source, found) {
        (DataSource::Cifar10, Some(name)) if name != official::NAME => "unofficial",
        _ => data_name(spec),
    }
}

/// The data set as it was found.
fn found(run: &RunRecord) -> Option<&str> {
    run.description.environment.as_ref().map(|it| it.data.as_str())
}

/// The data set as it was found, or as it was asked for.
fn data(run: &RunRecord) -> String {
    found(run).unwrap_or_else(|| data_name(&run.description.spec)).to_owned()
}

fn draw_detail(frame: &mut Frame, area: Rect, app: &App, row: &Row) {
    let block = Block::new().borders(Borders::TOP).border_style(app.theme.style(Role::Frame));
    let lines = match row {
        Row::Run(run) => detail(run, &app.theme),
        Row::Unreadable(run) => vec![
            Line::styled(format!(" {}", run.folder.path().display()), app.theme.style(Role::Dim)),
            Line::styled(format!(" {}", run.reason), app.theme.style(Role::Bad)),
        ],
    };
    frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: false }).block(block), area);
}

/// What is known of a run, the most important first.
fn detail(run: &RunRecord, theme: &Theme) -> Vec<Line<'static>> {
    let (spec, history) = (&run.description.spec, &run.history);
    let dim = theme.style(Role::Dim);
    let created =
        run.description.created.to_zoned_datetime(TimeZone::UTC).strftime("%Y-%m-%d %H:%M UTC");
    let mut name = vec![Span::styled(format!(" {}", run.title()), theme.style(Role::Accent))];
    if run.title() != run.description.id {
        name.push(Span::styled(format!("  {}", run.description.id), dim));
    }
    name.push(Span::styled(format!("  created {created}"), dim));
    let mut lines = vec![Line::from(name)];
    if let RunState::Failed(reason) = &run.state {
        lines.push(Line::styled(format!(" {reason}"), theme.style(Role::Bad)));
    }
    let device = run.description.environment.as_ref();
    let device = device
        .map_or("not begun".to_owned(), |it| format!("{} on {}", it.precision, it.device_name));
    lines.push(Line::styled(
        format!(" {} · {device} · seed {} · batch {}", data(run), spec.seed, spec.batch_size),
        Style::new(),
    ));
    if let (Some(best), Some(last)) = (history.best(), history.epochs.last()) {
        let seconds = history.median_train_seconds().map_or("-".to_owned(), format::duration);
        lines.push(Line::raw(format!(
            " test accuracy best {} (epoch {}), last {} (epoch {}) · {seconds} an epoch",
            format::percent(best.test_accuracy),
            best.epoch,
            format::percent(last.test_accuracy),
            last.epoch,
        )));
    }
    if !run.labels.note.is_empty() || !run.labels.tags.is_empty() {
        lines.push(Line::from(vec![
            Span::styled(format!(" {} ", run.labels.tags.join(" ")), theme.style(Role::Accent)),
            Span::raw(run.labels.note.clone()),
        ]));
    }
    let deviations = deviations(&run.description, history);
    lines.push(if deviations.is_empty() {
        Line::styled(" a full run of the Keras recipe", theme.style(Role::Good))
    } else {
        Line::styled(format!(" not comparable: {}", deviations.join("; ")), dim)
    });
    lines
}
