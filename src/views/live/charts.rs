//! The charts of one run.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::marks::marks;
use crate::app::App;
use crate::app::charts::{RunCurves, x_axis};
use crate::app::live::ChartKind;
use crate::app::run_view::RunView;
use crate::config::run::DataSource;
use crate::config::theme::{Role, Theme};
use crate::runs::curve::Metric;
use crate::runs::reference;
use crate::views::chart::{Axis, Chart, Cursor, Pattern, Reference, Scale, Series};
use crate::views::format;
use crate::views::lines::{self, Look, Window};

/// Columns from which the label of a reference says more.
const ROOMY: u16 = 50;

/// The curve of the seconds that evaluation takes.
const EVALUATION: &str = "evaluation";

/// Draws one chart of the run.
pub fn draw(frame: &mut Frame, area: Rect, app: &App, run: &RunView, kind: ChartKind) {
    chart(area, app, run, kind).draw(area, frame.buffer_mut(), &app.theme);
}

/// One chart of the run for an area.
pub fn chart<'a>(area: Rect, app: &'a App, run: &'a RunView, kind: ChartKind) -> Chart<'a> {
    let end = x_axis::end(app.charts.x_axis, &run.history);
    let window = Window::new(app.live.view.window(end), area.width, app.live.view.cursor);
    let curves = app.curves.of(&run.id);
    let of = Curves { app, run, curves, window };
    let series = match kind {
        ChartKind::Loss => of.loss(),
        ChartKind::Accuracy => of.accuracy(),
        ChartKind::LearningRate => of.learning_rate(),
        ChartKind::EpochSeconds => of.epoch_seconds(),
    };
    let scale = if app.live.is_log(kind) { Scale::Log } else { Scale::Linear };
    // The figures are for CIFAR-10; other images have nothing to do with them.
    let has_figures = kind == ChartKind::Accuracy && run.spec.data.source == DataSource::Cifar10;
    let row = reference::row(run.spec.architecture()).filter(|_| has_figures);
    let document = if area.width < ROOMY { "Keras" } else { "Keras, 200 epochs" };
    let figures = row
        .map(|row| [(row.accuracy.number, document), (row.paper.number, "paper")])
        .unwrap_or_default();
    Chart {
        title: title(app, kind, scale),
        x: window.axis(),
        y: y_axis(kind, scale, &series, window, app.live.view.is_zoomed()),
        series,
        references: figures
            .into_iter()
            .filter_map(|(figure, label)| Some(Reference { y: figure?, label }))
            .collect(),
        marks: marks(&run.history, app.charts.x_axis, &app.theme),
        cursor: window.cursor.map(|x| Cursor { x, label: format::on_axis(app.charts.x_axis, x) }),
    }
}

fn y_axis(kind: ChartKind, scale: Scale, series: &[Series], window: Window, zoomed: bool) -> Axis {
    let values = lines::values(series, window);
    match (kind, scale) {
        // Percents compare best on an axis that stays where it is.
        (ChartKind::Accuracy, Scale::Linear) if !zoomed => Axis::new(0.0, 100.0, scale),
        (ChartKind::EpochSeconds, Scale::Linear) => {
            let longest = values.into_iter().fold(0.0, f64::max);
            Axis::new(0.0, if longest > 0.0 { 1.1 * longest } else { 1.0 }, scale)
        }
        _ => Axis::around(values, scale),
    }
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

/// What the series are made from.
struct Curves<'a> {
    app: &'a App,
    run: &'a RunView,
    curves: Option<&'a RunCurves>,
    window: Window,
}

impl<'a> Curves<'a> {
    fn loss(&self) -> Vec<Series<'a>> {
        let steps = self.curves.map(|curves| lines::of_series(&curves.loss, self.window));
        self.train_and_test(steps, Metric::TrainLoss, Metric::TestLoss, format::loss)
    }

    fn accuracy(&self) -> Vec<Series<'a>> {
        let steps = self.curves.map(|curves| lines::of_series(&curves.accuracy, self.window));
        let words = |percent: f64| format!("{percent:.2}");
        self.train_and_test(steps, Metric::TrainAccuracy, Metric::TestAccuracy, words)
    }

    /// The steps faintly behind; over them the training set, smoothed from the steps or as the means
    /// of the epochs, and the test set.
    fn train_and_test(
        &self,
        steps: Option<lines::Lines>,
        train: Metric,
        test: Metric,
        words: fn(f64) -> String,
    ) -> Vec<Series<'a>> {
        let theme = &self.app.theme;
        let look = look("train", Role::Train, theme);
        let mut series = Vec::new();
        match steps {
            Some(steps) if steps.is_smoothed() => series.extend(steps.series(look, words)),
            steps => {
                let value = steps.as_ref().and_then(|steps| steps.value(words));
                series.extend(steps.map(|steps| steps.faint(look)));
                let epochs = self.epochs(train).series(look, words);
                // Between the ends of the epochs the steps are what is exact.
                series.extend(epochs.into_iter().map(|it| Series { value: value.clone(), ..it }));
            }
        }
        series.extend(self.epochs(test).series(self::look("test", Role::Test, theme), words));
        series
    }

    fn learning_rate(&self) -> Vec<Series<'a>> {
        let look = look(
            if self.window.cursor.is_some() { "at the cursor" } else { "" },
            Role::LearningRate,
            &self.app.theme,
        );
        let curve = self.curves.map(|curves| &curves.learning_rate);
        curve
            .map(|curve| {
                lines::of_series(curve, self.window).series(look, |rate| format!("{rate:.2e}"))
            })
            .unwrap_or_default()
    }

    fn epoch_seconds(&self) -> Vec<Series<'a>> {
        let words = |seconds: f64| format!("{seconds:.2}");
        let theme = &self.app.theme;
        let (axis, window) = (self.app.charts.x_axis, self.window);
        let train = self.epochs(Metric::SecondsPerEpoch);
        let evaluation = x_axis::of_epochs(axis, &self.run.history, |epoch| epoch.eval_seconds);
        let evaluation = lines::of_epochs(&evaluation, self.app.charts, window);
        let mut series = train.series(look("train", Role::Time, theme), words);
        series.extend(evaluation.series(look(EVALUATION, Role::Test, theme), words));
        series
    }

    fn epochs(&self, metric: Metric) -> lines::Lines {
        let points = x_axis::epoch_points(self.app.charts.x_axis, &self.run.history, metric);
        lines::of_epochs(&points, self.app.charts, self.window)
    }
}

fn look<'a>(name: &'a str, role: Role, theme: &Theme) -> Look<'a> {
    // One of the two curves of a chart, so that they are told apart without colour.
    let dashed = role == Role::Train || name == EVALUATION;
    Look {
        name,
        style: theme.style(role),
        faint: theme.style(Role::Frame),
        pattern: if dashed { Pattern::Dashed } else { Pattern::Solid },
        symbol: if dashed { '+' } else { '*' },
        sign: None,
    }
}
