//! Which keys work now, for the footer.

use super::inspect::InspectState;
use super::overlay::Overlay;
use super::run_list;
use super::run_view::RunState;
use super::{App, Screen};
use crate::config::keys::Action;

/// A key that works now, with what it does now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The key as the configuration spells it.
    pub key: String,
    /// What it does, in one or two words.
    pub label: &'static str,
}

/// The keys worth naming, the most useful first.
pub fn hints(app: &App) -> Vec<Hint> {
    let actions = match app.overlays.last() {
        Some(Overlay::Help(_)) => vec![(Action::Down, "scroll"), (Action::Back, "close")],
        Some(Overlay::Log { .. }) => vec![(Action::Up, "older"), (Action::Back, "close")],
        Some(Overlay::Picker(_)) => {
            vec![(Action::Down, "next"), (Action::Accept, "take"), (Action::Back, "close")]
        }
        Some(Overlay::PresetName(_)) => vec![(Action::Accept, "save"), (Action::Back, "cancel")],
        Some(Overlay::Confirm(_)) => {
            vec![(Action::Down, "next"), (Action::Accept, "choose"), (Action::Back, "stay")]
        }
        Some(Overlay::Message { .. }) => vec![(Action::Back, "close")],
        Some(Overlay::Prompt(_)) => vec![(Action::Accept, "done"), (Action::Back, "cancel")],
        Some(Overlay::Queue) => queue(),
        None if app.leaving.is_some() => {
            vec![(Action::Quit, "leave now"), (Action::Back, "stay")]
        }
        None => match app.screen {
            Screen::Setup => setup(app),
            Screen::Live => live(app),
            Screen::Results => results(app),
            Screen::Runs => runs(app),
            Screen::Inspect => inspect(app),
            Screen::Compare => compare(app),
        },
    };
    let named = actions
        .into_iter()
        .filter_map(|(action, label)| Some(Hint { key: app.keymap.hint(action)?, label }));
    named.collect()
}

fn setup(app: &App) -> Vec<(Action, &'static str)> {
    if app.setup.edit.is_some() {
        return vec![(Action::Accept, "done"), (Action::Back, "cancel")];
    }
    vec![
        (Action::Accept, "start"),
        (Action::Enqueue, "queue"),
        (Action::Down, "next"),
        (Action::Right, "change"),
        (Action::Edit, "type"),
        (Action::Help, "help"),
        (Action::Quit, "quit"),
        (Action::ChooseModel, "models"),
        (Action::Preview, "pictures"),
        (Action::Reset, "default"),
        (Action::SavePreset, "save"),
        (Action::OpenSetUp, "set-ups"),
        (Action::Download, if app.download.is_some() { "cancel download" } else { "download" }),
        (Action::Palette, "commands"),
        (Action::NextScreen, "screen"),
    ]
}

fn queue() -> Vec<(Action, &'static str)> {
    vec![
        (Action::QueueHold, "hold/go"),
        (Action::QueueEarlier, "earlier"),
        (Action::QueueLater, "later"),
        (Action::QueueRemove, "remove"),
        (Action::Back, "close"),
        (Action::QueueMore, "more at a time"),
        (Action::QueueFewer, "fewer"),
    ]
}

fn results(app: &App) -> Vec<(Action, &'static str)> {
    let library = app.library.as_ref();
    let row = library.and_then(|library| app.results.row(library));
    let mut actions = Vec::new();
    if row.is_some_and(|row| row.architecture.is_some()) {
        actions.extend([(Action::StartRow, "start"), (Action::QueueRow, "queue")]);
    }
    actions.push((Action::QueueMissing, "queue all missing"));
    if row.is_some_and(|row| !row.runs.is_empty()) {
        actions.push((Action::Accept, "its runs"));
    }
    actions.extend([
        (Action::Help, "help"),
        (Action::Quit, "quit"),
        (Action::ShowQueue, "show queue"),
    ]);
    actions
}

fn inspect(app: &App) -> Vec<(Action, &'static str)> {
    let mut actions = Vec::new();
    match app.inspect.state {
        InspectState::Running { .. } => actions.push((Action::Back, "cancel")),
        _ if app.shown_run().is_some() => actions
            .extend([(Action::Accept, "inspect best"), (Action::InspectCheckpoint, "checkpoint")]),
        _ => {}
    }
    if app.runs.len() > 1 {
        actions.push((Action::Right, "next run"));
    }
    if matches!(app.inspect.state, InspectState::Done(_)) {
        let whole = if app.inspect.mistakes_alone { "everything" } else { "mistakes" };
        actions.extend([(Action::MistakesAlone, whole), (Action::Down, "next mistake")]);
    }
    actions.extend([
        (Action::Help, "help"),
        (Action::Quit, "quit"),
        (Action::NextScreen, "screen"),
    ]);
    actions
}

fn runs(app: &App) -> Vec<(Action, &'static str)> {
    if app.run_list.typing {
        return vec![(Action::Accept, "keep"), (Action::Back, "clear")];
    }
    let mut actions = Vec::new();
    let run = app.library.as_ref().and_then(|library| app.run_list.selected_run(library));
    if let Some(run) = run {
        actions.push((Action::Accept, "open"));
        if run_list::can_be_resumed(run) {
            actions.push((Action::ResumeSelected, "resume"));
        }
    }
    actions.extend([
        (Action::FilterRuns, "filter"),
        (Action::SortRuns, "sort"),
        (Action::Help, "help"),
        (Action::Quit, "quit"),
    ]);
    if run.is_some() {
        actions.extend([
            (Action::Rename, "rename"),
            (Action::Tag, "tags"),
            (Action::Export, "export"),
            (Action::Duplicate, "copy to Setup"),
            (Action::Delete, "delete"),
        ]);
    }
    actions
}

fn live(app: &App) -> Vec<(Action, &'static str)> {
    let mut actions = Vec::new();
    if let Some(run) = app.shown_run() {
        match run.state() {
            _ if run.can_be_resumed() && !app.is_replay(run) => {
                actions.push((Action::Resume, "resume"))
            }
            RunState::Pausing | RunState::Paused if run.is_active() => {
                actions.push((Action::Pause, "go on"));
            }
            RunState::Stopping => {}
            _ if run.is_active() => actions.push((Action::Pause, "pause")),
            _ => {}
        }
        if run.is_active() {
            actions.push((Action::Stop, "stop"));
        }
        actions.extend([(Action::Help, "help"), (Action::Quit, "quit")]);
        if run.is_active() {
            actions.push((Action::Checkpoint, "checkpoint"));
        }
        actions.push((Action::NextChart, "chart"));
        actions.push((Action::Expand, if app.live.expanded { "all charts" } else { "expand" }));
        actions.extend([(Action::Right, "cursor"), (Action::ZoomIn, "zoom")]);
        actions.extend([(Action::Smoothing, "smooth"), (Action::XAxis, "x axis")]);
        actions.push((Action::LogScale, "log/linear"));
    } else {
        actions.extend([(Action::Help, "help"), (Action::Quit, "quit")]);
    }
    actions.push((Action::NextScreen, "screen"));
    actions
}

fn compare(app: &App) -> Vec<(Action, &'static str)> {
    let screen = &app.compare;
    if screen.picker.is_some() {
        return vec![
            (Action::Down, "next"),
            (Action::Accept, "compare these"),
            (Action::Back, "cancel"),
        ];
    }
    if screen.typed.is_some() {
        return vec![(Action::Accept, "done"), (Action::Back, "cancel")];
    }
    if screen.chosen().is_empty() {
        return vec![
            (Action::ChooseRuns, "choose runs"),
            (Action::Help, "help"),
            (Action::Quit, "quit"),
            (Action::NextScreen, "screen"),
        ];
    }
    vec![
        (Action::ChooseRuns, "runs"),
        (Action::NextChart, "metric"),
        (Action::Arrange, if screen.side_by_side { "overlaid" } else { "side by side" }),
        (Action::Right, "cursor"),
        (Action::Help, "help"),
        (Action::Quit, "quit"),
        (Action::Differences, if screen.settings { "results" } else { "settings" }),
        (Action::ReferenceRun, "reference"),
        (Action::TargetAccuracy, "target"),
        (Action::ZoomIn, "zoom"),
        (Action::Smoothing, "smooth"),
        (Action::XAxis, "x axis"),
        (Action::Expand, "expand"),
        (Action::NextScreen, "screen"),
    ]
}
