//! Pictures of the screens that show runs on disk, and of the queue.

use crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Size;

use super::tests::{app, app_with, picture, press, type_text, with_run};
use crate::app::library::Library;
use crate::app::testing::{full_record, record, record_of};
use crate::app::{App, Cmd, Msg, Screen, update};
use crate::config::interface::InterfaceConfig;
use crate::config::run::{RunSpec, Version};
use crate::queue::Queue;
use crate::runs::record::UnreadableRun;
use crate::runs::{Labels, RunHistory};

/// Runs in every state that a list can have, full ones of two seeds among them.
pub fn library() -> Library {
    let v2 = RunSpec { version: Version::V2, n: 2, ..RunSpec::default() };
    let mut labelled = record("2026-11-23-2210-resnet20v1-seed1", 10, false);
    labelled.labels = Labels {
        title: "The first of all".to_owned(),
        tags: vec!["paper".to_owned(), "night".to_owned()],
        note: "with the lamp on".to_owned(),
    };
    let seed = |seed| RunSpec { seed, n: 5, ..RunSpec::default() };
    let mut better = full_record("2026-11-22-0912-resnet32v1-seed2", seed(2));
    for epoch in &mut better.history.epochs {
        epoch.test_accuracy += 0.004;
    }
    let runs = vec![
        full_record("2026-11-22-0812-resnet32v1-seed1", seed(1)),
        better,
        labelled,
        record("2026-11-23-2310-resnet20v1-seed2", 4, true),
        record("2026-11-23-2312-resnet20v1-seed3", 3, false),
        record_of("2026-11-24-0001-resnet20v2-seed1", v2, RunHistory::default(), false),
    ];
    let folder = record("2026-11-21-1200-broken", 1, false).folder;
    let reason = "cannot understand /runs/broken/run.json: EOF while parsing at line 1".to_owned();
    Library::new(runs, vec![UnreadableRun { folder, reason }], None)
}

pub fn with_library(mut app: App) -> App {
    update(&mut app, Msg::QueueOpened(Ok(Queue::default())));
    update(&mut app, Msg::Library(Box::new(library())));
    app
}

#[test]
fn runs_screen() {
    let mut app = with_library(app());
    type_text(&mut app, "5");
    type_text(&mut app, "/v1 best>9x");
    insta::assert_snapshot!("runs_filter_error_80x24", picture(&app, 80, 24));
    press(&mut app, KeyCode::Esc);
    press(&mut app, KeyCode::End);
    insta::assert_snapshot!("runs_unreadable_80x24", picture(&app, 80, 24));
    let mut empty = super::tests::app();
    type_text(&mut empty, "5");
    assert!(picture(&empty, 80, 24).contains("Reading the runs…"));
    update(&mut empty, Msg::Library(Box::default()));
    insta::assert_snapshot!("runs_empty_60x20", picture(&empty, 60, 20));
}

#[test]
fn results_screen() {
    let mut app = with_library(app());
    type_text(&mut app, "3");
    insta::assert_snapshot!("results_not_comparable_80x24", picture(&app, 80, 24));
}

#[test]
fn queue_over_a_screen() {
    let mut app = with_run(with_library(app()));
    type_text(&mut app, "Q");
    insta::assert_snapshot!("queue_empty_80x24", picture(&app, 80, 24));
    press(&mut app, KeyCode::Esc);
    type_text(&mut app, "3jjjaj");
    press(&mut app, KeyCode::Esc);
    type_text(&mut app, "ja j ");
    press(&mut app, KeyCode::Esc);
    type_text(&mut app, "5");
    assert!(picture(&app, 80, 24).contains("2 waiting, ResNet56v1 next"));
}

#[test]
fn without_anything_but_ascii() {
    let interface = InterfaceConfig { ascii: true, ..InterfaceConfig::default() };
    let mut ascii = with_library(app_with(&interface, false));
    for keys in ["5", "3", "Q"] {
        type_text(&mut ascii, keys);
        let picture = picture(&ascii, 160, 45);
        assert!(picture.is_ascii(), "{picture}");
    }
}

#[test]
fn a_click_selects_a_row_and_another_opens_it() {
    let size = Size::new(80, 24);
    let mut app = with_library(app());
    let use_mouse = |app: &mut App, kind, text: &str| {
        let picture = picture(app, size.width, size.height);
        let row = picture.lines().position(|line| line.contains(text)).unwrap() as u16;
        let mouse = MouseEvent { kind, column: 20, row, modifiers: KeyModifiers::NONE };
        let msg = crate::views::pointer(app, size, mouse);
        msg.map(|msg| update(app, msg)).unwrap_or_default()
    };
    let click = MouseEventKind::Down(MouseButton::Left);
    type_text(&mut app, "3");
    use_mouse(&mut app, click, "ResNet32v1");
    assert_eq!((app.screen, app.results.selected), (Screen::Results, 1));
    // A click with an unsteady hand is no second one.
    use_mouse(&mut app, MouseEventKind::Drag(MouseButton::Left), "ResNet32v1");
    use_mouse(&mut app, MouseEventKind::ScrollDown, "ResNet32v1");
    assert_eq!((app.screen, app.results.selected), (Screen::Results, 2));
    use_mouse(&mut app, MouseEventKind::ScrollUp, "ResNet32v1");
    use_mouse(&mut app, click, "ResNet32v1");
    assert_eq!(app.screen, Screen::Runs);
    assert_eq!(app.run_list.line.value(), "model:ResNet32v1");
    press(&mut app, KeyCode::Esc);
    // A click ends the typing of the filter.
    type_text(&mut app, "/");
    assert_eq!(use_mouse(&mut app, click, "10/10"), []);
    assert!(!app.run_list.typing);
    let run = app.run_list.selected_run(app.library.as_ref().unwrap()).cloned().unwrap();
    assert_eq!(run.labels.title, "The first of all");
    assert_eq!(use_mouse(&mut app, click, "created 19"), [], "what is known of it is no row");
    assert_eq!(use_mouse(&mut app, click, "10/10"), [Cmd::Open(run.folder.id())]);
}
