//! Tests of when a run of the queue begins.

use crossterm::event::KeyCode;

use super::*;
use crate::app::message::StartedRun;
use crate::app::testing::{failed, finished, phase, started};
use crate::app::{App, Msg, Screen, update};
use crate::config::interface::InterfaceConfig;
use crate::protocol::{LoggedEvent, Outcome, Phase};
use crate::runs::RunHistory;

fn app() -> App {
    let mut app = App::new(&InterfaceConfig::default(), false, RunSpec::default(), Vec::new());
    update(&mut app, Msg::QueueOpened(Ok(Queue::default())));
    app
}

fn press(app: &mut App, keys: &str) -> Vec<Cmd> {
    keys.chars().flat_map(|key| update(app, Msg::Key(KeyCode::Char(key).into()))).collect()
}

fn say(app: &mut App, run: &str, event: LoggedEvent) -> Vec<Cmd> {
    update(app, Msg::Train { run: run.to_owned(), event: Box::new(event) })
}

/// A queue of runs with the seeds 1 to `count`.
fn queue_of(count: u64) -> Queue {
    let mut queue = Queue::default();
    for seed in 1..=count {
        queue.push(RunSpec { seed, ..RunSpec::default() });
    }
    queue
}

/// Does what the terminal does with the start of an entry; gives its seed.
fn begin(app: &mut App, commands: &[Cmd]) -> (u64, Vec<Cmd>) {
    let entry = commands.iter().find_map(|command| match command {
        Cmd::StartQueued(entry) => Some(entry.clone()),
        _ => None,
    });
    let entry = entry.unwrap_or_else(|| panic!("nothing is started: {commands:?}"));
    let seed = entry.spec.seed;
    let run = StartedRun {
        id: format!("seed{seed}"),
        folder: "/runs".into(),
        spec: entry.spec,
        history: RunHistory::default(),
    };
    update(app, Msg::RunStarted(Box::new(run)));
    let answers = update(app, Msg::QueueAnswered { entry: entry.id, error: None });
    let id = format!("seed{seed}");
    say(app, &id, started(200, 100, 0));
    say(app, &id, phase(Phase::Training, 0));
    (seed, answers)
}

fn seeds(app: &App) -> Vec<u64> {
    app.queue.queue.entries().iter().map(|entry| entry.spec.seed).collect()
}

#[test]
fn runs_follow_each_other_and_leave_the_queue_once_started() {
    let mut app = app();
    app.queue.queue = queue_of(2);
    let first = press(&mut app, "5");
    let (seed, saved) = begin(&mut app, &first);
    assert_eq!((seed, seeds(&app)), (1, vec![2]));
    assert!(matches!(&saved[..], [Cmd::SaveQueue(_)]), "and nothing else starts: {saved:?}");
    assert_eq!(app.screen, Screen::Runs, "the screen is not taken away");
    let second = say(&mut app, "seed1", finished(Outcome::Completed, 9));
    assert_eq!(begin(&mut app, &second).0, 2);
    assert_eq!(say(&mut app, "seed2", finished(Outcome::Completed, 9)), []);
}

#[test]
fn a_paused_run_keeps_its_place_until_the_user_says_otherwise() {
    let mut app = app();
    app.queue.queue = queue_of(2);
    let first = press(&mut app, "2");
    begin(&mut app, &first);
    press(&mut app, "p");
    assert_eq!(say(&mut app, "seed1", phase(Phase::Paused, 3)), []);
    let freed = press(&mut app, "Qf");
    assert_eq!(begin(&mut app, &freed).0, 2);
}

#[test]
fn more_at_a_time_start_beside_each_other() {
    let mut app = app();
    app.queue.queue = queue_of(3);
    let first = press(&mut app, "Q");
    begin(&mut app, &first);
    let second = press(&mut app, ">");
    assert_eq!(app.queue.config.max_parallel, 2);
    begin(&mut app, &second);
    assert_eq!(seeds(&app), [3]);
    assert_eq!(press(&mut app, "<<<"), []);
    assert_eq!(app.queue.config.max_parallel, 1);
}

#[test]
fn what_is_left_from_another_day_waits_for_a_word() {
    let mut app = app();
    assert_eq!(update(&mut app, Msg::QueueOpened(Ok(queue_of(2)))), []);
    assert!(matches!(app.queue.standing, Standing::Held(_)));
    let commands = press(&mut app, "Q ");
    begin(&mut app, &commands);
    assert_eq!(app.queue.standing, Standing::Going);
}

#[test]
fn nothing_starts_while_the_program_is_left() {
    let mut app = app();
    app.queue.queue = queue_of(2);
    let first = press(&mut app, "2");
    begin(&mut app, &first);
    press(&mut app, "qs");
    assert_eq!(say(&mut app, "seed1", finished(Outcome::Stopped, 3)), [Cmd::Quit]);
}

#[test]
fn a_run_that_breaks_off_at_once_holds_the_others() {
    let mut app = app();
    app.queue.queue = queue_of(2);
    let first = press(&mut app, "2");
    begin(&mut app, &first);
    assert_eq!(say(&mut app, "seed1", failed("no data", 0)), []);
    let Standing::Held(reason) = &app.queue.standing else { panic!("{:?}", app.queue.standing) };
    assert!(reason.contains("no data"), "{reason}");
    assert_eq!(seeds(&app), [2]);
}

#[test]
fn an_entry_that_cannot_be_started_stays_and_holds_the_queue() {
    let mut app = app();
    app.queue.queue = queue_of(1);
    let commands = press(&mut app, "2");
    let [Cmd::StartQueued(entry)] = &commands[..] else { panic!("{commands:?}") };
    let error = Some("disk full".to_owned());
    assert_eq!(update(&mut app, Msg::QueueAnswered { entry: entry.id, error }), []);
    assert_eq!(app.queue.standing, Standing::Held("disk full".to_owned()));
    assert_eq!(seeds(&app), [1]);
}

#[test]
fn entries_are_moved_and_removed() {
    let mut app = app();
    update(&mut app, Msg::QueueOpened(Ok(queue_of(3))));
    press(&mut app, "QGK");
    assert_eq!(seeds(&app), [1, 3, 2]);
    let commands = press(&mut app, "d");
    assert!(matches!(&commands[..], [Cmd::SaveQueue(queue)] if queue.entries().len() == 2));
    assert_eq!(seeds(&app), [1, 2]);
    press(&mut app, "gddd");
    assert_eq!(seeds(&app), [0; 0]);
}

#[test]
fn a_queue_that_cannot_be_used_says_why() {
    let mut app = app();
    update(&mut app, Msg::QueueOpened(Err("another dashboard has it".to_owned())));
    assert_eq!(press(&mut app, "a"), []);
    let Some(crate::app::overlay::Overlay::Message { text, .. }) = app.overlays.last() else {
        panic!("{:?}", app.overlays)
    };
    assert_eq!(text, "another dashboard has it");
}

#[test]
fn several_seeds_of_a_set_up_go_through_the_queue() {
    let mut app = app();
    app.setup.further_seeds = vec![4, 9];
    let commands = update(&mut app, Msg::Key(KeyCode::Enter.into()));
    let (seed, _) = begin(&mut app, &commands);
    assert_eq!((seed, seeds(&app)), (1, vec![4, 9]));
}
