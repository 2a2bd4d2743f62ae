//! How long drawing Compare takes: 10 runs of 200 epochs at 200 by 60 cells, with 300,000 step points
//! in all and with 300,000 each. `cargo bench --bench drawing`

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on should stop")]

use std::time::{Duration, Instant};

use crossterm::event::KeyCode;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use resnet_tui::app::compare::{CompareReply, ListedRun, LoadedRun};
use resnet_tui::app::{App, Msg, update};
use resnet_tui::config::interface::InterfaceConfig;
use resnet_tui::config::run::{RunSpec, Version};
use resnet_tui::protocol::{EpochMetrics, Started, StepMetrics};
use resnet_tui::runs::RunHistory;
use resnet_tui::views;

const RUNS: u64 = 10;
const EPOCHS: u32 = 200;
const DRAWINGS: usize = 200;

fn main() {
    for (words, steps_per_run) in [("300,000 step points in all", 30_000), ("each", 300_000)] {
        for (keys, view) in [
            ("", "test accuracy"),
            ("nnn", "train loss"),
            ("nnnm", "train loss, smoothed"),
            ("nnnmo", "train loss, smoothed, side by side"),
        ] {
            let (median, slowest) = measure(&app(steps_per_run, keys));
            println!("{words}: {view}: median {median:.2?}, slowest {slowest:.2?}");
        }
    }
}

fn measure(app: &App) -> (Duration, Duration) {
    let mut terminal = Terminal::new(TestBackend::new(200, 60)).unwrap();
    let mut times: Vec<Duration> = (0..DRAWINGS)
        .map(|_| {
            let begun = Instant::now();
            terminal.draw(|frame| views::draw(frame, app)).unwrap();
            begun.elapsed()
        })
        .collect();
    // What was measured is a screen full of curves.
    let is_dot = |symbol: &str| symbol.chars().all(|dot| ('\u{2801}'..='\u{28ff}').contains(&dot));
    let buffer = terminal.backend().buffer();
    let dots = buffer.content.iter().filter(|cell| is_dot(cell.symbol())).count();
    assert!(dots > 500, "only {dots} cells of curves");
    times.sort();
    (times[DRAWINGS / 2], times[DRAWINGS - 1])
}

/// Compare with all runs, after these keys.
fn app(steps: u64, keys: &str) -> App {
    let interface = InterfaceConfig::default();
    let mut app = App::new(&interface, false, RunSpec::default(), Vec::new());
    let ids: Vec<String> = (0..RUNS).map(|run| format!("run-{run}")).collect();
    app.compare.select(ids.clone());
    let spec = |run: u64| {
        let version = if run.is_multiple_of(2) { Version::V1 } else { Version::V2 };
        RunSpec { version, seed: run, ..RunSpec::default() }
    };
    let listed = ids.iter().zip(0..).map(|(id, run)| ListedRun {
        id: id.clone(),
        title: String::new(),
        spec: spec(run),
        epochs: EPOCHS,
        best: Some(0.9),
        live: false,
    });
    update(&mut app, Msg::Compare(CompareReply::Listed(listed.collect())));
    for (id, run) in ids.into_iter().zip(0..) {
        let (title, spec) = (String::new(), spec(run));
        let loaded = LoadedRun { id, title, spec, history: history(run, steps) };
        update(&mut app, Msg::Compare(CompareReply::Loaded(Box::new(loaded))));
    }
    for key in "4".chars().chain(keys.chars()) {
        update(&mut app, Msg::Key(KeyCode::Char(key).into()));
    }
    assert_eq!(app.compare.compared(&app.runs).len() as u64, RUNS);
    app
}

/// A loss that falls and rattles.
fn history(run: u64, steps: u64) -> RunHistory {
    let per_epoch = steps / u64::from(EPOCHS);
    let noise = |step: u64| ((step * 2_654_435_761 + run * 40_503) % 1_000) as f64 / 1_000.0;
    let step = |step: u64| StepMetrics {
        step,
        epoch: ((step - 1) / per_epoch + 1) as u32,
        loss: 0.2 + 2.0 / (1.0 + step as f64 / 5_000.0) + 0.3 * noise(step),
        accuracy: 0.9 - 0.5 / (1.0 + step as f64 / 5_000.0) - 0.1 * noise(step),
        lr: 1e-3,
        train_seconds: ((step - 1) % per_epoch) as f64 * 0.02,
    };
    let epoch = |epoch: u32| {
        let distance = 1.0 / (1.0 + f64::from(epoch) / 10.0) + 0.02 * noise(u64::from(epoch));
        EpochMetrics {
            epoch,
            step: u64::from(epoch) * per_epoch,
            train_loss: 0.2 + distance,
            train_accuracy: 0.95 - 0.5 * distance,
            test_loss: 0.3 + distance,
            test_cross_entropy: 0.2 + distance,
            test_accuracy: 0.92 - 0.5 * distance,
            test_accuracy_flip: None,
            validation_loss: None,
            validation_accuracy: None,
            lr: 1e-3,
            train_seconds: per_epoch as f64 * 0.02,
            eval_seconds: 1.0,
            best: true,
        }
    };
    RunHistory {
        started: Some(started(per_epoch)),
        steps: (1..=steps).map(step).collect(),
        epochs: (1..=EPOCHS).map(epoch).collect(),
        ..RunHistory::default()
    }
}

fn started(steps_per_epoch: u64) -> Started {
    Started {
        run: "run".to_owned(),
        folder: "/runs/run".to_owned(),
        model: "ResNet20v1".to_owned(),
        parameters: 274_442,
        trainable: 273_066,
        device: "cpu".to_owned(),
        device_name: "processor".to_owned(),
        precision: "fp32".to_owned(),
        libtorch: "2.11.0".to_owned(),
        recipe: "keras".to_owned(),
        data: "CIFAR-10".to_owned(),
        data_fingerprint: "0".to_owned(),
        train_images: 50_000,
        test_images: 10_000,
        epochs: EPOCHS,
        steps_per_epoch,
        step: 0,
    }
}
