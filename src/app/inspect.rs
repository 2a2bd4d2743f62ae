//! The Inspect screen: what a run gets right and wrong.

use super::App;
use super::message::Cmd;
use super::overlay::Overlay;
use crate::config::keys::Action;
use crate::training::inspection::{Inspection, InspectionUpdate, WeightsChoice};

/// The screen.
#[derive(Clone, Debug, Default)]
pub struct InspectScreen {
    /// The run that the result is of, by its id.
    pub run: Option<String>,
    /// The inspection.
    pub state: InspectState,
    /// The first mistake shown.
    pub mistake: usize,
    /// Whether the mistakes have the whole screen.
    pub mistakes_alone: bool,
}

/// How an inspection stands.
#[derive(Clone, Debug, Default)]
pub enum InspectState {
    /// None was asked for.
    #[default]
    Nothing,
    /// So many images of so many are done; none of none while weights and images are read.
    Running {
        /// Done.
        images: u64,
        /// Of all.
        total: u64,
    },
    /// The result.
    Done(Box<Inspection>),
    /// Why there is none.
    Failed(String),
}

impl InspectScreen {
    /// Takes in what an inspection said. The word of one that nobody waits for is dropped.
    pub fn take(&mut self, run: &str, update: InspectionUpdate) {
        let waiting = matches!(self.state, InspectState::Running { .. });
        if !waiting || self.run.as_deref() != Some(run) {
            return;
        }
        self.state = match update {
            InspectionUpdate::Progress { images, total } => InspectState::Running { images, total },
            InspectionUpdate::Done(inspection) => InspectState::Done(inspection),
            InspectionUpdate::Failed(reason) => InspectState::Failed(reason),
        };
    }

    fn mistakes(&self) -> usize {
        match &self.state {
            InspectState::Done(inspection) => inspection.mistakes.len(),
            _ => 0,
        }
    }
}

/// Does what a key asks of the screen.
pub fn act(app: &mut App, action: Action) -> Vec<Cmd> {
    let runs = app.runs.len().max(1);
    match action {
        Action::Accept => return inspect(app, WeightsChoice::Best),
        Action::InspectCheckpoint => return inspect(app, WeightsChoice::Checkpoint),
        Action::Back if matches!(app.inspect.state, InspectState::Running { .. }) => {
            app.inspect.state = InspectState::Nothing;
            return vec![Cmd::CancelInspection];
        }
        Action::Left => app.live.run = (app.live.run + runs - 1) % runs,
        Action::Right => app.live.run = (app.live.run + 1) % runs,
        Action::Down => {
            let last = app.inspect.mistakes().saturating_sub(1);
            app.inspect.mistake = (app.inspect.mistake + 1).min(last);
        }
        Action::Up => app.inspect.mistake = app.inspect.mistake.saturating_sub(1),
        Action::First => app.inspect.mistake = 0,
        Action::MistakesAlone => app.inspect.mistakes_alone = !app.inspect.mistakes_alone,
        _ => {}
    }
    Vec::new()
}

fn inspect(app: &mut App, choice: WeightsChoice) -> Vec<Cmd> {
    let Some(run) = app.shown_run() else { return Vec::new() };
    if run.is_active() && !run.is_paused() {
        let title = "The run is being trained".to_owned();
        let text = "Pause it, or wait for its end; then its weights can be inspected.".to_owned();
        app.overlays.push(Overlay::Message { title, text });
        return Vec::new();
    }
    let command = Cmd::Inspect { run: run.id.clone(), folder: run.folder.clone(), choice };
    app.inspect = InspectScreen {
        run: Some(run.id.clone()),
        state: InspectState::Running { images: 0, total: 0 },
        mistake: 0,
        mistakes_alone: app.inspect.mistakes_alone,
    };
    vec![command]
}
