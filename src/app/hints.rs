//! Which keys work now, for the footer.

use super::inspect::InspectState;
use super::overlay::Overlay;
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
        None if app.leaving.is_some() => {
            vec![(Action::Quit, "leave now"), (Action::Back, "stay")]
        }
        None => match app.screen {
            Screen::Setup => setup(app),
            Screen::Live => live(app),
            Screen::Inspect => inspect(app),
        },
    };
    let named = actions
        .into_iter()
        .filter_map(|(action, label)| Some(Hint { key: app.keymap.hint(action)?, label }));
    named.collect()
}

fn setup(app: &App) -> Vec<(Action, &'static str)> {
    if app.setup.edit.is_some() {
        return vec![(Action::Accept, "take"), (Action::Back, "leave unchanged")];
    }
    vec![
        (Action::Accept, "start"),
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

fn live(app: &App) -> Vec<(Action, &'static str)> {
    let mut actions = Vec::new();
    if let Some(run) = app.shown_run() {
        match run.state() {
            RunState::Pausing | RunState::Paused => actions.push((Action::Pause, "go on")),
            RunState::Stopping => {}
            _ if run.is_active() => actions.push((Action::Pause, "pause")),
            _ if run.can_be_resumed() && !app.is_replay(run) => {
                actions.push((Action::Resume, "resume"))
            }
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
        actions.push((Action::LogScale, "log/linear"));
    } else {
        actions.extend([(Action::Help, "help"), (Action::Quit, "quit")]);
    }
    actions.push((Action::NextScreen, "screen"));
    actions
}
