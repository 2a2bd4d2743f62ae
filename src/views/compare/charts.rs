//! The curves of the compared runs, over each other or side by side on the same axes.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use crate::app::App;
use crate::app::charts::x_axis;
use crate::app::compare::Compared;
use crate::app::compare::difference::difference;
use crate::config::run::Version;
use crate::config::theme::Role;
use crate::runs::curve::Metric;
use crate::views::chart::{Axis, Chart, Cursor, Pattern, Reference, Scale, Series};
use crate::views::lines::{self, Lines, Look, Window};
use crate::views::{format, position_in};

/// The narrowest and the lowest chart worth drawing.
const NARROWEST: u16 = 26;
const LOWEST: u16 = 6;

/// A chart of its own: its title and its runs, counted over the compared ones.
struct Panel {
    title: String,
    runs: Vec<usize>,
}

/// Draws the charts.
pub fn draw(frame: &mut Frame, area: Rect, app: &App, compared: &[Compared]) {
    for (area, chart) in charts(area, app, compared) {
        chart.draw(area, frame.buffer_mut(), &app.theme);
    }
}

/// Which chart lies at a place, and where on its horizontal axis.
pub fn chart_at(
    area: Rect,
    app: &App,
    compared: &[Compared],
    place: Position,
) -> Option<(usize, f64)> {
    charts(area, app, compared).into_iter().enumerate().find_map(|(index, (area, chart))| {
        Some((index, position_in(chart.plot(area)?, area, place)?))
    })
}

/// Draws how far the runs lie from the reference.
pub fn draw_difference(frame: &mut Frame, area: Rect, app: &App, compared: &[Compared]) {
    let reference = app.compare.reference_of(compared);
    let Some(base) = compared.get(reference) else { return };
    let metric = app.compare.metric();
    let window = window(area, app, compared);
    let others = compared.iter().filter(|run| run.id != base.id);
    let series: Vec<Series> = others
        .flat_map(|run| {
            let points = difference(run.history, base.history, metric, app.charts.x_axis);
            let lines = lines::of_epochs(&points, app.charts, window);
            lines.series(look(app, run), |value| format!("{value:+.4}"))
        })
        .collect();
    let values = lines::values(&series, window);
    let chart = Chart {
        title: Line::styled(format!(" difference from {}", base.name), app.theme.style(Role::Dim)),
        x: window.axis(),
        y: Axis::around(values.into_iter().chain([0.0]), Scale::Linear),
        series,
        references: vec![Reference { y: 0.0, label: "" }],
        marks: Vec::new(),
        cursor: cursor(app, window),
    };
    chart.draw(area, frame.buffer_mut(), &app.theme);
}

/// Every chart with its area, all on the same axes.
fn charts<'a>(area: Rect, app: &'a App, compared: &[Compared<'a>]) -> Vec<(Rect, Chart<'a>)> {
    let panels = panels(app, compared);
    let areas = split(area, panels.len());
    let width = areas.first().map_or(area.width, |area| area.width);
    let window = window(Rect { width, ..area }, app, compared);
    let series: Vec<Vec<Series>> =
        compared.iter().map(|run| run_series(app, run, window)).collect();
    let values = series.iter().flat_map(|series| lines::values(series, window));
    let scale = if app.compare.is_log() { Scale::Log } else { Scale::Linear };
    let y = Axis::around(values, scale);
    let missing = panels.len().saturating_sub(areas.len());
    let mut series: Vec<Option<Vec<Series>>> = series.into_iter().map(Some).collect();
    let last = areas.len().saturating_sub(1);
    let charts = panels.into_iter().zip(areas).enumerate().map(|(index, (panel, area))| {
        let missing = if index == last { missing } else { 0 };
        let own = panel.runs.iter().filter_map(|run| series.get_mut(*run)?.take());
        let chart = Chart {
            title: title(app, &panel.title, scale, missing),
            x: window.axis(),
            y,
            series: own.flatten().collect(),
            references: Vec::new(),
            marks: Vec::new(),
            cursor: cursor(app, window),
        };
        (area, chart)
    });
    charts.collect()
}

/// One chart of all runs; side by side, one for each network, or for each run where there is but one
/// network.
fn panels(app: &App, compared: &[Compared]) -> Vec<Panel> {
    if !app.compare.side_by_side {
        return vec![Panel { title: String::new(), runs: (0..compared.len()).collect() }];
    }
    let mut panels: Vec<Panel> = Vec::new();
    for (index, run) in compared.iter().enumerate() {
        let title = run.spec.architecture().to_string();
        match panels.iter_mut().find(|panel| panel.title == title) {
            Some(panel) => panel.runs.push(index),
            None => panels.push(Panel { title, runs: vec![index] }),
        }
    }
    if panels.len() > 1 {
        return panels;
    }
    let alone = |(index, run): (usize, &Compared)| {
        let sign = app.appearances.of(run.id).sign(app.theme.ascii());
        Panel { title: format!("{sign} {}", run.name), runs: vec![index] }
    };
    compared.iter().enumerate().map(alone).collect()
}

/// As many areas of one size as fit, in the order of reading.
fn split(area: Rect, count: usize) -> Vec<Rect> {
    let fit = |length: u16, least: u16| usize::from((length / least).max(1));
    let columns = count.clamp(1, fit(area.width, NARROWEST));
    let rows = count.div_ceil(columns).clamp(1, fit(area.height, LOWEST));
    // Rows as even as they can be.
    let columns = count.div_ceil(rows).clamp(1, columns);
    let parts = |count: usize| vec![Constraint::Ratio(1, count as u32); count];
    let rows = Layout::vertical(parts(rows)).split(area);
    let areas = rows
        .iter()
        .flat_map(|row| Layout::horizontal(parts(columns)).spacing(1).split(*row).to_vec());
    areas.take(count).collect()
}

fn window(area: Rect, app: &App, compared: &[Compared]) -> Window {
    let axis = app.charts.x_axis;
    let end = compared.iter().map(|run| x_axis::end(axis, run.history)).fold(0.0, f64::max);
    Window::new(app.compare.view.window(end), area.width, app.compare.view.cursor)
}

fn cursor(app: &App, window: Window) -> Option<Cursor> {
    window.cursor.map(|x| Cursor { x, label: format::on_axis(app.charts.x_axis, x) })
}

fn title(app: &App, panel: &str, scale: Scale, missing: usize) -> Line<'static> {
    let name = metric_name(app.compare.metric());
    let mut line = Line::from(Span::styled(format!(" {name} "), app.theme.selected()));
    if !panel.is_empty() {
        line.push_span(Span::styled(format!(" {panel}"), app.theme.style(Role::Accent)));
    }
    if scale == Scale::Log {
        line.push_span(Span::styled(" log", app.theme.style(Role::Dim)));
    }
    if missing > 0 {
        let text = format!("  {missing} more do not fit");
        line.push_span(Span::styled(text, app.theme.style(Role::Warning)));
    }
    line
}

/// The name of a metric with its unit.
pub fn metric_name(metric: Metric) -> &'static str {
    match metric {
        Metric::TestAccuracy => "test accuracy %",
        Metric::TestLoss => "test loss",
        Metric::TrainAccuracy => "train accuracy %",
        Metric::TrainLoss => "train loss",
        Metric::SecondsPerEpoch => "training s/epoch",
        _ => "learning rate",
    }
}

/// A value of a metric in words.
pub fn metric_words(metric: Metric, value: f64) -> String {
    match metric {
        Metric::TestAccuracy | Metric::TrainAccuracy | Metric::SecondsPerEpoch => {
            format!("{value:.2}")
        }
        Metric::TestLoss | Metric::TrainLoss => format::loss(value),
        _ => format!("{value:.2e}"),
    }
}

/// The value of a run at the cursor, in words.
pub fn at_cursor(app: &App, run: &Compared) -> Option<String> {
    let window = Window::new((0.0, 1.0), 0, app.compare.view.cursor);
    let metric = app.compare.metric();
    run_lines(app, run, window).value(|value| metric_words(metric, value))
}

fn run_series<'a>(app: &App, run: &Compared<'a>, window: Window) -> Vec<Series<'a>> {
    let (metric, look) = (app.compare.metric(), look(app, run));
    let words = |value| metric_words(metric, value);
    let lines = run_lines(app, run, window);
    if lines.is_smoothed() || !of_steps(metric) {
        return lines.series(look, words);
    }
    // The means of the epochs over the steps.
    let mut series = vec![lines.faint(look)];
    series.extend(epoch_lines(app, run, metric, window).series(look, words));
    series
}

/// Whether steps have the metric too.
fn of_steps(metric: Metric) -> bool {
    matches!(metric, Metric::TrainLoss | Metric::TrainAccuracy)
}

fn run_lines(app: &App, run: &Compared, window: Window) -> Lines {
    let metric = app.compare.metric();
    match (metric, app.curves.of(run.id)) {
        (Metric::TrainLoss, Some(curves)) => lines::of_series(&curves.loss, window),
        (Metric::TrainAccuracy, Some(curves)) => lines::of_series(&curves.accuracy, window),
        (Metric::LearningRate, Some(curves)) => lines::of_series(&curves.learning_rate, window),
        _ => epoch_lines(app, run, metric, window),
    }
}

fn epoch_lines(app: &App, run: &Compared, metric: Metric, window: Window) -> Lines {
    let points = x_axis::epoch_points(app.charts.x_axis, run.history, metric);
    lines::of_epochs(&points, app.charts, window)
}

/// A run's colour and sign; v1 is solid and v2 dashed.
fn look<'a>(app: &App, run: &Compared<'a>) -> Look<'a> {
    let appearance = app.appearances.of(run.id);
    let style: Style = app.theme.run(appearance.place());
    Look {
        name: "",
        style,
        faint: style.add_modifier(Modifier::DIM),
        pattern: match run.spec.version {
            Version::V1 => Pattern::Solid,
            Version::V2 => Pattern::Dashed,
        },
        symbol: appearance.sign(true),
        sign: Some(appearance.sign(app.theme.ascii())),
    }
}
