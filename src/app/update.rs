//! The one place where the state of the dashboard changes.

use crossterm::event::KeyEvent;

use super::message::{Cmd, Msg, StartedRun};
use super::overlay::{Answer, Confirm, Overlay, OverlayReply};
use super::run_view::{RunState, RunView};
use super::setup::SetupRequest;
use super::{App, Leaving, SCREENS, Screen, run_queue, update_runs};
use crate::config::keys::{Action, Scope};
use crate::protocol::TrainControl;

/// Takes in what happened; gives back what is to be done.
pub fn update(app: &mut App, msg: Msg) -> Vec<Cmd> {
    let mut commands = match msg {
        Msg::Key(key) => key_pressed(app, key),
        Msg::Paste(text) => pasted(app, &text),
        Msg::Mouse(_) | Msg::Resize => Vec::new(),
        Msg::Tick(now) => {
            app.now = Some(now);
            Vec::new()
        }
        Msg::Terminate => interrupt(app),
        Msg::Train { run, event } => {
            // Time never runs backwards between ticks.
            app.now = app.now.max(Some(event.time));
            if let Some(view) = app.runs.iter_mut().find(|view| view.id == run) {
                view.apply(&event);
            }
            update_runs::watch_for_failure(app, &run, &event);
            Vec::new()
        }
        Msg::TrainerGone { run } => {
            if let Some(view) = app.runs.iter_mut().find(|view| view.id == run) {
                view.attached = false;
                view.pending = None;
            }
            Vec::new()
        }
        Msg::RunStarted(started) => run_started(app, *started),
        Msg::RunOpened(opened, elsewhere) => update_runs::run_opened(app, *opened, elsewhere),
        Msg::Followed { run, anew, events, live } => {
            update_runs::followed(app, &run, anew, &events, live)
        }
        Msg::Library(library) => {
            app.library = Some(*library);
            Vec::new()
        }
        Msg::Deleted { run } => update_runs::deleted(app, &run),
        Msg::QueueOpened(queue) => update_runs::queue_opened(app, queue),
        Msg::QueueAnswered { entry, error } => {
            app.queue.answered(entry, error).into_iter().collect()
        }
        Msg::Notice { title, text } | Msg::Error { title, text } => {
            app.overlays.push(Overlay::Message { title, text });
            Vec::new()
        }
    };
    commands.extend(run_queue::next(app));
    if leaving_is_due(app) {
        commands.push(Cmd::Quit);
    }
    commands
}

/// Pasted text goes where a key would.
fn pasted(app: &mut App, text: &str) -> Vec<Cmd> {
    match app.overlays.last_mut() {
        Some(Overlay::Prompt(prompt)) => prompt.paste(text),
        Some(_) => {}
        None if app.screen == Screen::Runs && app.run_list.typing => app.run_list.paste(text),
        None => app.setup.paste(text),
    }
    Vec::new()
}

/// Whether the runs have reached what leaving waits for.
fn leaving_is_due(app: &App) -> bool {
    match app.leaving {
        None => false,
        Some(Leaving::WhenPaused) => app.active_runs().all(RunView::is_paused),
        Some(Leaving::WhenStopped) => app.active_runs().next().is_none(),
    }
}

fn run_started(app: &mut App, started: StartedRun) -> Vec<Cmd> {
    let mut view = RunView::new(started.id, started.folder, started.spec);
    view.history = started.history;
    // What ended a run before is no longer so.
    view.history.ending = None;
    view.history.phase = None;
    let shown_is_on = app.shown_run().is_some_and(|run| run.is_active() || run.opened);
    let place = match app.runs.iter().position(|run| run.id == view.id) {
        Some(index) => {
            app.runs.splice(index..=index, [view]);
            index
        }
        None => {
            app.runs.push(view);
            app.runs.len() - 1
        }
    };
    // A run of the queue does not take the screen from whoever is doing something else.
    let queued = app.queue.is_starting();
    if !(queued && shown_is_on) {
        app.live.run = place;
    }
    if !queued {
        app.screen = Screen::Live;
    }
    Vec::new()
}

fn key_pressed(app: &mut App, key: KeyEvent) -> Vec<Cmd> {
    let scope = match app.overlays.last() {
        Some(Overlay::Queue) => Scope::Queue,
        _ => app.screen.scope(),
    };
    let action = app.keymap.action(scope, key);
    match action {
        Some(Action::Interrupt) => return interrupt(app),
        Some(Action::Suspend) => return vec![Cmd::Suspend],
        Some(Action::Redraw) => return vec![Cmd::Redraw],
        _ => {}
    }
    if let Some(overlay) = app.overlays.last_mut() {
        return match overlay.key(action, key) {
            OverlayReply::Open => Vec::new(),
            OverlayReply::Close => {
                app.overlays.pop();
                Vec::new()
            }
            OverlayReply::Answer(answer) => {
                app.overlays.pop();
                answered(app, answer)
            }
            OverlayReply::Prompted(run, outcome) => {
                app.overlays.pop();
                update_runs::prompted(app, run, outcome)
            }
            OverlayReply::Queue(action) => app.queue.act(action).into_iter().collect(),
        };
    }
    if app.screen == Screen::Setup {
        if app.setup.edit.is_some() {
            app.setup.type_key(key);
            return Vec::new();
        }
        if app.setup.begin_typing(key) {
            return Vec::new();
        }
    }
    if app.screen == Screen::Runs
        && app.run_list.typing
        && let Some(library) = &app.library
    {
        app.run_list.type_key(key, library);
        return Vec::new();
    }
    action.map_or_else(Vec::new, |action| act(app, action))
}

fn act(app: &mut App, action: Action) -> Vec<Cmd> {
    if let Some(screen) = SCREENS.iter().find(|screen| screen.action() == action) {
        app.screen = *screen;
        return Vec::new();
    }
    match action {
        Action::NextScreen => turn_screen(app, 1),
        Action::PreviousScreen => turn_screen(app, SCREENS.len() - 1),
        Action::Help => app.overlays.push(Overlay::Help { scroll: 0 }),
        Action::ShowQueue => app.overlays.push(Overlay::Queue),
        Action::Quit => return quit(app),
        Action::Back if app.leaving.is_some() => app.leaving = None,
        _ => match app.screen {
            Screen::Setup => return act_on_setup(app, action),
            Screen::Live => return act_on_live(app, action),
            Screen::Results => return update_runs::act_on_results(app, action),
            Screen::Runs => return update_runs::act_on_runs(app, action),
        },
    }
    Vec::new()
}

fn turn_screen(app: &mut App, by: usize) {
    let now = SCREENS.iter().position(|screen| *screen == app.screen).unwrap_or(0);
    if let Some(screen) = SCREENS.get((now + by) % SCREENS.len()) {
        app.screen = *screen;
    }
}

fn act_on_setup(app: &mut App, action: Action) -> Vec<Cmd> {
    match app.setup.act(action) {
        Some(SetupRequest::Start) if app.leaving.is_none() => {
            update_runs::start(app, app.setup.spec.clone())
        }
        Some(SetupRequest::Enqueue) => update_runs::enqueue(app, vec![app.setup.spec.clone()]),
        _ => Vec::new(),
    }
}

fn act_on_live(app: &mut App, action: Action) -> Vec<Cmd> {
    let runs = app.runs.len();
    let leaving = app.leaving.is_some();
    let Some(run) = app.runs.get_mut(app.live.run) else { return Vec::new() };
    let control = match action {
        Action::Pause if leaving => return Vec::new(),
        // Paused in a process that has ended since.
        Action::Pause if run.can_be_resumed() && run.state() == RunState::Paused => {
            return resume(app);
        }
        Action::Pause => match run.state() {
            RunState::Pausing | RunState::Paused => TrainControl::Resume,
            _ => TrainControl::Pause,
        },
        Action::Stop => TrainControl::Stop,
        Action::StopAfterEpoch => TrainControl::StopAfterEpoch,
        Action::Checkpoint => TrainControl::Checkpoint,
        Action::Resume => {
            if run.can_be_resumed() && !leaving {
                return resume(app);
            }
            return Vec::new();
        }
        _ => {
            app.live.act(action, runs);
            return Vec::new();
        }
    };
    request(run, control).into_iter().collect()
}

fn resume(app: &App) -> Vec<Cmd> {
    let shown = app.shown_run().filter(|_| !run_queue::is_full(app));
    shown.map(|run| Cmd::Resume(run.id.clone())).into_iter().collect()
}

/// Asks the trainer for something, and notes that it has not happened yet.
fn request(run: &mut RunView, control: TrainControl) -> Option<Cmd> {
    // A run that was asked to stop is past pausing.
    if !run.is_active() || run.pending == Some(TrainControl::Stop) {
        return None;
    }
    if control != TrainControl::Checkpoint {
        run.pending = Some(control);
    }
    Some(Cmd::Control { run: run.id.clone(), control })
}

fn quit(app: &mut App) -> Vec<Cmd> {
    let active = app.active_runs().count();
    if active == 0 || app.leaving.is_some() {
        return vec![Cmd::Quit];
    }
    app.overlays.push(Overlay::Confirm(Confirm::leave(active)));
    Vec::new()
}

fn answered(app: &mut App, answer: Answer) -> Vec<Cmd> {
    match answer {
        Answer::PauseAndLeave => leave(app, Leaving::WhenPaused),
        Answer::StopAndLeave => leave(app, Leaving::WhenStopped),
        Answer::Enqueue(specs) => update_runs::enqueue(app, specs),
        Answer::Stay => Vec::new(),
    }
}

/// Stops every run with a checkpoint and leaves; the second time leaves at once.
fn interrupt(app: &mut App) -> Vec<Cmd> {
    if app.leaving == Some(Leaving::WhenStopped) {
        return vec![Cmd::Quit];
    }
    leave(app, Leaving::WhenStopped)
}

fn leave(app: &mut App, how: Leaving) -> Vec<Cmd> {
    app.leaving = Some(how);
    let control = match how {
        Leaving::WhenPaused => TrainControl::Pause,
        Leaving::WhenStopped => TrainControl::Stop,
    };
    let settled = |run: &RunView| how == Leaving::WhenPaused && run.is_paused();
    app.runs
        .iter_mut()
        .filter(|run| !settled(run))
        .filter_map(|run| request(run, control))
        .collect()
}

#[cfg(test)]
#[path = "update_tests.rs"]
mod tests;
