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
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Paragraph, Wrap};

use super::numbers;
use crate::app::App;
use crate::app::live::CHARTS;
use crate::app::progress::{Progress, progress};
use crate::app::run_view::{RunState, RunView};
use crate::config::keys::Action;
use crate::config::theme::Role;

mod charts;

/// Columns from which the numbers stand beside the charts.
const WIDE: u16 = 110;

/// Columns of the numbers beside the charts.
const SIDE: u16 = 40;

/// Seconds without a word from the trainer before that is said.
const SILENCE: f64 = 10.0;

/// Draws the screen.
pub fn draw(frame: &mut Frame, area: Rect, app: &App) {
    let Some(run) = app.shown_run() else {
        let key = app.keymap.hint(Action::ShowSetup).unwrap_or_default();
        let text =
            format!("\n No run yet. {key} shows Setup, where a run is described and started.");
        frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: false }), area);
        return;
    };
    let progress = progress(&run.history, &run.spec);
    let notice = notice(app, run);
    let [top, notice_area, charts_area, bars] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(notice.as_ref().map_or(0, |notice| height_of(notice, area.width))),
        Constraint::Min(0),
        Constraint::Length(1),
    ])
    .areas(area);
    frame.render_widget(description(app, run), top);
    if let Some(notice) = notice {
        frame.render_widget(Paragraph::new(notice).wrap(Wrap { trim: false }), notice_area);
    }
    draw_bars(frame, bars, app, &progress);
    let lines = numbers::lines(app, run, &progress);
    if area.width >= WIDE {
        let [left, right] =
            Layout::horizontal([Constraint::Min(0), Constraint::Length(SIDE)]).areas(charts_area);
        draw_charts(frame, left, app, run);
        frame.render_widget(Paragraph::new(numbers::column(&lines)), right);
    } else {
        let rows = numbers::rows(&lines, area.width);
        let height = (rows.len() as u16).min(area.height / 4);
        let [above, below] =
            Layout::vertical([Constraint::Min(0), Constraint::Length(height)]).areas(charts_area);
        draw_charts(frame, above, app, run);
        frame.render_widget(Paragraph::new(rows), below);
    }
}

/// What every number on the screen is for.
fn description(app: &App, run: &RunView) -> Line<'static> {
    let mut parts = vec![run.spec.architecture().to_string()];
    match &run.history.started {
        Some(started) => parts.extend([
            started.data.clone(),
            started.precision.clone(),
            format!("{} ({})", started.device, started.device_name),
        ]),
        None => parts.push("not begun".to_owned()),
    }
    parts.push(format!("seed {}", run.spec.seed));
    parts.push(format!("batch {}", run.spec.batch_size));
    Line::styled(format!(" {}", parts.join(" · ")), app.theme.style(Role::Dim))
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
            let saved = reason.unwrap_or_else(|| "A checkpoint is on disk.".to_owned());
            let key = hint(Action::Pause);
            Some(Text::from(Line::from(vec![
                Span::styled(" PAUSED ", warning.patch(app.theme.selected())),
                Span::styled(format!(" {saved} {key} goes on."), warning),
            ])))
        }
        RunState::Interrupted => {
            let text = " The trainer ended without a word; the last checkpoint can be resumed.";
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

fn draw_charts(frame: &mut Frame, area: Rect, app: &App, run: &RunView) {
    let alone = app.live.expanded || area.width < 60 || area.height < 10;
    if alone {
        charts::draw(frame, area, app, run, app.live.selected());
        return;
    }
    let rows = Layout::vertical([Constraint::Ratio(1, 2); 2]).split(area);
    for (row, pair) in rows.iter().zip(CHARTS.chunks(2)) {
        let columns = Layout::horizontal([Constraint::Ratio(1, 2); 2]).spacing(1).split(*row);
        for (column, kind) in columns.iter().zip(pair) {
            charts::draw(frame, *column, app, run, *kind);
        }
    }
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
