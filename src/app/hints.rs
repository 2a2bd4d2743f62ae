//! Which keys work now, for the footer.

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
        Some(Overlay::Help { .. }) => {
            vec![(Action::Down, "scroll"), (Action::Back, "close")]
        }
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
        return vec![(Action::Accept, "take"), (Action::Back, "leave unchanged")];
    }
    vec![
        (Action::Accept, "start"),
        (Action::Down, "next"),
        (Action::Right, "change"),
        (Action::Edit, "type"),
        (Action::Help, "help"),
        (Action::Quit, "quit"),
        (Action::Reset, "default"),
        (Action::NextScreen, "screen"),
    ]
}

fn live(app: &App) -> Vec<(Action, &'static str)> {
    let mut actions = Vec::new();
    if let Some(run) = app.shown_run() {
        match run.state() {
            RunState::Pausing | RunState::Paused => actions.push((Action::Pause, "go on")),
            RunState::Stopping => {}
            _ if run.is_active() => actions.push((Action::Pause, "pause")),
            _ if run.can_be_resumed() => actions.push((Action::Resume, "resume")),
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
        return vec![(Action::Accept, "take"), (Action::Back, "leave unchanged")];
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
