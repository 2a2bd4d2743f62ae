//! The numbers of one run, each with what it is for.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::format;
use crate::app::App;
use crate::app::progress::Progress;
use crate::app::run_view::RunView;
use crate::config::theme::Role;
use crate::monitor::Sample;
use crate::protocol::EpochMetrics;

/// A name and its value.
pub struct Number {
    name: &'static str,
    name_style: Style,
    value: String,
}

/// The numbers in the order of their worth: a small screen shows only the first ones.
pub fn lines(app: &App, run: &RunView, progress: &Progress) -> Vec<Number> {
    let mut numbers = results(run);
    numbers.extend(speed(run, progress));
    // The machine is looked at only while a run goes on; older numbers would mislead.
    if let Some(machine) = app.machine.as_ref().filter(|_| run.is_active() && !run.is_paused()) {
        let device = run.history.started.as_ref().map_or("cpu", |started| started.device.as_str());
        numbers.extend(machine_numbers(machine, device));
    }
    numbers.extend(details(run));
    let name_style = app.theme.style(Role::Dim);
    numbers.into_iter().map(|(name, value)| Number { name, name_style, value }).collect()
}

type Named = (&'static str, String);

fn or_none(value: Option<String>) -> String {
    value.unwrap_or_else(|| "-".to_owned())
}

fn of_epoch(value: String, epoch: &EpochMetrics) -> String {
    format!("{value} (epoch {})", epoch.epoch)
}

fn results(run: &RunView) -> Vec<Named> {
    let accuracy = |epoch: &EpochMetrics| of_epoch(format::percent(epoch.test_accuracy), epoch);
    vec![
        ("best test accuracy", or_none(run.history.best().map(accuracy))),
        ("last test accuracy", or_none(run.history.epochs.last().map(accuracy))),
    ]
}

fn speed(run: &RunView, progress: &Progress) -> Vec<Named> {
    // A run that has ended takes no more time, and one that stands still has no speed.
    let goes_on = run.is_active() || run.elsewhere;
    let speed = progress.images_per_second.filter(|_| goes_on && !run.is_paused());
    let images = speed.map(|speed| format::thousands(speed.round() as u64));
    let seconds = run
        .history
        .epochs
        .last()
        .map(|epoch| format!("{:.1} + {:.1} eval", epoch.train_seconds, epoch.eval_seconds));
    vec![
        ("time left", or_none(progress.seconds_left.filter(|_| goes_on).map(format::duration))),
        ("images/s", or_none(images)),
        ("s/epoch", or_none(seconds)),
    ]
}

fn details(run: &RunView) -> Vec<Named> {
    let history = &run.history;
    let epoch = history.epochs.last();
    let step = history.steps.last();
    let now = step
        .map(|step| format!("{} (step {})", format::loss(step.loss), format::thousands(step.step)));
    let train = epoch.map(|epoch| of_epoch(format::percent(epoch.train_accuracy), epoch));
    let loss = |value: fn(&EpochMetrics) -> f64| {
        or_none(epoch.map(|epoch| of_epoch(format::loss(value(epoch)), epoch)))
    };
    let mut numbers = vec![
        ("train accuracy", or_none(train)),
        ("loss now", or_none(now)),
        ("learning rate", or_none(step.map(|step| format!("{:.1e}", step.lr)))),
        ("test loss", loss(|epoch| epoch.test_loss)),
        ("train loss", loss(|epoch| epoch.train_loss)),
        ("time trained", format::duration(history.train_seconds())),
    ];
    if let Some(started) = &history.started {
        numbers.push(("parameters", format::thousands(started.parameters)));
    }
    numbers
}

/// The load of the machine; of its GPUs the one that the run is on.
fn machine_numbers(machine: &Sample, device: &str) -> Vec<Named> {
    let of = |used: u64, total: u64| {
        format!("{} of {}", format::gibibytes(used), format::gibibytes(total))
    };
    let mut numbers = vec![
        ("CPU", format!("{:.0} % of all cores", 100.0 * machine.cpu_load)),
        ("memory", of(machine.used_memory, machine.total_memory)),
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
    numbers.push(("memory, program", format::gibibytes(machine.own_memory)));
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
                let value = CELL - 21;
                [
                    Span::styled(format!(" {:<19}", number.name), number.name_style),
                    Span::raw(format!("{:<value$.value$} ", number.value)),
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
        assert_eq!(numbers[2], ("GPU", "90 %, 300 W".to_owned()));
        assert_eq!(numbers.last().map(|number| number.1.as_str()), Some("1.0 GiB"));
        assert_eq!(machine_numbers(&machine, "cpu").len(), 3);
    }
}
