//! Journeys through the real loop, on a terminal in memory and with a scripted trainer.

use std::time::Duration;

use anyhow::Result;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use crossterm::event::KeyCode;
use ratatui::backend::TestBackend;

use super::*;
use crate::app::testing;
use crate::config::interface::InterfaceConfig;
use crate::config::run::RunSpec;
use crate::presets::Presets;
use crate::protocol::{LoggedEvent, Outcome, Phase, TrainControl, TrainEvent};
use crate::runs::RunStore;
use crate::runs::history::Ending;
use crate::supervisor::Supervisor;
use crate::terminal::tasks::Places;
use crate::training::worker::{self, EventSender, TrainingJob};

const STEPS_PER_EPOCH: u64 = 20;

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

/// What the person at the keyboard sees: frames drawn, as text.
struct Person {
    keys: Sender<Msg>,
    store: RunStore,
}

impl Person {
    fn press(&self, keys: &str) {
        for key in keys.chars() {
            let code = if key == '\n' { KeyCode::Enter } else { KeyCode::Char(key) };
            self.keys.send(Msg::Key(code.into())).unwrap();
        }
    }

    /// Waits until the log of the only run satisfies a condition.
    fn until(&self, what: &str, condition: impl Fn(&[LoggedEvent]) -> bool) {
        for _ in 0..5_000 {
            let mut events = Vec::new();
            for folder in self.store.folders().unwrap() {
                let path = folder.events_path();
                crate::runs::event_log::read(&path, |event| events.push(event)).unwrap();
            }
            if condition(&events) {
                return;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        panic!("waited in vain for {what}");
    }

    fn until_phase(&self, phase: Phase) {
        self.until(&format!("{phase:?}"), |events| {
            let phases = events.iter().filter_map(|logged| match &logged.event {
                TrainEvent::Phase(change) => Some(change.phase),
                _ => None,
            });
            phases.last() == Some(phase)
        });
    }

    fn until_steps(&self, steps: usize) {
        self.until("steps", |events| {
            let is_step = |logged: &&LoggedEvent| matches!(logged.event, TrainEvent::Step(_));
            events.iter().filter(is_step).count() >= steps
        });
    }
}

/// Runs the dashboard while a person does `what`; gives what it knew and showed at the end.
fn journey(
    spawn: crate::supervisor::Spawn,
    spec: RunSpec,
    what: impl FnOnce(Person) + Send + 'static,
) -> (App, String) {
    let root = tempfile::tempdir().unwrap();
    let store = RunStore::new(root.path().to_owned());
    let (keys, inputs) = unbounded();
    let person = Person { keys: keys.clone(), store: store.clone() };
    let person = std::thread::spawn(move || what(person));
    let mut terminal = Terminal::new(TestBackend::new(100, 30)).unwrap();
    let app = App::new(&InterfaceConfig::default(), false, spec, Vec::new());
    let places = Places {
        store: store.clone(),
        data: root.path().join("data"),
        presets: Presets::new(root.path().join("presets")),
        log: root.path().join("log"),
    };
    let trainers = Trainers::new(Supervisor::new(store, spawn));
    let tasks = Tasks::new(places);
    let app = run(&mut terminal, &inputs, app, trainers, tasks, || Ok(())).unwrap();
    person.join().unwrap();
    drop(keys);
    let screen = terminal.backend().to_string();
    (app, screen)
}

#[test]
fn set_up_start_pause_go_on_and_quit() {
    let (app, _) = journey(spawn_scripted, RunSpec::default(), |person| {
        // Three down from the model stand the epochs.
        person.press("jjj500\n\n");
        person.until_steps(5);
        person.press("p");
        person.until_phase(Phase::Paused);
        person.press("p");
        person.until_phase(Phase::Training);
        person.press("qp");
        person.until_phase(Phase::Paused);
    });
    let run = app.shown_run().unwrap();
    assert_eq!(run.spec.epochs, 500);
    assert!(run.is_paused(), "left while paused");
    assert!(run.history.steps.len() >= 5);
    let marks: Vec<_> = run.history.marks.iter().map(|mark| &mark.kind).collect();
    assert_eq!(marks.len(), 3, "paused, resumed, paused: {marks:?}");
}

#[test]
fn a_run_is_stopped_and_gone_on_with() {
    let (app, _) = journey(spawn_scripted, RunSpec::default(), |person| {
        let stops = |events: &[LoggedEvent]| {
            let ended = |logged: &&LoggedEvent| matches!(logged.event, TrainEvent::Finished(_));
            events.iter().filter(ended).count()
        };
        person.press("\n");
        person.until_steps(3);
        person.press("s");
        person.until("the stop", |events| stops(events) == 1);
        // The key counts only once the dashboard has heard of the end; pressing again is harmless.
        person.until("the new start", |events| {
            person.press("u");
            events.last().is_some_and(|logged| matches!(logged.event, TrainEvent::Step(_)))
        });
        person.keys.send(Msg::Terminate).unwrap();
    });
    let run = app.shown_run().unwrap();
    assert_eq!(app.runs.len(), 1);
    assert_eq!(run.history.ending, Some(Ending::Finished(Outcome::Stopped)));
}

#[test]
fn a_trainer_that_breaks_off_leaves_its_reason_and_the_dashboard_alive() {
    let (app, screen) = journey(spawn_broken, RunSpec::default(), |person| {
        person.press("\n");
        person.until("the failure", |events| {
            events.iter().any(|logged| matches!(logged.event, TrainEvent::Failed(_)))
        });
        person.press("?");
        // Two keys: the first closes the help, which a dead dashboard would not.
        person.press("qq");
    });
    let run = app.shown_run().unwrap();
    assert_eq!(run.failure(), Some("the device is on fire"), "{screen}");
}

#[test]
fn a_run_trains_to_its_end_and_stays_on_the_screen() {
    let spec = RunSpec { epochs: 2, ..RunSpec::default() };
    let (app, screen) = journey(spawn_scripted, spec, |person| {
        person.press("\n");
        person.until("the end", |events| {
            events.iter().any(|logged| matches!(logged.event, TrainEvent::Finished(_)))
        });
        // The end may still be on its way to the screen: closing the help draws once more.
        std::thread::sleep(Duration::from_millis(100));
        person.press("?q");
        std::thread::sleep(Duration::from_millis(100));
        person.press("q");
    });
    assert!(screen.contains("completed"), "{screen}");
    assert!(screen.contains("best test accuracy 65.33 % (epoch 2)"), "{screen}");
    assert_eq!(app.shown_run().unwrap().history.epochs.len(), 2);
}

#[test]
fn a_terminal_that_is_gone_ends_the_session_with_a_checkpoint() {
    let (app, _) = journey(spawn_scripted, RunSpec::default(), |person| {
        person.press("\n");
        person.until_steps(3);
        person.keys.send(Msg::Terminate).unwrap();
    });
    let run = app.shown_run().unwrap();
    assert_eq!(run.history.ending, Some(Ending::Finished(Outcome::Stopped)));
}
