//! The state of a run as a sign, a word and a colour.

use ratatui::text::Span;

use crate::app::run_view::RunState;
use crate::config::theme::{Role, Theme};

/// The state, told apart by each of sign, word and colour alone.
pub fn span(state: RunState, theme: &Theme) -> Span<'static> {
    let (sign, role) = match state {
        RunState::Starting | RunState::Preparing | RunState::Resuming => ("○", Role::Warning),
        RunState::Training => ("▶", Role::Good),
        RunState::Evaluating => ("▶", Role::Test),
        RunState::Pausing | RunState::Paused => ("‖", Role::Warning),
        RunState::Stopping | RunState::StoppingAfterEpoch | RunState::Stopped => {
            ("■", Role::Warning)
        }
        RunState::Completed => ("✓", Role::Good),
        RunState::Failed => ("✗", Role::Bad),
        RunState::Interrupted => ("!", Role::Bad),
    };
    Span::styled(format!("{sign} {}", state.words()), theme.style(role))
}
