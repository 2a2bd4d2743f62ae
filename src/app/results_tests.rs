//! Tests of the Results screen: what is missing and what is started.

use crossterm::event::KeyCode;

use super::*;
use crate::app::overlay::{Answer, Overlay};
use crate::app::testing::{full_record, record};
use crate::app::{Cmd, Msg, Screen, update};
use crate::config::interface::InterfaceConfig;
use crate::config::run::Version;
use crate::estimate::{Hardware, Measurement};
use crate::queue::Queue;

fn app(library: Library) -> App {
    let mut app = App::new(&InterfaceConfig::default(), false, RunSpec::default(), Vec::new());
    update(&mut app, Msg::QueueOpened(Ok(Queue::default())));
    update(&mut app, Msg::Library(Box::new(library)));
    press(&mut app, "3");
    app
}

fn press(app: &mut App, keys: &str) -> Vec<Cmd> {
    keys.chars().flat_map(|key| update(app, Msg::Key(KeyCode::Char(key).into()))).collect()
}

fn names(specs: &[RunSpec]) -> Vec<String> {
    specs.iter().map(|spec| spec.architecture().to_string()).collect()
}

#[test]
fn what_has_a_full_run_or_one_on_its_way_is_not_missing() {
    let mut app = app(Library::new(Vec::new(), Vec::new(), None));
    assert_eq!(names(&missing(&app)).len(), 11);
    assert!(missing(&app).iter().all(|spec| changes_of_recipe(spec, Recipe::Keras).is_empty()));
    let synthetic = record("s", 10, true);
    let full = full_record("f", RunSpec { n: 5, ..RunSpec::default() });
    app.library = Some(Library::new(vec![synthetic, full], Vec::new(), None));
    assert!(!names(&missing(&app)).contains(&"ResNet32v1".to_owned()));
    assert!(names(&missing(&app)).contains(&"ResNet20v1".to_owned()), "synthetic does not count");
    press(&mut app, "a");
    assert!(!names(&missing(&app)).contains(&"ResNet20v1".to_owned()), "it waits");
    assert_eq!(missing(&app).len(), 9);
}

#[test]
fn a_row_is_started_or_queued_with_the_recipe() {
    let mut app = app(Library::new(Vec::new(), Vec::new(), None));
    app.setup.spec.epochs = 3;
    app.setup.spec.threads = 2;
    let expected = RunSpec { threads: 2, version: Version::V1, n: 5, ..RunSpec::default() };
    assert_eq!(press(&mut app, "js"), [Cmd::Start(Box::new(expected))]);
    // ResNet1001 v1 has no n.
    assert_eq!(press(&mut app, "jjjjjs"), []);
    assert!(matches!(app.overlays.last(), Some(Overlay::Message { .. })));
}

#[test]
fn all_missing_rows_are_queued_after_their_time_was_told() {
    let hardware = Hardware { device_name: "Some GPU".to_owned(), precision: "bf16".to_owned() };
    let architecture = RunSpec::default().architecture();
    let measured = Measurement {
        architecture,
        hardware: hardware.clone(),
        batch_size: 32,
        seconds_per_image: 0.0001,
    };
    let library = Library::new(Vec::new(), Vec::new(), Some(hardware));
    let mut app = app(Library { measurements: vec![measured], ..library });
    press(&mut app, "A");
    let Some(Overlay::Confirm(confirm)) = app.overlays.last() else { panic!() };
    assert_eq!(confirm.title, "11 runs are missing");
    assert!(confirm.text.contains("on this Some GPU (bf16)"), "{}", confirm.text);
    let Answer::Enqueue(specs) = &confirm.choices[0].answer else { panic!() };
    assert_eq!(specs.len(), 11);
    // 200 epochs of 5 s, and of a fifteenth of that for the test images.
    let seconds = app.library.as_ref().unwrap().run_seconds(&RunSpec::default()).unwrap();
    assert!((seconds - 200.0 * 5.0 * (1.0 + 1.0 / 15.0)).abs() < 1e-6, "{seconds}");
    let commands = press(&mut app, "a");
    assert!(matches!(&commands[..], [Cmd::SaveQueue(_), Cmd::StartQueued(_)]), "{commands:?}");
}

#[test]
fn enter_shows_the_runs_of_the_row() {
    let full = full_record("f", RunSpec { n: 5, ..RunSpec::default() });
    let mut app = app(Library::new(vec![record("a", 3, false), full], Vec::new(), None));
    press(&mut app, "j");
    update(&mut app, Msg::Key(KeyCode::Enter.into()));
    assert_eq!(app.screen, Screen::Runs);
    let rows = app.run_list.rows(app.library.as_ref().unwrap());
    assert_eq!(rows.iter().map(|row| row.id()).collect::<String>(), "f");
}
