//! The charts of one run.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::app::App;
use crate::app::document;
use crate::app::live::ChartKind;
use crate::app::progress::epochs_at;
use crate::app::run_view::RunView;
use crate::config::theme::{Role, Theme};
use crate::protocol::{EpochMetrics, StepMetrics};
use crate::runs::RunHistory;
use crate::runs::history::MarkKind;
use crate::views::chart::{Axis, Chart, Mark, Pattern, Reference, Scale, Series};

/// Draws one chart of the run. The x axis counts epochs.
pub fn draw(frame: &mut Frame, area: Rect, app: &App, run: &RunView, kind: ChartKind) {
    let scale = if app.live.is_log(kind) { Scale::Log } else { Scale::Linear };
    let history = &run.history;
    let theme = &app.theme;
    let series = match kind {
        ChartKind::Loss => loss(history, theme),
        ChartKind::Accuracy => accuracy(history, theme),
        ChartKind::LearningRate => learning_rate(history, theme),
        ChartKind::EpochSeconds => epoch_seconds(history, theme),
    };
    let values = series.iter().flat_map(|series| series.points.iter().map(|(_, y)| *y));
    let y = match (kind, scale) {
        // Percents compare best on an axis that stays where it is.
        (ChartKind::Accuracy, Scale::Linear) => Axis::new(0.0, 100.0, scale),
        (ChartKind::EpochSeconds, Scale::Linear) => {
            Axis::new(0.0, 1.1 * values.fold(0.0, f64::max), scale)
        }
        _ => Axis::around(values, scale),
    };
    let row = document::row_of(run.spec.architecture());
    let row = row.filter(|_| kind == ChartKind::Accuracy);
    let figures =
        row.map(|row| [(row.accuracy, "document"), (row.paper, "paper")]).unwrap_or_default();
    let chart = Chart {
        title: title(app, kind, scale),
        x: Axis::new(0.0, epochs_at(history, history.step()).max(1.0), Scale::Linear),
        y,
        series,
        references: figures
            .into_iter()
            .filter_map(|(figure, label)| Some(Reference { y: figure?, label }))
            .collect(),
        marks: marks(history, theme),
        cursor: None,
    };
    chart.draw(area, frame.buffer_mut(), theme);
}

fn title(app: &App, kind: ChartKind, scale: Scale) -> Line<'static> {
    let name = match kind {
        ChartKind::Loss => "loss",
        ChartKind::Accuracy => "accuracy %",
        ChartKind::LearningRate => "learning rate",
        ChartKind::EpochSeconds => "s/epoch",
    };
    let style = if app.live.selected() == kind { app.theme.selected() } else { Style::new() };
    let mut line = Line::from(Span::styled(format!(" {name} "), style));
    if scale == Scale::Log {
        line.push_span(Span::styled(" log", app.theme.style(Role::Dim)));
    }
    line
}

/// The steps faintly behind, the epochs' training mean and the test set over them.
fn loss<'a>(history: &RunHistory, theme: &Theme) -> Vec<Series<'a>> {
    vec![
        steps(history, theme, |step| step.loss),
        epochs(history, "train", |epoch| epoch.train_loss, Role::Train, theme),
        epochs(history, "test", |epoch| epoch.test_loss, Role::Test, theme),
    ]
}

fn accuracy<'a>(history: &RunHistory, theme: &Theme) -> Vec<Series<'a>> {
    vec![
        steps(history, theme, |step| 100.0 * step.accuracy),
        epochs(history, "train", |epoch| 100.0 * epoch.train_accuracy, Role::Train, theme),
        epochs(history, "test", |epoch| 100.0 * epoch.test_accuracy, Role::Test, theme),
    ]
}

fn learning_rate<'a>(history: &RunHistory, theme: &Theme) -> Vec<Series<'a>> {
    let rate = |step: &StepMetrics| (epochs_at(history, step.step), step.lr);
    vec![Series {
        name: "",
        points: history.steps.iter().map(rate).collect(),
        pattern: Pattern::Solid,
        style: theme.style(Role::LearningRate),
        symbol: '*',
    }]
}

fn epoch_seconds<'a>(history: &RunHistory, theme: &Theme) -> Vec<Series<'a>> {
    vec![
        epochs(history, "train", |epoch| epoch.train_seconds, Role::Time, theme),
        epochs(history, "evaluation", |epoch| epoch.eval_seconds, Role::Test, theme),
    ]
}

fn steps<'a>(
    history: &RunHistory,
    theme: &Theme,
    value: impl Fn(&StepMetrics) -> f64,
) -> Series<'a> {
    Series {
        name: "",
        points: history
            .steps
            .iter()
            .map(|step| (epochs_at(history, step.step), value(step)))
            .collect(),
        pattern: Pattern::Solid,
        style: theme.style(Role::Frame),
        symbol: '.',
    }
}

fn epochs<'a>(
    history: &RunHistory,
    name: &'a str,
    value: impl Fn(&EpochMetrics) -> f64,
    role: Role,
    theme: &Theme,
) -> Series<'a> {
    let train = role == Role::Train;
    Series {
        name,
        points: history.epochs.iter().map(|epoch| (f64::from(epoch.epoch), value(epoch))).collect(),
        pattern: if train { Pattern::Dashed } else { Pattern::Solid },
        style: theme.style(role),
        symbol: if train { '+' } else { '*' },
    }
}

/// Where the run was paused or went on, and where the learning rate changed.
fn marks<'a>(history: &RunHistory, theme: &Theme) -> Vec<Mark<'a>> {
    let paused = history.marks.iter().filter(|mark| mark.kind == MarkKind::Paused);
    let paused = paused.map(|mark| Mark {
        x: epochs_at(history, mark.step),
        label: "paused",
        style: theme.style(Role::Frame),
    });
    let drops = history.epochs.windows(2).filter_map(|pair| match pair {
        [before, after] if after.lr < before.lr => Some(Mark {
            x: f64::from(before.epoch),
            label: "lr",
            style: theme.style(Role::LearningRate),
        }),
        _ => None,
    });
    paused.chain(drops).collect()
}
