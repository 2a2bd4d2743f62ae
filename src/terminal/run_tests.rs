//! Journeys through the real loop, on a terminal in memory and with a scripted trainer.

use std::time::Duration;

use anyhow::Result;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::super::testing::{Screen, WatchedBackend};
use super::*;
use crate::app::testing;
use crate::config::interface::InterfaceConfig;
use crate::config::run::RunSpec;
use crate::presets::Presets;
use crate::protocol::{LoggedEvent, Outcome, Phase, TrainControl};
use crate::runs::RunStore;
use crate::runs::history::Ending;
use crate::supervisor::Supervisor;
use crate::terminal::tasks::Places;
use crate::training::worker::{self, EventSender, TrainingJob};

const STEPS_PER_EPOCH: u64 = 20;

/// How long anything may take before the test fails: other work may have the machine.
const PATIENCE: Duration = Duration::from_secs(180);

/// Takes a step a millisecond, and does what it is asked.
fn scripted(
    job: TrainingJob,
    control: &Receiver<TrainControl>,
    sender: &mut EventSender,
) -> Result<()> {
    let mut send = |logged: LoggedEvent| sender.send(logged.event);
    send(testing::started(job.spec.epochs, STEPS_PER_EPOCH, 0))?;
    send(testing::phase(Phase::Training, 0))?;
    let mut paused = false;
    let last = u64::from(job.spec.epochs) * STEPS_PER_EPOCH;
    let mut step = 0;
    while step < last {
        let wait = if paused { Duration::from_secs(60) } else { Duration::from_millis(1) };
        match control.recv_timeout(wait) {
            Ok(TrainControl::Pause) => {
                paused = true;
                send(testing::phase(Phase::Paused, step))?;
            }
            Ok(TrainControl::Resume) => {
                paused = false;
                send(testing::phase(Phase::Training, step))?;
            }
            Ok(TrainControl::Stop) | Err(RecvTimeoutError::Disconnected) => {
                return send(testing::finished(Outcome::Stopped, step));
            }
            Ok(TrainControl::StopAfterEpoch | TrainControl::Checkpoint) => {}
            Err(RecvTimeoutError::Timeout) if paused => {}
            Err(RecvTimeoutError::Timeout) => {
                step += 1;
                let epoch = ((step - 1) / STEPS_PER_EPOCH + 1) as u32;
                send(testing::step(step, epoch, step as f64))?;
                if step % STEPS_PER_EPOCH == 0 {
                    send(testing::epoch(epoch, step))?;
                }
            }
        }
    }
    send(testing::finished(Outcome::Completed, step))
}

fn spawn_scripted(job: TrainingJob) -> io::Result<worker::TrainerHandle> {
    worker::spawn(job, scripted)
}

fn spawn_broken(job: TrainingJob) -> io::Result<worker::TrainerHandle> {
    worker::spawn(job, |_, _, sender| {
        sender.send(testing::started(1, STEPS_PER_EPOCH, 0).event)?;
        panic!("the device is on fire");
    })
}

/// Someone at the keyboard who looks at the screen.
struct Person {
    keys: Sender<Msg>,
    screen: Screen,
}

impl Person {
    fn press(&self, keys: &str) {
        for key in keys.chars() {
            let code = if key == '\n' { KeyCode::Enter } else { KeyCode::Char(key) };
            self.keys.send(Msg::Key(code.into())).unwrap();
        }
    }

    /// Waits until the screen says something.
    fn see(&self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if self.screen.text().contains(text) {
                return;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        panic!("waited in vain for {text:?} on\n{}", self.screen.text());
    }
}

fn tasks(root: &std::path::Path) -> Tasks {
    Tasks::new(Places {
        store: RunStore::new(root.to_owned()),
        data: root.join("data"),
        presets: Presets::new(root.join("presets")),
        log: root.join("log"),
    })
}

/// Runs the dashboard while a person does `what`; gives what it knew at the end.
fn journey(
    spawn: crate::supervisor::Spawn,
    spec: RunSpec,
    what: impl FnOnce(&Person) + Send + 'static,
) -> App {
    let root = tempfile::tempdir().unwrap();
    let trainers = Trainers::new(Supervisor::new(RunStore::new(root.path().to_owned()), spawn));
    let (keys, inputs) = unbounded();
    let screen = Screen::default();
    let person = Person { keys, screen: screen.clone() };
    // The keyboard stays until the dashboard is left, unless the person panics.
    let person = std::thread::spawn(move || {
        what(&person);
        person
    });
    let mut terminal = Terminal::new(WatchedBackend::new(100, 30, screen)).unwrap();
    let app = App::new(&InterfaceConfig::default(), false, spec, Vec::new());
    let app = run(&mut terminal, &inputs, app, trainers, tasks(root.path()), |_| Ok(()));
    if let Err(panic) = person.join() {
        std::panic::resume_unwind(panic);
    }
    app
}

fn ending(app: &App) -> Option<Ending> {
    app.shown_run().unwrap().history.ending.clone()
}

/// A run that does not come to its end before a person does something, however busy the machine.
fn long() -> RunSpec {
    RunSpec { epochs: 9_999, ..RunSpec::default() }
}

#[test]
fn set_up_start_pause_go_on_and_quit() {
    let app = journey(spawn_scripted, RunSpec::default(), |person| {
        // Four down from the model stand the epochs.
        person.press("jjjj9999\n\n");
        person.see("▶ training");
        person.see("/9999 ");
        person.see("(step ");
        person.press("p");
        person.see("PAUSED");
        person.press("p");
        person.see("▶ training");
        person.press("q");
        person.see("pause and quit");
        person.press("p");
    });
    let run = app.shown_run().unwrap();
    assert_eq!(run.spec.epochs, 9_999);
    assert!(run.is_paused(), "left while paused");
    assert!(!run.history.steps.is_empty());
    let marks: Vec<_> = run.history.marks.iter().map(|mark| &mark.kind).collect();
    assert_eq!(marks.len(), 3, "paused, resumed, paused: {marks:?}");
}

#[test]
fn a_run_is_stopped_and_gone_on_with() {
    let app = journey(spawn_scripted, long(), |person| {
        person.press("\n");
        person.see("▶ training");
        person.press("s");
        person.see("■ stopped");
        person.see("u resume");
        person.press("u");
        person.see("▶ training");
        person.press("qs");
    });
    assert_eq!(app.runs.len(), 1);
    assert_eq!(ending(&app), Some(Ending::Finished(Outcome::Stopped)));
}

#[test]
fn a_trainer_that_breaks_off_leaves_its_reason_and_the_dashboard_alive() {
    let app = journey(spawn_broken, RunSpec::default(), |person| {
        person.press("\n");
        person.see("✗ FAILED");
        person.see("the device is on fire");
        person.press("?");
        person.see("Keys");
        person.press("qq");
    });
    assert_eq!(app.shown_run().unwrap().failure(), Some("the device is on fire"));
}

#[test]
fn a_run_trains_to_its_end_and_stays_on_the_screen() {
    let spec = RunSpec { epochs: 2, ..RunSpec::default() };
    let app = journey(spawn_scripted, spec, |person| {
        person.press("\n");
        person.see("finished");
        person.see("best test accuracy 65.33 % (epoch 2)");
        person.press("q");
    });
    assert_eq!(app.shown_run().unwrap().history.epochs.len(), 2);
}

#[test]
fn a_run_that_cannot_start_says_why() {
    let spawn = |_| Err(io::Error::other("no threads left"));
    journey(spawn, RunSpec::default(), |person| {
        person.press("\n");
        person.see("The run could not be started");
        person.see("no threads left");
        person.press("\nq");
    });
}

#[test]
fn a_signal_ends_the_session_with_a_checkpoint() {
    let app = journey(spawn_scripted, long(), |person| {
        person.press("\n");
        person.see("▶ training");
        person.keys.send(Msg::Terminate).unwrap();
    });
    assert_eq!(ending(&app), Some(Ending::Finished(Outcome::Stopped)));
}

#[test]
fn a_screen_that_is_gone_ends_the_session_with_a_checkpoint() {
    let app = journey(spawn_scripted, long(), |person| {
        person.press("\n");
        person.see("▶ training");
        person.screen.lose();
    });
    assert_eq!(ending(&app), Some(Ending::Finished(Outcome::Stopped)));
}

#[test]
fn a_terminal_that_is_gone_is_noticed_in_several_ways_and_costs_no_checkpoint() {
    let app = journey(spawn_scripted, long(), |person| {
        person.press("\n");
        person.see("▶ training");
        for _ in 0..3 {
            person.keys.send(Msg::TerminalGone).unwrap();
        }
        person.screen.lose();
    });
    assert_eq!(ending(&app), Some(Ending::Finished(Outcome::Stopped)));
}

#[test]
fn a_keyboard_that_is_gone_ends_the_session_with_a_checkpoint() {
    let root = tempfile::tempdir().unwrap();
    let store = RunStore::new(root.path().to_owned());
    let trainers = Trainers::new(Supervisor::new(store, spawn_scripted));
    let (keys, inputs) = unbounded();
    keys.send(Msg::Key(KeyCode::Enter.into())).unwrap();
    drop(keys);
    let app = App::new(&InterfaceConfig::default(), false, long(), Vec::new());
    let mut terminal = Terminal::new(WatchedBackend::new(80, 24, Screen::default())).unwrap();
    let app = run(&mut terminal, &inputs, app, trainers, tasks(root.path()), |_| Ok(()));
    assert_eq!(ending(&app), Some(Ending::Finished(Outcome::Stopped)));
}

#[test]
fn ctrl_z_suspends_and_the_screen_comes_back() {
    let root = tempfile::tempdir().unwrap();
    let store = RunStore::new(root.path().to_owned());
    let trainers = Trainers::new(Supervisor::new(store, spawn_scripted));
    let (keys, inputs) = unbounded();
    let ctrl_z = KeyEvent::new(KeyCode::Char('z'), KeyModifiers::CONTROL);
    keys.send(Msg::Key(ctrl_z)).unwrap();
    let app = App::new(&InterfaceConfig::default(), false, long(), Vec::new());
    let screen = Screen::default();
    // Whoever gives up takes the keyboard along, and the session ends.
    let mut person = Some(Person { keys, screen: screen.clone() });
    let mut terminal = Terminal::new(WatchedBackend::new(80, 24, screen)).unwrap();
    let mut watcher = None;
    run(&mut terminal, &inputs, app, trainers, tasks(root.path()), |handover| {
        assert_eq!(handover, Handover::Suspend);
        let person = person.take().expect("suspended once");
        watcher = Some(std::thread::spawn(move || {
            person.see("Setup");
            person.press("q");
            person
        }));
        Ok(())
    });
    watcher.expect("suspended").join().unwrap();
}
