//! The numbers of one run, each with what it is for.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::format;
use crate::app::App;
use crate::app::progress::Progress;
use crate::app::run_view::RunView;
use crate::config::theme::Role;

/// A name and its value.
pub struct Number {
    name: &'static str,
    name_style: Style,
    value: String,
}

/// The numbers in the order of their worth.
pub fn lines(app: &App, run: &RunView, progress: &Progress) -> Vec<Number> {
    let name_style = app.theme.style(Role::Dim);
    let number = |name, value| Number { name, name_style, value };
    let history = &run.history;
    let at_epoch = |value: String, epoch: u32| format!("{value} (epoch {epoch})");
    let best = history.best().map(|e| at_epoch(format::percent(e.test_accuracy), e.epoch));
    let last = history.epochs.last();
    let of_last = |value: String| last.map_or("-".to_owned(), |e| at_epoch(value, e.epoch));
    let none = || "-".to_owned();
    let mut numbers = vec![
        number("best test accuracy", best.unwrap_or_else(none)),
        number(
            "last test accuracy",
            last.map_or_else(none, |e| of_last(format::percent(e.test_accuracy))),
        ),
        number(
            "train accuracy",
            last.map_or_else(none, |e| of_last(format::percent(e.train_accuracy))),
        ),
        number("test loss", last.map_or_else(none, |e| of_last(format::loss(e.test_loss)))),
        number("train loss", last.map_or_else(none, |e| of_last(format::loss(e.train_loss)))),
        number(
            "loss now",
            history.steps.last().map_or_else(none, |step| {
                format!("{} (step {})", format::loss(step.loss), format::thousands(step.step))
            }),
        ),
        number(
            "learning rate",
            history.steps.last().map_or_else(none, |step| format!("{:.1e}", step.lr)),
        ),
        number(
            "images/s",
            progress.images_per_second.map_or_else(none, |s| format::thousands(s.round() as u64)),
        ),
        number(
            "s/epoch",
            last.map_or_else(none, |e| {
                format!("{:.1} train + {:.1} eval", e.train_seconds, e.eval_seconds)
            }),
        ),
        number("time left", progress.seconds_left.map_or_else(none, format::duration)),
        number("time trained", format::duration(history.train_seconds())),
    ];
    if let Some(started) = &history.started {
        numbers.push(number("parameters", format::thousands(started.parameters)));
    }
    numbers
}

/// One number a line.
pub fn column(numbers: &[Number]) -> Vec<Line<'static>> {
    numbers
        .iter()
        .map(|number| {
            Line::from(vec![
                Span::styled(format!("  {:<19}", number.name), number.name_style),
                Span::raw(number.value.clone()),
            ])
        })
        .collect()
}

/// As many numbers a line as fit in columns of equal width.
pub fn rows(numbers: &[Number], width: u16) -> Vec<Line<'static>> {
    const CELL: usize = 40;
    let columns = (usize::from(width) / CELL).max(1);
    numbers
        .chunks(columns)
        .map(|chunk| {
            let cells = chunk.iter().flat_map(|number| {
                let value = CELL - 20;
                [
                    Span::styled(format!(" {:<19}", number.name), number.name_style),
                    Span::raw(format!("{:<value$.value$}", number.value)),
                ]
            });
            Line::from_iter(cells)
        })
        .collect()
}
