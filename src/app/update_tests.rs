//! Tables of what a message does to the dashboard.

use crossterm::event::{KeyCode, KeyModifiers};
use jiff::Timestamp;

use super::*;
use crate::app::download::DownloadNews;
use crate::app::testing::{failed, finished, phase, started};
use crate::config::interface::InterfaceConfig;
use crate::config::run::RunSpec;
use crate::protocol::{LoggedEvent, Outcome, Phase};
use crate::queue::Queue;
use crate::runs::RunHistory;
use crate::training::inspection::WeightsChoice;

fn app() -> App {
    App::new(&InterfaceConfig::default(), false, RunSpec::default(), Vec::new())
}

fn press(app: &mut App, keys: &str) -> Vec<Cmd> {
    keys.chars().flat_map(|key| update(app, Msg::Key(KeyCode::Char(key).into()))).collect()
}

fn press_code(app: &mut App, code: KeyCode) -> Vec<Cmd> {
    update(app, Msg::Key(code.into()))
}

fn say(app: &mut App, event: LoggedEvent) -> Vec<Cmd> {
    update(app, Msg::Train { run: "a".to_owned(), event: Box::new(event) })
}

fn app_with_run() -> App {
    let mut app = app();
    let started_run = StartedRun {
        id: "a".to_owned(),
        folder: "/runs/a".into(),
        spec: RunSpec::default(),
        history: RunHistory::default(),
    };
    update(&mut app, Msg::RunStarted(Box::new(started_run)));
    say(&mut app, started(200, 100, 0));
    say(&mut app, phase(Phase::Training, 0));
    app
}

fn control(control: TrainControl) -> Cmd {
    Cmd::Control { run: "a".to_owned(), control }
}

fn state(app: &App) -> RunState {
    app.shown_run().unwrap().state()
}

#[test]
fn enter_starts_what_the_form_says() {
    let mut app = app();
    press(&mut app, "l");
    let commands = press_code(&mut app, KeyCode::Enter);
    let expected = RunSpec { n: 5, ..RunSpec::default() };
    assert_eq!(commands, [Cmd::Start(Box::new(expected))]);
}

#[test]
fn number_keys_and_tab_go_through_the_screens() {
    let mut app = app();
    press(&mut app, "2");
    assert_eq!(app.screen, Screen::Live);
    press_code(&mut app, KeyCode::BackTab);
    press_code(&mut app, KeyCode::BackTab);
    assert_eq!(Some(&app.screen), SCREENS.last());
    press_code(&mut app, KeyCode::Tab);
    assert_eq!(app.screen, Screen::Setup);
    for (key, screen) in [
        ("3", Screen::Results),
        ("4", Screen::Compare),
        ("5", Screen::Runs),
        ("6", Screen::Inspect),
    ] {
        press(&mut app, key);
        assert_eq!(app.screen, screen);
    }
}

#[test]
fn a_digit_on_a_number_is_typed() {
    let mut app = app();
    press(&mut app, "jj2");
    assert_eq!((app.screen, app.setup.spec.n), (Screen::Setup, 2));
}

#[test]
fn pause_waits_for_the_trainer_and_can_be_taken_back() {
    let mut app = app_with_run();
    assert_eq!(press(&mut app, "p"), [control(TrainControl::Pause)]);
    assert_eq!(state(&app), RunState::Pausing);
    say(&mut app, phase(Phase::Paused, 7));
    assert_eq!(state(&app), RunState::Paused);
    assert!(!app.depends_on_time());
    assert_eq!(press(&mut app, "p"), [control(TrainControl::Resume)]);
    assert_eq!(press(&mut app, "p"), [control(TrainControl::Pause)]);
    assert_eq!(press(&mut app, "p"), [control(TrainControl::Resume)]);
    say(&mut app, phase(Phase::Training, 7));
    assert_eq!(state(&app), RunState::Training);
}

#[test]
fn a_run_asked_to_stop_takes_nothing_else() {
    let mut app = app_with_run();
    assert_eq!(press(&mut app, "s"), [control(TrainControl::Stop)]);
    assert_eq!(press(&mut app, "psc"), []);
    assert_eq!(state(&app), RunState::Stopping);
    say(&mut app, finished(Outcome::Stopped, 9));
    assert_eq!(state(&app), RunState::Stopped);
    assert_eq!(press(&mut app, "u"), [Cmd::Resume("a".to_owned())]);
}

#[test]
fn quit_leaves_at_once_without_a_run_and_asks_with_one() {
    assert_eq!(press(&mut app(), "q"), [Cmd::Quit]);
    let mut app = app_with_run();
    assert_eq!(press(&mut app, "q"), []);
    assert!(matches!(app.overlays.last(), Some(Overlay::Confirm(_))));
    assert_eq!(press(&mut app, "n"), []);
    assert_eq!((app.overlays.len(), app.leaving), (0, None));
}

#[test]
fn pause_and_quit_leaves_once_the_trainer_has_paused() {
    let mut app = app_with_run();
    assert_eq!(press(&mut app, "qp"), [control(TrainControl::Pause)]);
    assert_eq!(say(&mut app, phase(Phase::Evaluating, 5)), []);
    assert_eq!(say(&mut app, phase(Phase::Paused, 5)), [Cmd::Quit]);
}

#[test]
fn a_paused_run_is_left_without_waiting() {
    let mut app = app_with_run();
    press(&mut app, "p");
    say(&mut app, phase(Phase::Paused, 5));
    assert_eq!(press(&mut app, "qp"), [Cmd::Quit]);
}

#[test]
fn stop_and_quit_leaves_once_the_trainer_has_ended() {
    let mut app = app_with_run();
    assert_eq!(press(&mut app, "qs"), [control(TrainControl::Stop)]);
    assert_eq!(say(&mut app, finished(Outcome::Stopped, 5)), [Cmd::Quit]);
}

#[test]
fn a_trainer_that_dies_does_not_hold_up_leaving() {
    let mut app = app_with_run();
    press(&mut app, "qp");
    assert_eq!(update(&mut app, Msg::TrainerGone { run: "a".to_owned() }), [Cmd::Quit]);
}

#[test]
fn leaving_can_be_called_off() {
    let mut app = app_with_run();
    press(&mut app, "qp");
    press_code(&mut app, KeyCode::Esc);
    assert_eq!(say(&mut app, phase(Phase::Paused, 5)), []);
    assert_eq!(app.leaving, None);
}

#[test]
fn an_interrupt_stops_and_a_second_one_leaves_at_once() {
    let mut app = app_with_run();
    assert_eq!(update(&mut app, Msg::Terminate), [control(TrainControl::Stop)]);
    assert_eq!(update(&mut app, Msg::Terminate), [Cmd::Quit]);
    let mut app = app_with_run();
    // Even over a question, and even while it is paused.
    press(&mut app, "p");
    say(&mut app, phase(Phase::Paused, 5));
    press(&mut app, "q");
    let ctrl_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(update(&mut app, Msg::Key(ctrl_c)), [control(TrainControl::Stop)]);
    assert_eq!(update(&mut self::app(), Msg::Terminate), [Cmd::Quit]);
}

#[test]
fn a_resumed_run_takes_its_old_place() {
    let mut app = app_with_run();
    press(&mut app, "s");
    say(&mut app, finished(Outcome::Stopped, 9));
    let history = app.shown_run().unwrap().history.clone();
    let again = StartedRun {
        id: "a".to_owned(),
        folder: "/runs/a".into(),
        spec: RunSpec::default(),
        history,
    };
    update(&mut app, Msg::RunStarted(Box::new(again)));
    assert_eq!((app.runs.len(), state(&app)), (1, RunState::Starting));
}

#[test]
fn a_second_start_waits_for_the_first() {
    let mut app = app_with_run();
    press(&mut app, "1");
    assert_eq!(press_code(&mut app, KeyCode::Enter), []);
    // Asked, it goes into the queue.
    assert!(matches!(app.overlays.last(), Some(Overlay::Confirm(_))));
    update(&mut app, Msg::QueueOpened(Ok(Queue::default())));
    let commands = press(&mut app, "a");
    assert!(matches!(&commands[..], [Cmd::SaveQueue(_)]), "{commands:?}");
    assert_eq!(app.queue.queue.entries().len(), 1);
    assert_eq!(press_code(&mut app, KeyCode::Esc), []);
    let commands = say(&mut app, finished(Outcome::Completed, 9));
    let [Cmd::StartQueued(entry)] = &commands[..] else { panic!("{commands:?}") };
    assert_eq!(entry.spec, RunSpec::default());
}

#[test]
fn a_command_of_another_screen_shows_it_first() {
    let mut app = app_with_run();
    press(&mut app, "1:pause the run");
    assert_eq!(press_code(&mut app, KeyCode::Enter), [control(TrainControl::Pause)]);
    assert_eq!((app.screen, app.overlays.len()), (Screen::Live, 0));
}

#[test]
fn a_run_that_cannot_start_says_why_where_it_can_be_mended() {
    let mut app = app();
    let started_run = StartedRun {
        id: "a".to_owned(),
        folder: "/runs/a".into(),
        spec: RunSpec::default(),
        history: RunHistory::default(),
    };
    update(&mut app, Msg::RunStarted(Box::new(started_run)));
    say(&mut app, failed("no CIFAR-10 files; `resnet-tui data fetch` downloads them", 0));
    assert_eq!(app.screen, Screen::Setup);
    let Some(Overlay::Message { text, .. }) = app.overlays.last() else { panic!() };
    assert!(text.ends_with("d downloads CIFAR-10"), "{text}");
}

#[test]
fn a_download_is_begun_and_cancelled_by_one_key() {
    let mut app = app();
    assert_eq!(press(&mut app, "d"), [Cmd::Download("".into())]);
    assert_eq!(press(&mut app, "d"), [Cmd::CancelDownload]);
    assert!(app.download.as_ref().unwrap().cancelling);
    let news = DownloadNews::Cancelled("the fetch was cancelled".to_owned());
    update(&mut app, Msg::Download(news));
    assert!(app.download.is_none());
    assert!(matches!(app.overlays.last(), Some(Overlay::Message { .. })));
}

#[test]
fn a_set_up_is_saved_under_a_typed_name_and_recalled() {
    let mut app = app();
    press(&mut app, "l");
    assert_eq!(press(&mut app, "w"), [Cmd::ListSetUps]);
    press(&mut app, "q5");
    let spec = app.setup.spec.clone();
    let saved = Cmd::SavePreset { name: "q5".to_owned(), spec: Box::new(spec.clone()) };
    assert_eq!(press_code(&mut app, KeyCode::Enter), [saved]);
    press(&mut app, "R");
    assert_eq!(press(&mut app, "o"), [Cmd::ListSetUps]);
    update(&mut app, Msg::SetUps { presets: vec!["q5".to_owned()], recent: vec![spec.clone()] });
    let load = Cmd::LoadPreset("q5".to_owned());
    assert_eq!(press_code(&mut app, KeyCode::Enter), [load]);
    update(&mut app, Msg::SetUp(Box::new(spec.clone())));
    assert_eq!(app.setup.spec, spec);
}

#[test]
fn pictures_follow_the_set_up_while_they_are_shown() {
    let mut app = app();
    let mut asked = |keys: &str| {
        let specs = press(&mut app, keys).into_iter().filter_map(|command| match command {
            Cmd::Preview(request) => Some(request.spec),
            _ => None,
        });
        specs.collect::<Vec<_>>()
    };
    assert_eq!(asked("v"), [RunSpec::default()]);
    assert_eq!(asked("l"), [RunSpec { n: 5, ..RunSpec::default() }]);
    assert_eq!(press(&mut app, "j"), []);
    press(&mut app, "v");
    assert_eq!(press(&mut app, "r"), []);
}

#[test]
fn only_a_run_at_rest_is_inspected() {
    let mut app = app_with_run();
    press(&mut app, "6");
    assert_eq!(press_code(&mut app, KeyCode::Enter), []);
    assert!(matches!(app.overlays.pop(), Some(Overlay::Message { .. })));
    say(&mut app, phase(Phase::Paused, 5));
    let choice = WeightsChoice::Best;
    let inspect = Cmd::Inspect { run: "a".to_owned(), folder: "/runs/a".into(), choice };
    assert_eq!(press_code(&mut app, KeyCode::Enter), [inspect]);
    assert_eq!(press_code(&mut app, KeyCode::Esc), [Cmd::CancelInspection]);
}

#[test]
fn time_matters_only_while_a_run_should_be_speaking() {
    assert!(!app().depends_on_time());
    let mut app = app_with_run();
    assert!(app.depends_on_time());
    update(&mut app, Msg::Tick(Timestamp::from_second(42).unwrap()));
    assert_eq!(app.seconds_silent(), Some(42.0));
    say(&mut app, finished(Outcome::Completed, 5));
    assert_eq!((app.depends_on_time(), app.seconds_silent()), (false, None));
}

#[test]
fn a_replay_is_left_without_a_question_and_not_resumed() {
    let mut app = app_with_run();
    app.replay = Some("a".to_owned());
    assert_eq!(press(&mut app, "q"), [Cmd::Quit]);
    say(&mut app, finished(Outcome::Stopped, 9));
    assert_eq!(press(&mut app, "u"), []);
}

#[test]
fn the_machine_is_followed_only_while_it_is_on_the_screen() {
    let mut app = app_with_run();
    assert!(app.watches_machine());
    press(&mut app, "1");
    assert!(!app.watches_machine());
    press(&mut app, "2p");
    say(&mut app, phase(Phase::Paused, 7));
    assert!(!app.watches_machine());
}

#[test]
fn another_x_axis_shows_everything_anew() {
    let mut app = app_with_run();
    press(&mut app, "+l");
    assert!(app.live.view.is_zoomed() && app.live.view.cursor.is_some());
    press(&mut app, "x");
    assert_eq!(app.live.view, ChartView::default());
}

#[test]
fn runs_to_compare_are_asked_for_once_unless_the_session_has_them() {
    let mut app = app_with_run();
    app.compare.select(vec!["a".to_owned(), "b".to_owned()]);
    let load = Cmd::Compare(CompareRequest::Load("b".to_owned()));
    assert_eq!(press(&mut app, "4"), [Cmd::Compare(CompareRequest::List), load]);
    assert_eq!(press(&mut app, "n"), []);
    assert_eq!(app.compare.compared(&app.runs).len(), 1);
}
