//! Where something happened to a run.

use crate::app::charts::x_axis;
use crate::config::theme::{Role, Theme};
use crate::runs::RunHistory;
use crate::runs::curve::Axis;
use crate::runs::history::MarkKind;
use crate::views::chart::Mark;

/// Changes of the learning rate beyond this are a curve, not events.
const MOST_CHANGES: usize = 12;

/// Where the run was paused or resumed, and where the learning rate changed.
pub fn marks<'a>(history: &RunHistory, axis: Axis, theme: &Theme) -> Vec<Mark<'a>> {
    let mut marks: Vec<Mark> = Vec::new();
    let mut paused_at = None;
    for mark in &history.marks {
        let label = match mark.kind {
            MarkKind::Paused => "paused",
            // Going on where it was paused takes no place of its own.
            MarkKind::Resumed if paused_at == Some(mark.step) => continue,
            MarkKind::Resumed => "resumed",
            MarkKind::Warning(_) => continue,
        };
        paused_at = (mark.kind == MarkKind::Paused).then_some(mark.step);
        let x = x_axis::of_step(axis, history, mark.step);
        marks.push(Mark { x, label, style: theme.style(Role::Frame) });
    }
    let changes = changes(history);
    if changes.len() <= MOST_CHANGES {
        let style = theme.style(Role::LearningRate);
        let mark = |step| Mark { x: x_axis::of_step(axis, history, step), label: "lr", style };
        marks.extend(changes.into_iter().map(mark));
    }
    marks
}

/// The steps after which the learning rate was another.
fn changes(history: &RunHistory) -> Vec<u64> {
    let pairs = history.epochs.windows(2).filter_map(|pair| match pair {
        [before, after] if after.lr != before.lr => Some(before.step),
        _ => None,
    });
    let last = history.epochs.last().zip(history.steps.last());
    let now = last.filter(|(epoch, step)| step.step > epoch.step && step.lr != epoch.lr);
    pairs.chain(now.map(|(epoch, _)| epoch.step)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::{epoch, history, phase, started, step};
    use crate::config::interface::InterfaceConfig;
    use crate::protocol::{LoggedEvent, Phase, TrainEvent};

    fn at_rate(event: LoggedEvent, rate: f64) -> LoggedEvent {
        let event = match event.event {
            TrainEvent::Epoch(mut epoch) => {
                epoch.lr = rate;
                TrainEvent::Epoch(epoch)
            }
            TrainEvent::Step(mut step) => {
                step.lr = rate;
                TrainEvent::Step(step)
            }
            other => other,
        };
        LoggedEvent { event, ..event_time() }
    }

    fn event_time() -> LoggedEvent {
        phase(Phase::Training, 0)
    }

    #[test]
    fn a_pause_that_ended_where_it_began_is_one_mark() {
        let history = history([
            started(4, 100, 0),
            phase(Phase::Training, 0),
            step(50, 1, 1.0),
            phase(Phase::Paused, 50),
            phase(Phase::Training, 50),
            step(80, 1, 2.0),
            started(4, 100, 80),
            at_rate(epoch(1, 100), 1e-3),
            at_rate(epoch(2, 200), 1e-4),
            at_rate(step(210, 3, 1.0), 1e-5),
        ]);
        let theme = Theme::new(&InterfaceConfig::default(), true);
        let marks = marks(&history, Axis::Step, &theme);
        let seen: Vec<(&str, f64)> = marks.iter().map(|mark| (mark.label, mark.x)).collect();
        assert_eq!(seen, [("paused", 50.0), ("resumed", 80.0), ("lr", 100.0), ("lr", 200.0)]);
    }
}
