//! Pictures of the screens in particular states, and what the other tests of drawing share.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use super::draw;
use crate::app::compare::{CompareReply, ListedRun, LoadedRun};
use crate::app::download::DownloadNews;
use crate::app::message::StartedRun;
use crate::app::pointer::Gesture;
use crate::app::testing::{epoch, failed, finished, phase, started, step};
use crate::app::{App, Msg, update};
use crate::config::interface::InterfaceConfig;
use crate::config::run::{RunSpec, Version};
use crate::data::fetch::{FetchPhase, FetchProgress};
use crate::protocol::{LoggedEvent, Outcome, Phase, TrainEvent};
use crate::runs::RunHistory;
use crate::training::inspection::InspectionUpdate;

pub fn app_with(interface: &InterfaceConfig, no_colour: bool) -> App {
    let notes = vec!["Training runs on the CPU: no NVIDIA driver answers.".to_owned()];
    App::new(interface, no_colour, RunSpec::default(), notes)
}

pub fn app() -> App {
    app_with(&InterfaceConfig::default(), false)
}

pub fn press(app: &mut App, code: KeyCode) {
    update(app, Msg::Key(code.into()));
}

pub fn type_text(app: &mut App, text: &str) {
    text.chars().for_each(|letter| press(app, KeyCode::Char(letter)));
}

fn say(app: &mut App, event: LoggedEvent) {
    update(app, Msg::Train { run: "a".to_owned(), event: Box::new(event) });
}

/// A run three epochs and a half in, paused once.
pub fn with_run(mut app: App) -> App {
    let run = StartedRun {
        id: "a".to_owned(),
        folder: "/runs/a".into(),
        spec: RunSpec { epochs: 10, batch_size: 10, ..RunSpec::default() },
        history: RunHistory::default(),
    };
    update(&mut app, Msg::RunStarted(Box::new(run)));
    say(&mut app, started(10, 100, 0));
    say(&mut app, phase(Phase::Training, 0));
    for number in 1..=35u32 {
        let current = (number - 1) / 10 + 1;
        let seconds = f64::from((number - 1) % 10 + 1) * 0.9;
        say(&mut app, step(u64::from(number) * 10, current, seconds));
        if number == 15 {
            say(&mut app, phase(Phase::Paused, 150));
            say(&mut app, phase(Phase::Training, 150));
        }
        if number % 10 == 0 {
            say(&mut app, epoch(current, u64::from(number) * 10));
        }
    }
    app
}

fn buffer(app: &App, width: u16, height: u16) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, app)).unwrap();
    terminal.backend().buffer().clone()
}

pub fn picture(app: &App, width: u16, height: u16) -> String {
    let buffer = buffer(app, width, height);
    let rows = (0..height).map(|y| {
        let row: String = (0..width).map(|x| buffer[(x, y)].symbol()).collect();
        row.trim_end().to_owned()
    });
    rows.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_narrow_terminal_has_the_help_below_the_form() {
    let mut app = app();
    press(&mut app, KeyCode::End);
    insta::assert_snapshot!("setup_end_60x20", picture(&app, 60, 20));
}

#[test]
fn charts_with_cursor_zoom_and_smoothing() {
    let mut app = with_run(app());
    type_text(&mut app, "m");
    press(&mut app, KeyCode::Left);
    type_text(&mut app, "z+<x");
    insta::assert_snapshot!("live_expanded_steps_80x24", picture(&app, 80, 24));
    let mut gap = with_run(self::app());
    let mut broken = step(360, 4, 6.0);
    if let TrainEvent::Step(step) = &mut broken.event {
        step.loss = f64::NAN;
    }
    say(&mut gap, broken);
    say(&mut gap, step(380, 4, 8.0));
    type_text(&mut gap, "z");
    insta::assert_snapshot!("live_gap_80x24", picture(&gap, 80, 24));
}

#[test]
fn a_run_that_the_trainer_paused_says_why() {
    let mut app = with_run(app());
    let mut paused = phase(Phase::Paused, 350);
    if let TrainEvent::Phase(change) = &mut paused.event {
        change.reason = Some("the loss stopped being a number at step 351".to_owned());
    }
    say(&mut app, paused);
    insta::assert_snapshot!("live_paused_by_trainer_80x24", picture(&app, 80, 24));
}

/// A v1 and a v2 run on disk, compared.
fn with_comparison(mut app: App) -> App {
    let runs = [("resnet20v1-seed1", Version::V1, 0.0), ("resnet20v2-seed1", Version::V2, 0.05)];
    let listed = runs.map(|(id, version, _)| ListedRun {
        id: id.to_owned(),
        title: String::new(),
        spec: RunSpec { version, n: 3, batch_size: 10, epochs: 10, ..RunSpec::default() },
        epochs: 6,
        best: Some(0.8),
        live: false,
    });
    let listed: Vec<ListedRun> = listed.into();
    update(&mut app, Msg::Compare(CompareReply::Listed(listed.clone())));
    for (run, (_, _, better)) in listed.into_iter().zip(runs) {
        let epochs = (1..=6u32).map(|number| match epoch(number, u64::from(number) * 100) {
            LoggedEvent { time, event: TrainEvent::Epoch(mut metrics) } => {
                metrics.test_accuracy += better / f64::from(number);
                LoggedEvent { time, event: TrainEvent::Epoch(metrics) }
            }
            other => other,
        });
        let events: Vec<LoggedEvent> = [started(10, 100, 0)].into_iter().chain(epochs).collect();
        let loaded = LoadedRun {
            id: run.id,
            title: String::new(),
            spec: run.spec,
            history: events.iter().collect(),
        };
        update(&mut app, Msg::Compare(CompareReply::Loaded(Box::new(loaded))));
    }
    type_text(&mut app, "4");
    app
}

#[test]
fn compare_without_runs_says_what_to_do() {
    let mut app = app();
    type_text(&mut app, "4");
    insta::assert_snapshot!("compare_empty_80x24", picture(&app, 80, 24));
}

#[test]
fn the_mouse_finds_tabs_and_charts() {
    let mut app = with_run(app());
    let size = ratatui::layout::Size::new(80, 24);
    let use_mouse = |app: &mut App, kind, column, row| {
        let mouse = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
        if let Some(msg) = super::pointer(app, size, mouse) {
            update(app, msg);
        }
    };
    let press = MouseEventKind::Down(MouseButton::Left);
    // The right end of the second chart.
    use_mouse(&mut app, press, 79, 5);
    assert_eq!((app.live.chart, app.live.view.cursor), (1, Some(3.5)));
    use_mouse(&mut app, MouseEventKind::ScrollUp, 79, 5);
    let (low, high) = app.live.view.window(3.5);
    assert!((low - 0.7).abs() < 1e-9 && (high - 3.5).abs() < 1e-9);
    use_mouse(&mut app, MouseEventKind::Moved, 20, 5);
    assert_eq!(app.live.view.cursor, Some(3.5));
    let column = picture(&app, 80, 24).find("4 Compare").unwrap() as u16;
    use_mouse(&mut app, press, column, 0);
    assert_eq!(app.screen, crate::app::Screen::Compare);
}

#[test]
fn live_screen_before_and_after_training() {
    let mut empty = app();
    type_text(&mut empty, "2");
    insta::assert_snapshot!("live_empty_80x24", picture(&empty, 80, 24));
    let mut paused = with_run(app());
    type_text(&mut paused, "p");
    insta::assert_snapshot!("live_pausing_80x24", picture(&paused, 80, 24));
}

#[test]
fn ascii_has_nothing_but_ascii() {
    let interface = InterfaceConfig { ascii: true, ..InterfaceConfig::default() };
    let mut app = with_run(app_with(&interface, false));
    insta::assert_snapshot!("live_ascii_80x24", picture(&app, 80, 24));
    for key in ["", "mlz", "?", "1", "4"] {
        type_text(&mut app, key);
        let picture = picture(&app, 100, 40);
        assert!(picture.is_ascii() && !picture.contains("[?]"), "{picture}");
        press(&mut app, KeyCode::Esc);
    }
    let app = with_comparison(app_with(&interface, false));
    insta::assert_snapshot!("compare_ascii_80x24", picture(&app, 80, 24));
    assert!(picture(&app, 80, 24).is_ascii());
}

#[test]
fn a_small_terminal_still_tells_how_the_run_stands() {
    assert_eq!(picture(&app(), 30, 2), "no run open\nneeds 40 by 12");
    assert_eq!(picture(&with_run(app()), 39, 3), "▶ training 4/10 test 72.00 %\nneeds 40 by 12\n");
}

mod anything;

mod screens;

mod slow_work;
