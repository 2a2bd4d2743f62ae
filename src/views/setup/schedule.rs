//! The learning rate over the epochs, before a step is trained.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::App;
use crate::config::run::Schedule;
use crate::config::theme::Role;
use crate::optimizer::schedule::learning_rate;
use crate::views::chart::{Axis, Chart, Pattern, Scale, Series};

/// Points of the curve, at most.
const POINTS: u32 = 2_000;

/// Draws the rate that each epoch of the set-up would have.
pub fn draw(frame: &mut Frame, area: Rect, app: &App) {
    let spec = &app.setup.spec;
    let epochs = spec.epochs.max(1);
    let stride = epochs.div_ceil(POINTS) as usize;
    let points = (0..epochs)
        .step_by(stride)
        .map(|epoch| (f64::from(epoch), learning_rate(spec.schedule, spec.learning_rate, epoch)));
    let points: Vec<(f64, f64)> = points.collect();
    let note = match spec.schedule {
        Schedule::Plateau => ", until the loss stays",
        Schedule::Keras | Schedule::Constant => "",
    };
    let chart = Chart {
        title: Line::from(vec![
            Span::raw("learning rate"),
            Span::styled(format!(" log{note}"), app.theme.style(Role::Dim)),
        ]),
        x: Axis::new(0.0, f64::from(epochs), Scale::Linear),
        y: Axis::around(points.iter().map(|(_, rate)| *rate), Scale::Log),
        series: vec![Series {
            name: "",
            points,
            pattern: Pattern::Solid,
            style: app.theme.style(Role::LearningRate),
            symbol: '*',
            value: None,
            sign: None,
        }],
        references: Vec::new(),
        marks: Vec::new(),
        cursor: None,
    };
    chart.draw(area, frame.buffer_mut(), &app.theme);
}
