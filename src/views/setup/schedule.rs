//! The learning rate of every step, before one is trained.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::App;
use crate::app::commands::train_images;
use crate::config::run::Schedule;
use crate::config::theme::Role;
use crate::optimizer::schedule::learning_rate;
use crate::views::chart::{Axis, Chart, Pattern, Scale, Series};

/// Points of the curve, at most.
const POINTS: u64 = 2_000;

/// Draws the rate that the steps of the set-up would have, over the epochs.
pub fn draw(frame: &mut Frame, area: Rect, app: &App) {
    let spec = &app.setup.spec;
    let epochs = spec.epochs.max(1);
    let steps_per_epoch = u64::from(train_images(spec).div_ceil(spec.batch_size.max(1)).max(1));
    let steps = u64::from(epochs) * steps_per_epoch;
    let point = |step: u64| {
        let epoch = step as f64 / steps_per_epoch as f64;
        (epoch, learning_rate(spec, step, steps_per_epoch))
    };
    let stride = steps.div_ceil(POINTS) as usize;
    let points: Vec<(f64, f64)> = (0..steps).step_by(stride).map(point).collect();
    let note = match spec.schedule {
        Schedule::Plateau => ", until the loss stays",
        _ => "",
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
