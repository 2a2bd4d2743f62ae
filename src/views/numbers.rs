//! The numbers of one run, each with what it is for.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::format;
use crate::app::App;
use crate::app::progress::Progress;
use crate::app::run_view::RunView;
use crate::config::theme::Role;
use crate::monitor::Sample;

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
    if let Some(machine) = app.machine.as_ref().filter(|_| run.is_active()) {
        let device = history.started.as_ref().map_or("cpu", |started| started.device.as_str());
        let machine = machine_numbers(machine, device);
        numbers.extend(machine.into_iter().map(|(name, value)| number(name, value)));
    }
    numbers
}

/// The load of the machine; of its GPUs the one that the run is on.
fn machine_numbers(machine: &Sample, device: &str) -> Vec<(&'static str, String)> {
    let of = |used: u64, total: u64| {
        format!("{} of {}", format::gibibytes(used), format::gibibytes(total))
    };
    let mut numbers = vec![
        ("CPU, all cores", format!("{:.0} %", 100.0 * machine.cpu_load)),
        ("memory, machine", of(machine.used_memory, machine.total_memory)),
        ("memory, program", format::gibibytes(machine.own_memory)),
    ];
    let index = device.strip_prefix("cuda:").and_then(|index| index.parse::<usize>().ok());
    if let Some(gpu) = index.and_then(|index| machine.gpus.get(index)) {
        let power = gpu.power.map(|watts| format!(", {watts:.0} W")).unwrap_or_default();
        let degrees = gpu.temperature.map(|it| format!(", {it} °C")).unwrap_or_default();
        let load = gpu.load.map_or("-".to_owned(), |load| format!("{:.0} %", 100.0 * load));
        numbers.push(("GPU", format!("{load}{power}{degrees}")));
        if let (Some(used), Some(total)) = (gpu.used_memory, gpu.total_memory) {
            numbers.push(("GPU memory", of(used, total)));
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::GpuSample;

    #[test]
    fn the_gpu_is_the_one_that_the_run_is_on() {
        let gpu = |load| GpuSample { load: Some(load), power: Some(300.4), ..GpuSample::default() };
        let machine = Sample {
            cpu_load: 0.5,
            own_memory: 1 << 30,
            used_memory: 2 << 30,
            total_memory: 8 << 30,
            gpus: vec![gpu(0.1), gpu(0.9)],
        };
        let numbers = machine_numbers(&machine, "cuda:1");
        assert_eq!(numbers[1].1, "2.0 GiB of 8.0 GiB");
        assert_eq!(numbers.last(), Some(&("GPU", "90 %, 300 W".to_owned())));
        assert_eq!(machine_numbers(&machine, "cpu").len(), 3);
    }
}
