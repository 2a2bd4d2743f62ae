//! What state a run on disk is in.

use std::fmt;

use super::history::{Ending, RunHistory};
use crate::protocol::{Outcome, Phase};

/// The state of a run, derived from its events and from whether a process trains it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunState {
    /// A process, this one or another, holds the run and is in this phase. Paused is one of them.
    Live(Phase),
    /// All epochs, or the step limit, were trained.
    Finished,
    /// Stopped as asked, with a checkpoint.
    Stopped,
    /// The process ended while the run was paused. Nothing is lost: the pause wrote a checkpoint.
    Paused,
    /// It broke off, with the reason.
    Failed(String),
    /// The process died while training. The run can go on from its last checkpoint.
    Interrupted,
    /// Created, but not yet trained.
    NeverBegun,
}

impl RunState {
    /// The state of a run with these events. `live`: whether a process holds it
    /// ([`RunFolder::is_live`](super::RunFolder::is_live)).
    pub fn of(history: &RunHistory, live: bool) -> Self {
        match (&history.ending, history.phase) {
            (_, phase) if live => Self::Live(phase.unwrap_or(Phase::Preparing)),
            (Some(Ending::Finished(Outcome::Completed)), _) => Self::Finished,
            (Some(Ending::Finished(Outcome::Stopped)), _) => Self::Stopped,
            (Some(Ending::Failed(reason)), _) => Self::Failed(reason.clone()),
            (None, Some(Phase::Paused)) => Self::Paused,
            (None, _) if history.started.is_some() => Self::Interrupted,
            (None, _) => Self::NeverBegun,
        }
    }

    /// Every word that [`Self::word`] can give.
    pub const WORDS: [&str; 9] = [
        "preparing",
        "training",
        "evaluating",
        "paused",
        "finished",
        "stopped",
        "failed",
        "interrupted",
        "never begun",
    ];

    /// The state in a word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Live(Phase::Preparing) => "preparing",
            Self::Live(Phase::Training) => "training",
            Self::Live(Phase::Evaluating) => "evaluating",
            Self::Live(Phase::Paused) | Self::Paused => "paused",
            Self::Finished => "finished",
            Self::Stopped => "stopped",
            Self::Failed(_) => "failed",
            Self::Interrupted => "interrupted",
            Self::NeverBegun => "never begun",
        }
    }

    /// A sign one column wide, different for each word.
    pub fn glyph(&self) -> char {
        match self {
            Self::Live(Phase::Preparing) => '◌',
            Self::Live(Phase::Training) => '▶',
            Self::Live(Phase::Evaluating) => '◆',
            Self::Live(Phase::Paused) | Self::Paused => '‖',
            Self::Finished => '✓',
            Self::Stopped => '■',
            Self::Failed(_) => '✗',
            Self::Interrupted => '↯',
            Self::NeverBegun => '○',
        }
    }

    /// The sign where only ASCII can be shown.
    pub fn ascii_glyph(&self) -> char {
        match self {
            Self::Live(Phase::Preparing) => '~',
            Self::Live(Phase::Training) => '>',
            Self::Live(Phase::Evaluating) => '*',
            Self::Live(Phase::Paused) | Self::Paused => '=',
            Self::Finished => '+',
            Self::Stopped => '#',
            Self::Failed(_) => 'x',
            Self::Interrupted => '!',
            Self::NeverBegun => '.',
        }
    }

    /// Whether some process holds the run now.
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Live(_))
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::runs::sample;

    fn states() -> Vec<RunState> {
        let phases = [Phase::Preparing, Phase::Training, Phase::Evaluating, Phase::Paused];
        let mut states: Vec<RunState> = phases.into_iter().map(RunState::Live).collect();
        states.extend([RunState::Finished, RunState::Stopped, RunState::Failed(String::new())]);
        states.extend([RunState::Interrupted, RunState::NeverBegun]);
        states
    }

    #[test]
    fn words_and_signs_tell_the_states_apart() {
        let words: Vec<&str> = states().iter().map(RunState::word).collect();
        assert_eq!(words, RunState::WORDS);
        let glyphs: BTreeSet<char> = states().iter().map(RunState::glyph).collect();
        let ascii: BTreeSet<char> = states().iter().map(RunState::ascii_glyph).collect();
        assert_eq!((glyphs.len(), ascii.len()), (9, 9));
        assert!(ascii.iter().all(char::is_ascii_graphic));
        assert_eq!(RunState::Paused.glyph(), RunState::Live(Phase::Paused).glyph());
    }

    #[test]
    fn the_state_follows_from_the_events_and_the_lock() {
        let mut history = RunHistory::default();
        assert_eq!(RunState::of(&history, false), RunState::NeverBegun);
        assert_eq!(RunState::of(&history, true), RunState::Live(Phase::Preparing));
        history.started = Some(sample::started());
        history.phase = Some(Phase::Training);
        assert_eq!(RunState::of(&history, true), RunState::Live(Phase::Training));
        assert_eq!(RunState::of(&history, false), RunState::Interrupted);
        history.phase = Some(Phase::Paused);
        assert_eq!(RunState::of(&history, false), RunState::Paused);
        history.phase = None;
        for (ending, state) in [
            (Ending::Finished(Outcome::Completed), RunState::Finished),
            (Ending::Finished(Outcome::Stopped), RunState::Stopped),
            (Ending::Failed("full".to_owned()), RunState::Failed("full".to_owned())),
        ] {
            history.ending = Some(ending);
            assert_eq!(RunState::of(&history, false), state);
        }
    }
}
