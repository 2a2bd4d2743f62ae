//! The Live screen: charts, progress and numbers of one run.
//!
//! ```text
//! ResNet20v1 · CIFAR-10 · bf16 · cpu · seed 1        80 columns: numbers below the charts
//! loss              accuracy                         wide: numbers beside them
//! learning rate     s/epoch
//! epoch ████████░░░░   total ██░░░░░░░░░░
//! numbers
//! ```

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Paragraph, Wrap};

use super::numbers::{self, Number};
use super::{format, position_in};
use crate::app::App;
use crate::app::charts::x_axis;
use crate::app::live::{CHARTS, ChartKind};
use crate::app::progress::{Progress, progress};
use crate::app::run_view::{RunState, RunView};
use crate::config::keys::Action;
use crate::config::theme::Role;

pub mod charts;

mod marks;

/// Columns from which the numbers stand beside the charts.
const WIDE: u16 = 110;

/// Columns of the numbers beside the charts.
const SIDE: u16 = 40;

/// Seconds without a word from the trainer before that is said.
const SILENCE: f64 = 10.0;

/// Draws the screen.
pub fn draw(frame: &mut Frame, area: Rect, app: &App) {
    let Some(run) = app.shown_run() else {
        let text = format!("\n {}", super::no_run(app));
        frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: false }), area);
        return;
    };
    let progress = progress(&run.history, &run.spec);
    let lines = numbers::lines(app, run, &progress);
    let parts = parts(area, app, run, &lines);
    let view = view_settings(app);
    let [left, right] =
        Layout::horizontal([Constraint::Min(0), Constraint::Length(view.width() as u16)])
            .areas(parts.top);
    frame.render_widget(description(app, run, left.width), left);
    frame.render_widget(view, right);
    if let Some(notice) = notice(app, run) {
        frame.render_widget(Paragraph::new(notice).wrap(Wrap { trim: false }), parts.notice);
    }
    draw_bars(frame, parts.bars, app, &progress);
    for (kind, area) in charts_in(parts.charts, app) {
        charts::draw(frame, area, app, run, kind);
    }
    let numbers = if area.width >= WIDE {
        numbers::column(&lines)
    } else {
        numbers::rows(&lines, area.width)
    };
    frame.render_widget(Paragraph::new(numbers), parts.numbers);
}

/// The chart at a place of the screen, in the order of the screen, and where on its horizontal axis.
pub fn chart_at(area: Rect, app: &App, place: Position) -> Option<(usize, f64)> {
    let run = app.shown_run()?;
    let lines = numbers::lines(app, run, &progress(&run.history, &run.spec));
    let charts = charts_in(parts(area, app, run, &lines).charts, app);
    charts.into_iter().find_map(|(kind, area)| {
        let plot = charts::chart(area, app, run, kind).plot(area)?;
        let index = CHARTS.iter().position(|chart| *chart == kind)?;
        Some((index, position_in(plot, area, place)?))
    })
}

struct Parts {
    top: Rect,
    notice: Rect,
    charts: Rect,
    numbers: Rect,
    bars: Rect,
}

fn parts(area: Rect, app: &App, run: &RunView, lines: &[Number]) -> Parts {
    let notice_height = notice(app, run).map_or(0, |notice| height_of(&notice, area.width));
    let [top, notice, middle, bars] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(notice_height),
        Constraint::Min(0),
        Constraint::Length(1),
    ])
    .areas(area);
    let [charts, numbers] = if area.width >= WIDE {
        Layout::horizontal([Constraint::Min(0), Constraint::Length(SIDE)]).areas(middle)
    } else {
        let rows = numbers::rows(lines, area.width).len() as u16;
        let height = if app.live.expanded { 0 } else { rows.min(area.height / 4) };
        Layout::vertical([Constraint::Min(0), Constraint::Length(height)]).areas(middle)
    };
    Parts { top, notice, charts, numbers, bars }
}

/// How the charts are looked at, where that is not the usual way.
fn view_settings(app: &App) -> Line<'static> {
    let mut words = super::chart_settings(app);
    if let Some(run) = app.shown_run().filter(|_| app.live.view.is_zoomed()) {
        let (low, high) = app.live.view.window(x_axis::end(app.charts.x_axis, &run.history));
        let place = |x| format::on_axis(app.charts.x_axis, x);
        words.push(format!("{} to {}", place(low), place(high)));
    }
    let text = if words.is_empty() { String::new() } else { format!(" {} ", words.join(" · ")) };
    Line::styled(text, app.theme.style(Role::Accent))
}

/// What every number on the screen is for.
fn description(app: &App, run: &RunView, width: u16) -> Line<'static> {
    let mut parts: Vec<String> = super::given_title(app, run).into_iter().collect();
    parts.push(run.spec.architecture().to_string());
    parts.push(format!("seed {}", run.spec.seed));
    parts.push(format!("batch {}", run.spec.batch_size));
    match &run.history.started {
        Some(started) => parts.extend([
            started.precision.clone(),
            super::run_list::data_in_short(&run.spec, Some(&started.data)).to_owned(),
            started.device_name.clone(),
        ]),
        None => parts.push("not begun".to_owned()),
    }
    let text = format!(" {}", parts.join(" · "));
    Line::styled(format::start_of(&text, usize::from(width)), app.theme.style(Role::Dim))
}

/// What needs to be read before anything else.
fn notice(app: &App, run: &RunView) -> Option<Text<'static>> {
    if let Some(error) = run.failure() {
        return Some(Text::styled(format!(" {error}"), app.theme.style(Role::Bad)));
    }
    if run.elsewhere {
        let text = " Another process trains this run; it can be watched here, and steered there.";
        return Some(Text::styled(text, app.theme.style(Role::Accent)));
    }
    let hint = |action| app.keymap.hint(action).unwrap_or_default();
    let warning = app.theme.style(Role::Warning);
    match run.state() {
        RunState::Paused => {
            let reason = run.history.phase_reason.clone();
            let by_trainer = reason.is_some();
            let style = if by_trainer { app.theme.style(Role::Bad) } else { warning };
            let word = if by_trainer { " PAUSED BY THE TRAINER " } else { " PAUSED " };
            let saved = reason.unwrap_or_else(|| match app.is_replay(run) {
                true => "The replay stands still".to_owned(),
                false => "A checkpoint is on disk".to_owned(),
            });
            let key = hint(Action::Pause);
            Some(Text::from(Line::from(vec![
                Span::styled(word, style.patch(app.theme.selected())),
                Span::styled(format!(" {saved}. {key} goes on."), style),
            ])))
        }
        RunState::Interrupted => {
            let text =
                " The process that trained this run ended; Runs can resume its last checkpoint.";
            Some(Text::styled(text, app.theme.style(Role::Bad)))
        }
        _ => {
            let silent = app.seconds_silent().filter(|seconds| *seconds >= SILENCE)?;
            let text = format!(" no word from the trainer for {silent:.0} s");
            Some(Text::styled(text, warning))
        }
    }
}

/// Rows that a notice takes, at most four.
fn height_of(notice: &Text, width: u16) -> u16 {
    let rows = notice.lines.iter().map(|line| line.width() / usize::from(width.max(1)) + 1);
    rows.sum::<usize>().min(4) as u16
}

/// The charts there is room for, each with its area.
fn charts_in(area: Rect, app: &App) -> Vec<(ChartKind, Rect)> {
    if app.live.expanded || area.width < 60 || area.height < 10 {
        return vec![(app.live.selected(), area)];
    }
    let rows = Layout::vertical([Constraint::Ratio(1, 2); 2]).split(area);
    let cells = rows.iter().flat_map(|row| {
        let columns = Layout::horizontal([Constraint::Ratio(1, 2); 2]).spacing(1).split(*row);
        columns.to_vec()
    });
    CHARTS.into_iter().zip(cells).collect()
}

/// Two bars in one line: the epoch and the whole run.
fn draw_bars(frame: &mut Frame, area: Rect, app: &App, progress: &Progress) {
    let columns = Layout::horizontal([Constraint::Ratio(1, 2); 2]).spacing(1).split(area);
    let epoch = format!("epoch {}/{}", progress.epoch, progress.epochs);
    let bars = [(epoch, progress.epoch_part), ("total".to_owned(), progress.total_part)];
    for (column, (label, part)) in columns.iter().zip(bars) {
        let label = format!(" {label} ");
        let percent = format!(" {:3.0} %", 100.0 * part);
        let taken = label.chars().count() + percent.len();
        let room = usize::from(column.width).saturating_sub(taken);
        let full = (part * room as f64).round() as usize;
        let line = Line::from(vec![
            Span::raw(label),
            Span::styled("█".repeat(full.min(room)), app.theme.style(Role::Good)),
            Span::styled("░".repeat(room.saturating_sub(full)), app.theme.style(Role::Frame)),
            Span::raw(percent),
        ]);
        frame.render_widget(line, *column);
    }
}
