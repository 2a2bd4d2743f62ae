//! Pictures of every screen, and drawing at any size.

use std::collections::BTreeSet;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::Modifier;

use super::draw;
use crate::app::compare::{CompareReply, ListedRun, LoadedRun};
use crate::app::download::DownloadNews;
use crate::app::library::Library;
use crate::app::message::StartedRun;
use crate::app::pointer::{Gesture, Target};
use crate::app::run_view::RunView;
use crate::app::testing::{epoch, failed, finished, phase, started, step};
use crate::app::{App, Msg, update};
use crate::config::interface::InterfaceConfig;
use crate::config::run::{RunSpec, Version};
use crate::data::fetch::{FetchPhase, FetchProgress};
use crate::protocol::{LoggedEvent, Outcome, Phase, TrainEvent};
use crate::queue::Queue;
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

/// The picture, then every cell whose style is not the plain one, row by row.
pub fn picture_with_styles(app: &App, width: u16, height: u16) -> String {
    let buffer = buffer(app, width, height);
    let mut text = picture(app, width, height);
    for y in 0..height {
        let mut before = None;
        for x in 0..width {
            let cell = &buffer[(x, y)];
            let style = (cell.fg, cell.bg, cell.modifier);
            if before != Some(style) {
                let plain = cell.style() == ratatui::buffer::Cell::EMPTY.style();
                if !plain || before.is_some() {
                    text += &format!("\n{y},{x}: {} {} {:?}", cell.fg, cell.bg, cell.modifier);
                }
                before = Some(style);
            }
        }
    }
    text
}

#[test]
fn setup_screen() {
    let mut app = app();
    insta::assert_snapshot!("setup_80x24", picture(&app, 80, 24));
    insta::assert_snapshot!("setup_160x45", picture(&app, 160, 45));
    // Down to the batch size, which gets a value that cannot be.
    (0..4).for_each(|_| press(&mut app, KeyCode::Down));
    type_text(&mut app, "1");
    insta::assert_snapshot!("setup_bad_value_80x24", picture(&app, 80, 24));
    press(&mut app, KeyCode::Enter);
    press(&mut app, KeyCode::End);
    insta::assert_snapshot!("setup_end_60x20", picture(&app, 60, 20));
}

#[test]
fn live_screen() {
    let app = with_run(app());
    insta::assert_snapshot!("live_80x24", picture(&app, 80, 24));
    insta::assert_snapshot!("live_160x45", picture(&app, 160, 45));
    let mut expanded = app.clone();
    type_text(&mut expanded, "nz");
    insta::assert_snapshot!("live_expanded_80x24", picture(&expanded, 80, 24));
}

#[test]
fn charts_with_cursor_zoom_and_smoothing() {
    let mut app = with_run(app());
    type_text(&mut app, "m");
    press(&mut app, KeyCode::Left);
    insta::assert_snapshot!("live_cursor_160x45", picture(&app, 160, 45));
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
fn compare_screen() {
    let mut app = with_comparison(app());
    insta::assert_snapshot!("compare_80x24", picture(&app, 80, 24));
    insta::assert_snapshot!("compare_160x45", picture(&app, 160, 45));
    let plain = with_comparison(app_with(&InterfaceConfig::default(), true));
    insta::assert_snapshot!("compare_no_color_styles", picture_with_styles(&plain, 80, 24));
    type_text(&mut app, "vol");
    insta::assert_snapshot!("compare_side_by_side_80x24", picture(&app, 80, 24));
    type_text(&mut app, "a");
    insta::assert_snapshot!("compare_choose_80x24", picture(&app, 80, 24));
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
    say(&mut paused, phase(Phase::Paused, 350));
    insta::assert_snapshot!("live_paused_80x24", picture(&paused, 80, 24));
    let mut broken = with_run(app());
    say(&mut broken, failed("out of memory; a smaller batch size needs less", 350));
    insta::assert_snapshot!("live_failed_80x24", picture(&broken, 80, 24));
}

#[test]
fn overlays() {
    let mut help = with_run(app());
    type_text(&mut help, "?");
    insta::assert_snapshot!("help_80x24", picture(&help, 80, 24));
    insta::assert_snapshot!("help_160x45", picture(&help, 160, 45));
    let mut question = with_run(app());
    type_text(&mut question, "q");
    insta::assert_snapshot!("quit_80x24", picture(&question, 80, 24));
    insta::assert_snapshot!("quit_160x45", picture(&question, 160, 45));
    let mut message = app();
    let text = "/data/data_batch_1.bin ends in the middle of record 17; fetch the data anew";
    let error = Msg::Error { title: "The run could not be started".to_owned(), text: text.into() };
    update(&mut message, error);
    insta::assert_snapshot!("message_80x24", picture(&message, 80, 24));
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
fn colours_with_and_without() {
    let coloured = with_run(app());
    insta::assert_snapshot!("live_dark_styles", picture_with_styles(&coloured, 80, 24));
    let plain = with_run(app_with(&InterfaceConfig::default(), true));
    insta::assert_snapshot!("live_no_color_styles", picture_with_styles(&plain, 80, 24));
    let buffer = buffer(&plain, 80, 24);
    let reset = ratatui::style::Color::Reset;
    assert!(buffer.content.iter().all(|cell| (cell.fg, cell.bg) == (reset, reset)));
    assert!(buffer.content.iter().any(|cell| cell.modifier.contains(Modifier::REVERSED)));
}

#[test]
fn a_small_terminal_still_tells_how_the_run_stands() {
    assert_eq!(picture(&app(), 30, 2), "no run open\nneeds 40 by 12");
    assert_eq!(picture(&with_run(app()), 39, 3), "▶ training 4/10 test 72.00 %\nneeds 40 by 12\n");
}

mod slow_work;

use slow_work::inspection;

/// Any answer of slow work, asked for or not.
fn any_answer() -> impl Strategy<Value = Msg> {
    let target = prop_oneof![
        (0usize..99).prop_map(Target::Row),
        (0usize..99).prop_map(Target::Field),
        prop::sample::select(crate::app::SCREENS).prop_map(Target::Tab),
    ];
    let inspected = prop_oneof![
        Just(InspectionUpdate::Done(Box::new(inspection()))),
        any::<String>().prop_map(InspectionUpdate::Failed),
        any::<(u64, u64)>()
            .prop_map(|(images, total)| InspectionUpdate::Progress { images, total }),
    ];
    prop_oneof![
        target.prop_map(|target| Msg::Pointer { target, gesture: Gesture::Press }),
        (0usize..9, 0.0..1.0).prop_map(|(chart, position)| Msg::Pointer {
            target: Target::Chart { chart, position },
            gesture: Gesture::WheelUp,
        }),
        any::<String>().prop_map(Msg::Log),
        any::<String>().prop_map(|text| Msg::Download(DownloadNews::Failed(text))),
        any::<(u64, u64)>().prop_map(|(done, total)| {
            let phase = FetchPhase::Checking;
            Msg::Download(DownloadNews::Progress(FetchProgress { phase, done, total }))
        }),
        prop::collection::vec(any::<String>(), 0..40)
            .prop_map(|presets| Msg::SetUps { presets, recent: vec![RunSpec::default()] }),
        any::<String>().prop_map(|reason| Msg::Preview(Err(reason))),
        inspected.prop_map(|update| Msg::Inspection { run: "a".to_owned(), update }),
    ]
}

/// Any message a terminal or a trainer could send, sensible or not.
fn any_msg() -> impl Strategy<Value = Msg> {
    let code = prop_oneof![
        any::<char>().prop_map(KeyCode::Char),
        prop::sample::select(
            "0123456789hjklpsScuenNzyrRqgG?[] .-:@/aAQoOdtxDfKJ<>mvw+,4"
                .chars()
                .collect::<Vec<_>>()
        )
        .prop_map(KeyCode::Char),
        prop::sample::select(vec![
            KeyCode::Enter,
            KeyCode::Esc,
            KeyCode::Tab,
            KeyCode::BackTab,
            KeyCode::Up,
            KeyCode::Down,
            KeyCode::Left,
            KeyCode::Right,
            KeyCode::PageUp,
            KeyCode::PageDown,
            KeyCode::Home,
            KeyCode::End,
            KeyCode::Backspace,
            KeyCode::Delete,
            KeyCode::F(1),
        ]),
    ];
    let modifiers = prop_oneof![8 => Just(KeyModifiers::NONE), 1 => any::<u8>().prop_map(KeyModifiers::from_bits_truncate)];
    let key =
        (code, modifiers).prop_map(|(code, modifiers)| Msg::Key(KeyEvent::new(code, modifiers)));
    let event = prop_oneof![
        (any::<u32>(), any::<u64>(), any::<u64>()).prop_map(|(e, s, at)| started(e, s, at)),
        (any::<u64>(), any::<u32>(), any::<f64>()).prop_map(|(at, e, s)| step(at, e, s)),
        (0u64..500, 0u32..5, 0.0..9.0).prop_map(|(at, e, s)| step(at, e, s)),
        (any::<u32>(), any::<u64>()).prop_map(|(e, at)| epoch(e, at)),
        (0u32..9, 0u64..500).prop_map(|(e, at)| epoch(e, at)),
        prop::sample::select(vec![
            Phase::Preparing,
            Phase::Training,
            Phase::Evaluating,
            Phase::Paused
        ])
        .prop_map(|p| phase(p, 3)),
        Just(finished(Outcome::Stopped, 5)),
        Just(failed("reason", 5)),
    ];
    let run = prop::sample::select(vec!["a", "b"]);
    let train = (run.clone(), event)
        .prop_map(|(run, event)| Msg::Train { run: run.to_owned(), event: Box::new(event) });
    let begun = run.clone().prop_map(|id| {
        Msg::RunStarted(Box::new(StartedRun {
            id: id.to_owned(),
            folder: "/runs".into(),
            spec: RunSpec::default(),
            history: RunHistory::default(),
        }))
    });
    let compared = (run.clone(), 0u32..9).prop_map(|(id, epochs)| {
        let events: Vec<LoggedEvent> = [started(9, 100, 0)]
            .into_iter()
            .chain((1..=epochs).map(|number| epoch(number, u64::from(number) * 100)))
            .collect();
        let (id, title, spec) = (id.to_owned(), String::new(), RunSpec::default());
        let history = events.iter().collect();
        Msg::Compare(CompareReply::Loaded(Box::new(LoadedRun { id, title, spec, history })))
    });
    let listed = prop::collection::vec(run.clone(), 0..3).prop_map(|ids| {
        let listed = |id: &str| ListedRun {
            id: id.to_owned(),
            title: String::new(),
            spec: RunSpec::default(),
            epochs: 3,
            best: Some(f64::NAN),
            live: true,
        };
        Msg::Compare(CompareReply::Listed(ids.into_iter().map(listed).collect()))
    });
    let lost = run.clone().prop_map(|id| {
        Msg::Compare(CompareReply::Unreadable { id: id.to_owned(), error: "gone".to_owned() })
    });
    let mouse = (
        0u16..100,
        0u16..40,
        prop::sample::select(vec![
            MouseEventKind::Down(MouseButton::Left),
            MouseEventKind::ScrollUp,
            MouseEventKind::ScrollDown,
        ]),
    );
    let mouse = mouse.prop_map(|(column, row, kind)| {
        Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })
    });
    prop_oneof![
        3 => compared,
        2 => listed,
        1 => lost,
        2 => mouse,
        12 => key,
        12 => train,
        2 => begun,
        1 => run.clone().prop_map(|run| Msg::TrainerGone { run: run.to_owned() }),
        1 => any::<String>().prop_map(Msg::Paste),
        1 => any::<String>().prop_map(|text| Msg::Error { title: text.clone(), text }),
        2 => any::<bool>().prop_map(|full| {
            let library = if full { super::run_tests::library() } else { Library::default() };
            Msg::Library(Box::new(library))
        }),
        1 => Just(Msg::QueueOpened(Ok(Queue::default()))),
        1 => (any::<u64>(), any::<bool>()).prop_map(|(entry, failed)| {
            Msg::QueueAnswered { entry: entry % 4, error: failed.then(String::new) }
        }),
        1 => run.clone().prop_map(|id| {
            let run = StartedRun {
                id: format!("disk {id}"),
                folder: "/runs".into(),
                spec: RunSpec::default(),
                history: RunHistory::default(),
            };
            Msg::RunOpened(Box::new(run), true)
        }),
        1 => any::<(bool, bool)>().prop_map(|(anew, live)| {
            let events = vec![epoch(1, 3)];
            Msg::Followed { run: "disk a".to_owned(), anew, events, live }
        }),
        1 => any_answer(),
        1 => Just(Msg::Terminate),
        1 => any::<i32>().prop_map(|second| {
            Msg::Tick(jiff::Timestamp::from_second(i64::from(second)).unwrap())
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_panics_and_no_run_is_lost(
        messages in prop::collection::vec(any_msg(), 0..60),
        width in 1u16..300,
        height in 1u16..100,
        ascii: bool,
    ) {
        let interface = InterfaceConfig { ascii, ..InterfaceConfig::default() };
        let mut app = app_with(&interface, false);
        // A run that never began to train is gone with its trainer.
        let begun = |app: &App| {
            let begun = |run: &&RunView| run.history.started.is_some();
            app.runs.iter().filter(begun).map(|run| run.id.clone()).collect::<BTreeSet<_>>()
        };
        let mut runs = BTreeSet::new();
        for msg in messages {
            let size = ratatui::layout::Size::new(width % 90 + 1, height % 30 + 1);
            let msg = match msg {
                Msg::Mouse(mouse) => super::pointer(&app, size, mouse).unwrap_or(Msg::Resize),
                msg => msg,
            };
            update(&mut app, msg);
            // A start of the same run makes it anew.
            let now: BTreeSet<String> = app.runs.iter().map(|run| run.id.clone()).collect();
            prop_assert!(now.is_superset(&runs));
            runs = begun(&app);
            buffer(&app, width % 90 + 1, height % 30 + 1);
        }
        buffer(&app, width, height);
    }
}
