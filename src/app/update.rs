//! The one place where the state of the dashboard changes.

use crossterm::event::{KeyCode, KeyEvent};

use super::charts::{ChartView, x_axis};
use super::compare::CompareRequest;
use super::message::{Cmd, Msg, StartedRun};
use super::overlay::{Answer, Confirm, Help, Overlay, OverlayReply};
use super::picker::Choice;
use super::pointer::{Gesture, Target};
use super::run_view::{RunState, RunView};
use super::scroll::Scroll;
use super::setup::SetupRequest;
use super::{App, Leaving, SCREENS, Screen, answers, commands, inspect, run_queue, update_runs};
use crate::config::keys::{Action, Scope};
use crate::protocol::{LoggedEvent, TrainControl, TrainEvent};

/// Takes in what happened; gives back what is to be done.
pub fn update(app: &mut App, msg: Msg) -> Vec<Cmd> {
    let before = app.screen;
    let mut commands = match msg {
        Msg::Key(key) => key_pressed(app, key),
        Msg::Paste(text) => pasted(app, &text),
        Msg::Mouse(_) | Msg::Resize => Vec::new(),
        Msg::Tick(now) => {
            app.now = Some(now);
            Vec::new()
        }
        Msg::Terminate => interrupt(app),
        Msg::TerminalGone if app.leaving == Some(Leaving::WhenStopped) => Vec::new(),
        Msg::TerminalGone => leave(app, Leaving::WhenStopped),
        Msg::Suspend => vec![Cmd::Suspend],
        Msg::Continued => vec![Cmd::Retake],
        Msg::Train { run, event } => {
            // Time never runs backwards between ticks.
            app.now = app.now.max(Some(event.time));
            train_event(app, &run, &event);
            update_runs::watch_for_failure(app, &run, &event);
            Vec::new()
        }
        Msg::TrainerGone { run } => trainer_gone(app, &run),
        Msg::RunStarted(started) => run_started(app, *started),
        Msg::Pointer { target, gesture } => pointed(app, target, gesture),
        Msg::Machine(sample) => {
            app.machine = Some(sample);
            Vec::new()
        }
        Msg::Compare(reply) => {
            if let Some(text) = app.compare.take(reply) {
                let title = "A run cannot be compared".to_owned();
                app.overlays.push(Overlay::Message { title, text });
            }
            Vec::new()
        }
        Msg::RunOpened(opened, elsewhere) => update_runs::run_opened(app, *opened, elsewhere),
        Msg::Followed { run, anew, events, live } => {
            update_runs::followed(app, &run, anew, &events, live)
        }
        Msg::Library(library) => {
            app.library = Some(*library);
            // Another process may have trained on.
            let compares = app.screen == Screen::Compare && before == Screen::Compare;
            compares.then_some(Cmd::Compare(CompareRequest::List)).into_iter().collect()
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
        answer => {
            take_answer(app, answer);
            Vec::new()
        }
    };
    commands.extend(run_queue::next(app));
    commands.extend(pictures(app));
    if app.screen == Screen::Compare && before != Screen::Compare {
        commands.push(Cmd::Compare(CompareRequest::List));
    }
    commands.extend(app.compare.ask(&app.runs).into_iter().map(Cmd::Compare));
    follow(app);
    if leaving_is_due(app) {
        commands.push(Cmd::Quit);
    }
    commands
}

/// Pasted text goes where a key would.
fn pasted(app: &mut App, text: &str) -> Vec<Cmd> {
    match app.overlays.last_mut() {
        Some(overlay) => overlay.paste(text),
        None if app.screen == Screen::Runs && app.run_list.typing => app.run_list.paste(text),
        None => app.setup.paste(text),
    }
    Vec::new()
}

/// Takes in what slow work came to.
fn take_answer(app: &mut App, msg: Msg) {
    match msg {
        Msg::Download(news) => answers::downloaded(app, news),
        Msg::SetUps { presets, recent } => answers::set_ups(app, presets, &recent),
        Msg::SetUp(spec) => app.setup.recall(*spec),
        Msg::PresetSaved(name) => {
            let (title, text) = ("Saved".to_owned(), format!("The set-up is saved as `{name}`."));
            app.overlays.push(Overlay::Message { title, text });
        }
        Msg::Measured(measured) => answers::measured(app, measured),
        Msg::Preview(answer) => {
            if let Some(panel) = &mut app.setup.preview {
                panel.take(answer.map(|preview| *preview));
            }
        }
        Msg::Inspection { run, update } => app.inspect.take(&run, update),
        Msg::Log(text) => app.overlays.push(Overlay::Log { text, scroll: Scroll::at_end() }),
        _ => {}
    }
}

/// Asks for pictures of the set-up where they are to be shown and those there are of another.
fn pictures(app: &mut App) -> Option<Cmd> {
    let panel = app.setup.preview.as_mut().filter(|_| app.screen == Screen::Setup)?;
    let can_show = app.theme.pictures();
    let request = can_show.then(|| panel.request(&app.setup.spec)).flatten()?;
    Some(Cmd::Preview(Box::new(request)))
}

fn train_event(app: &mut App, run: &str, event: &LoggedEvent) {
    let Some(view) = app.runs.iter_mut().find(|view| view.id == run) else { return };
    // Without a word before, it was not even prepared: what is on the screen would not change.
    let silent = !view.heard;
    view.apply(event);
    if let TrainEvent::Failed(failed) = &event.event
        && (silent || view.history.started.is_none())
    {
        let spec = view.spec.clone();
        answers::not_started(app, run, &spec, &failed.error);
    }
}

/// Takes note of the end of a trainer. A run that never began is gone with it.
fn trainer_gone(app: &mut App, run: &str) -> Vec<Cmd> {
    let Some(view) = app.runs.iter_mut().find(|view| view.id == run) else { return Vec::new() };
    view.attached = false;
    view.pending = None;
    if view.history.started.is_none() { update_runs::deleted(app, run) } else { Vec::new() }
}

/// Brings the curves of the runs on the screens up to date.
fn follow(app: &mut App) {
    let compared = app.compare.compared(&app.runs);
    let live = app.runs.get(app.live.run).map(|run| (run.id.as_str(), &run.history));
    let shown = compared.iter().map(|run| (run.id, run.history)).chain(live);
    shown.clone().for_each(|(id, _)| app.appearances.give(id));
    app.curves.follow(shown, app.charts);
}

/// Does what the mouse asks for.
fn pointed(app: &mut App, target: Target, gesture: Gesture) -> Vec<Cmd> {
    if let Target::Row(index) = target {
        let Some(Overlay::Picker(picker)) = app.overlays.last_mut() else { return Vec::new() };
        picker.selected = index;
        return key_pressed(app, KeyCode::Enter.into());
    }
    if !app.overlays.is_empty() {
        return Vec::new();
    }
    match target {
        Target::Tab(screen) => app.screen = screen,
        Target::Field(index) if app.setup.edit.is_none() => app.setup.focus = index,
        Target::Field(_) | Target::Row(_) => {}
        Target::ScreenRow(index) => return update_runs::row_clicked(app, index),
        Target::Chart { chart, position } => {
            let end = shown_end(app);
            let view = match app.screen {
                Screen::Compare => &mut app.compare.view,
                _ => {
                    app.live.chart = chart;
                    &mut app.live.view
                }
            };
            match gesture {
                Gesture::Press => view.point_at(position, end),
                Gesture::WheelUp => view.zoom(0.8, position, end),
                Gesture::WheelDown => view.zoom(1.25, position, end),
            }
        }
    }
    Vec::new()
}

/// Where the runs on the screen have got to on the horizontal axis.
fn shown_end(app: &App) -> f64 {
    let axis = app.charts.x_axis;
    match app.screen {
        Screen::Compare => app.compare.end(&app.runs, axis),
        _ => app.shown_run().map_or(1.0, |run| x_axis::end(axis, &run.history)),
    }
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
        app.live.show_run(place);
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
    // These work over and while typing anything.
    if let Some(action @ (Action::Interrupt | Action::Suspend | Action::Redraw)) = action {
        return act(app, action);
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
            OverlayReply::Chosen(choice) => {
                app.overlays.pop();
                chosen(app, choice)
            }
            OverlayReply::Typed(name) => {
                app.overlays.pop();
                vec![Cmd::SavePreset { name, spec: Box::new(app.setup.spec.clone()) }]
            }
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
    if app.screen == Screen::Compare && app.compare.key(action, key) {
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
        Action::Interrupt => return interrupt(app),
        Action::Suspend => return vec![Cmd::Suspend],
        Action::Redraw => return vec![Cmd::Redraw],
        Action::NextScreen => turn_screen(app, 1),
        Action::PreviousScreen => turn_screen(app, SCREENS.len() - 1),
        Action::Help => app.overlays.push(Overlay::Help(Help::default())),
        Action::Palette => app.overlays.push(Overlay::Picker(commands::palette(app))),
        Action::Log => return vec![Cmd::ReadLog],
        Action::ShowQueue => app.overlays.push(Overlay::Queue),
        Action::Quit => return quit(app),
        Action::Back if app.leaving.is_some() => app.leaving = None,
        _ => match app.screen {
            Screen::Setup => return act_on_setup(app, action),
            Screen::Live => return act_on_live(app, action),
            Screen::Results => return update_runs::act_on_results(app, action),
            Screen::Runs => return update_runs::act_on_runs(app, action),
            Screen::Inspect => return inspect::act(app, action),
            Screen::Compare => act_on_compare(app, action),
        },
    }
    Vec::new()
}

/// Does what was chosen from a list.
fn chosen(app: &mut App, choice: Choice) -> Vec<Cmd> {
    match choice {
        Choice::Action(action) => {
            // What belongs to one screen shows it first.
            let scope = action.binding().map(|binding| binding.scope);
            let place = SCREENS.iter().find(|screen| Some(screen.scope()) == scope);
            app.screen = place.copied().unwrap_or(app.screen);
            return act(app, action);
        }
        Choice::Model(model) => {
            (app.setup.spec.version, app.setup.spec.n) = (model.version, model.n);
        }
        Choice::SetUp(spec) => app.setup.recall(*spec),
        Choice::Preset(name) => return vec![Cmd::LoadPreset(name)],
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
        Some(SetupRequest::Start) if app.leaving.is_none() => update_runs::start_set_up(app),
        Some(request) => answers::request(app, request),
        None => Vec::new(),
    }
}

/// Changes how all charts show their curves; whether `action` asks for that.
fn act_on_charts(app: &mut App, action: Action) -> bool {
    let axis = app.charts.x_axis;
    let done = app.charts.act(action);
    if app.charts.x_axis != axis {
        // What was shown has other numbers there.
        app.live.view = ChartView::default();
        app.compare.view = ChartView::default();
    }
    done
}

fn act_on_compare(app: &mut App, action: Action) {
    if !act_on_charts(app, action) {
        let end = shown_end(app);
        app.compare.act(action, app.charts.x_axis, end);
    }
}

fn act_on_live(app: &mut App, action: Action) -> Vec<Cmd> {
    if act_on_charts(app, action) {
        return Vec::new();
    }
    let (runs, axis, end) = (app.runs.len(), app.charts.x_axis, shown_end(app));
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
            let resumable = run.can_be_resumed() && !leaving;
            return if resumable { resume(app) } else { Vec::new() };
        }
        _ => {
            app.live.act(action, runs, axis, end);
            return Vec::new();
        }
    };
    request(run, control).into_iter().collect()
}

fn resume(app: &App) -> Vec<Cmd> {
    let free = !run_queue::is_full(app);
    let shown = app.shown_run().filter(|run| free && !app.is_replay(run));
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
    let active = app.active_runs().filter(|run| !app.is_replay(run)).count();
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
