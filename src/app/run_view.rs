//! One run as the dashboard knows it.

use std::path::PathBuf;

use crate::config::run::RunSpec;
use crate::protocol::{LoggedEvent, Outcome, Phase, TrainControl};
use crate::runs::RunHistory;
use crate::runs::history::Ending;

/// A run: its recipe, its events so far, and what it was asked to do and has not confirmed.
#[derive(Clone, Debug, PartialEq)]
pub struct RunView {
    /// The run's id.
    pub id: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The recipe.
    pub spec: RunSpec,
    /// What its events add up to.
    pub history: RunHistory,
    /// What the trainer was asked and has not done yet.
    pub pending: Option<TrainControl>,
    /// Whether a trainer of this process has the run.
    pub attached: bool,
    /// Whether another process trains the run.
    pub elsewhere: bool,
    /// Whether its trainer has said anything in this session.
    pub heard: bool,
    /// Whether it was only read from disk in this session, not trained.
    pub opened: bool,
}

/// What a run is doing, in the words of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// The trainer has not spoken yet.
    Starting,
    /// Loading data, building the model.
    Preparing,
    /// Training.
    Training,
    /// Measuring on the held-out images.
    Evaluating,
    /// Asked to pause.
    Pausing,
    /// Paused, as the trainer confirmed.
    Paused,
    /// Asked to go on.
    Resuming,
    /// Asked to stop.
    Stopping,
    /// Asked to stop when the epoch ends.
    StoppingAfterEpoch,
    /// All epochs trained.
    Completed,
    /// Stopped on request.
    Stopped,
    /// Broke off.
    Failed,
    /// Its trainer is gone and left no word.
    Interrupted,
}

impl RunState {
    /// The state in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Starting => "starting…",
            Self::Preparing => "preparing…",
            Self::Training => "training",
            Self::Evaluating => "evaluating",
            Self::Pausing => "pausing…",
            Self::Paused => "PAUSED",
            Self::Resuming => "resuming…",
            Self::Stopping => "stopping…",
            Self::StoppingAfterEpoch => "stopping after this epoch…",
            Self::Completed => "finished",
            Self::Stopped => "stopped",
            Self::Failed => "FAILED",
            Self::Interrupted => "interrupted",
        }
    }
}

impl RunView {
    /// A run that a trainer of this process has just been given.
    pub fn new(id: String, folder: PathBuf, spec: RunSpec) -> Self {
        Self {
            id,
            folder,
            spec,
            history: RunHistory::default(),
            pending: None,
            attached: true,
            elsewhere: false,
            heard: false,
            opened: false,
        }
    }

    /// Folds in what the trainer said. A request counts as done only when the trainer confirms it.
    pub fn apply(&mut self, event: &LoggedEvent) {
        self.history.apply(event);
        self.heard = true;
        let phase = self.history.phase;
        let done = match self.pending {
            None => false,
            Some(TrainControl::Pause) => phase == Some(Phase::Paused),
            Some(TrainControl::Resume) => phase.is_some_and(|phase| phase != Phase::Paused),
            Some(TrainControl::Stop | TrainControl::StopAfterEpoch | TrainControl::Checkpoint) => {
                false
            }
        };
        if done || self.history.ending.is_some() {
            self.pending = None;
        }
    }

    /// What the run is doing.
    pub fn state(&self) -> RunState {
        match &self.history.ending {
            Some(Ending::Failed(_)) => return RunState::Failed,
            Some(Ending::Finished(Outcome::Completed)) => return RunState::Completed,
            Some(Ending::Finished(Outcome::Stopped)) => return RunState::Stopped,
            None if !self.attached && !self.elsewhere => {
                let paused = self.history.phase == Some(Phase::Paused);
                return if paused { RunState::Paused } else { RunState::Interrupted };
            }
            None => {}
        }
        match (self.pending, self.history.phase) {
            (Some(TrainControl::Pause), _) => RunState::Pausing,
            (Some(TrainControl::Resume), _) => RunState::Resuming,
            (Some(TrainControl::Stop), _) => RunState::Stopping,
            (Some(TrainControl::StopAfterEpoch), _) => RunState::StoppingAfterEpoch,
            (_, None) => RunState::Starting,
            (_, Some(Phase::Preparing)) => RunState::Preparing,
            (_, Some(Phase::Training)) => RunState::Training,
            (_, Some(Phase::Evaluating)) => RunState::Evaluating,
            (_, Some(Phase::Paused)) => RunState::Paused,
        }
    }

    /// Whether a trainer of this process has the run and has not ended.
    pub fn is_active(&self) -> bool {
        self.attached && self.history.ending.is_none()
    }

    /// Whether the trainer confirmed a pause and was not asked to go on.
    pub fn is_paused(&self) -> bool {
        self.is_active() && self.state() == RunState::Paused
    }

    /// Whether the run can be gone on with from its folder.
    pub fn can_be_resumed(&self) -> bool {
        !self.is_active() && !self.elsewhere && self.state() != RunState::Completed
    }

    /// Why the run broke off, if it did.
    pub fn failure(&self) -> Option<&str> {
        match &self.history.ending {
            Some(Ending::Failed(error)) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::{failed, finished, phase};

    fn view() -> RunView {
        RunView::new("run".to_owned(), PathBuf::new(), RunSpec::default())
    }

    #[test]
    fn only_the_trainer_can_say_paused() {
        let mut view = view();
        assert_eq!(view.state(), RunState::Starting);
        view.apply(&phase(Phase::Training, 1));
        view.pending = Some(TrainControl::Pause);
        assert_eq!(view.state(), RunState::Pausing);
        view.apply(&phase(Phase::Evaluating, 1));
        assert_eq!(view.state(), RunState::Pausing);
        view.apply(&phase(Phase::Paused, 1));
        assert_eq!((view.state(), view.pending), (RunState::Paused, None));
        view.pending = Some(TrainControl::Resume);
        assert_eq!(view.state(), RunState::Resuming);
        view.apply(&phase(Phase::Training, 1));
        assert_eq!((view.state(), view.pending), (RunState::Training, None));
    }

    #[test]
    fn an_ending_clears_what_was_asked() {
        let mut view = view();
        view.pending = Some(TrainControl::Stop);
        view.apply(&finished(Outcome::Stopped, 5));
        assert_eq!((view.state(), view.pending), (RunState::Stopped, None));
        assert!(view.can_be_resumed() && !view.is_active());
        view.apply(&failed("out of memory", 5));
        assert_eq!(view.failure(), Some("out of memory"));
    }

    #[test]
    fn a_trainer_that_left_no_word_is_interrupted() {
        let mut view = view();
        view.apply(&phase(Phase::Training, 1));
        view.attached = false;
        assert_eq!(view.state(), RunState::Interrupted);
    }
}
