//! What a run's events add up to. The same fold serves a live run and one read from disk.

use jiff::Timestamp;

use crate::protocol::{
    CheckpointSaved, EpochMetrics, LoggedEvent, Outcome, Phase, Started, StepMetrics, TrainEvent,
};

/// The curves and the state of one run, derived from its events alone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunHistory {
    /// The latest start.
    pub started: Option<Started>,
    /// Every step event, in order.
    pub steps: Vec<StepMetrics>,
    /// Every completed epoch, in order.
    pub epochs: Vec<EpochMetrics>,
    /// Pauses, resumptions and warnings, in order.
    pub marks: Vec<Mark>,
    /// What the trainer last said it was doing; `None` before the first word and after the last.
    pub phase: Option<Phase>,
    /// Why the trainer went into that phase, where the user did not ask for it.
    pub phase_reason: Option<String>,
    /// The latest checkpoint.
    pub checkpoint: Option<CheckpointSaved>,
    /// How the run ended, if it did.
    pub ending: Option<Ending>,
    /// When the last event was sent.
    pub last_event: Option<Timestamp>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// As planned or as asked.
    Finished(Outcome),
    /// It broke off, with the reason.
    Failed(String),
}

/// A point in a run worth showing on its charts.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Steps trained at that point.
    pub step: u64,
    /// What happened.
    pub kind: MarkKind,
}

/// What a [`Mark`] stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum MarkKind {
    /// The run was paused.
    Paused,
    /// The run went on, in the same process or a later one.
    Resumed,
    /// The trainer warned.
    Warning(String),
}

impl RunHistory {
    /// Folds one event in.
    pub fn apply(&mut self, logged: &LoggedEvent) {
        self.last_event = Some(logged.time);
        let step = logged.event.step();
        // A failure may know of no step; the curve stays.
        if step < self.step() && !matches!(logged.event, TrainEvent::Failed(_)) {
            self.rewind(step);
        }
        match &logged.event {
            TrainEvent::Started(started) => {
                if started.step > 0 || self.started.is_some() {
                    self.mark(started.step, MarkKind::Resumed);
                }
                self.ending = None;
                self.started = Some(started.clone());
            }
            TrainEvent::Step(step) => self.steps.push(step.clone()),
            TrainEvent::Epoch(epoch) => {
                // The checkpoint can lie between an epoch's last step and its evaluation.
                self.epochs.retain(|earlier| earlier.epoch < epoch.epoch);
                self.epochs.push(epoch.clone());
            }
            TrainEvent::Phase(change) => {
                if change.phase == Phase::Paused {
                    self.mark(change.step, MarkKind::Paused);
                } else if self.phase == Some(Phase::Paused) {
                    self.mark(change.step, MarkKind::Resumed);
                }
                self.phase = Some(change.phase);
                self.phase_reason.clone_from(&change.reason);
            }
            TrainEvent::Checkpoint(saved) => self.checkpoint = Some(saved.clone()),
            TrainEvent::Warning(warning) => {
                self.mark(warning.step, MarkKind::Warning(warning.message.clone()));
            }
            TrainEvent::Finished(finished) => {
                self.phase = None;
                self.ending = Some(Ending::Finished(finished.outcome));
            }
            TrainEvent::Failed(failed) => {
                self.phase = None;
                self.ending = Some(Ending::Failed(failed.error.clone()));
            }
        }
    }

    /// Forgets what came after `step`: the trainer went back to a checkpoint.
    fn rewind(&mut self, step: u64) {
        self.steps.retain(|metrics| metrics.step <= step);
        self.epochs.retain(|metrics| metrics.step <= step);
        self.marks.retain(|mark| mark.step <= step);
        if let Some(started) = &mut self.started {
            started.step = started.step.min(step);
        }
    }

    fn mark(&mut self, step: u64, kind: MarkKind) {
        let mark = Mark { step, kind };
        if self.marks.last() != Some(&mark) {
            self.marks.push(mark);
        }
    }

    /// Steps trained, by the latest event that says so.
    pub fn step(&self) -> u64 {
        let started = self.started.as_ref().map_or(0, |started| started.step);
        let stepped = self.steps.last().map_or(0, |step| step.step);
        let epoch = self.epochs.last().map_or(0, |epoch| epoch.step);
        started.max(stepped).max(epoch)
    }

    /// The epoch with the best weights: the last one marked as best.
    pub fn best(&self) -> Option<&EpochMetrics> {
        self.epochs.iter().rev().find(|epoch| epoch.best)
    }

    /// Seconds trained over the whole run, without evaluation and pauses.
    pub fn train_seconds(&self) -> f64 {
        let complete: f64 = self.epochs.iter().map(|epoch| epoch.train_seconds).sum();
        let last_complete = self.epochs.last().map_or(0, |epoch| epoch.epoch);
        let current = self.steps.last().filter(|step| step.epoch > last_complete);
        complete + current.map_or(0.0, |step| step.train_seconds)
    }

    /// The median training time of an epoch, in seconds.
    pub fn median_train_seconds(&self) -> Option<f64> {
        let mut seconds: Vec<f64> = self.epochs.iter().map(|epoch| epoch.train_seconds).collect();
        median(&mut seconds)
    }
}

/// The middle value, or the mean of the two in the middle.
pub(super) fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *values.get(middle.checked_sub(1)?)?;
    Some((lower + upper) / 2.0)
}

impl<'a> FromIterator<&'a LoggedEvent> for RunHistory {
    fn from_iter<I: IntoIterator<Item = &'a LoggedEvent>>(events: I) -> Self {
        let mut history = Self::default();
        events.into_iter().for_each(|event| history.apply(event));
        history
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Failed, PhaseChange, Warning};
    use crate::runs::sample;

    fn applied(events: impl IntoIterator<Item = TrainEvent>) -> RunHistory {
        let mut history = RunHistory::default();
        for event in events {
            history.apply(&LoggedEvent { time: Timestamp::UNIX_EPOCH, event });
        }
        history
    }

    fn phase(phase: Phase, step: u64) -> TrainEvent {
        TrainEvent::Phase(PhaseChange { phase, step, epoch: 1, reason: None })
    }

    fn steps(numbers: &[u64]) -> impl Iterator<Item = TrainEvent> {
        numbers.iter().map(|number| TrainEvent::Step(sample::step(*number, 1.0)))
    }

    #[test]
    fn going_back_to_a_checkpoint_forgets_what_came_after() {
        let events = [TrainEvent::Started(sample::started())]
            .into_iter()
            .chain(steps(&[3, 6]))
            .chain([phase(Phase::Paused, 6), phase(Phase::Training, 6)])
            .chain(steps(&[9]))
            .chain([TrainEvent::Epoch(sample::epoch(1, 0.5, true))])
            .chain([TrainEvent::Warning(Warning { step: 4, message: "back".to_owned() })]);
        let history = applied(events);
        assert_eq!((history.step(), history.steps.len(), history.epochs.len()), (3, 1, 0));
        let warning = Mark { step: 4, kind: MarkKind::Warning("back".to_owned()) };
        assert_eq!(history.marks, [warning]);
    }

    #[test]
    fn a_failure_that_knows_no_step_keeps_the_curve() {
        let failed = TrainEvent::Failed(Failed { step: 0, error: "no disk".to_owned() });
        let history = applied(steps(&[3, 6]).chain([failed]));
        assert_eq!(history.steps.len(), 2);
        assert_eq!(history.ending, Some(Ending::Failed("no disk".to_owned())));
    }

    #[test]
    fn a_resumption_is_marked_once() {
        let again = Started { step: 6, ..sample::started() };
        let events = [TrainEvent::Started(sample::started())]
            .into_iter()
            .chain(steps(&[6]))
            .chain([phase(Phase::Paused, 6), phase(Phase::Preparing, 6)])
            .chain([TrainEvent::Started(again), phase(Phase::Training, 6)]);
        let kinds: Vec<MarkKind> = applied(events).marks.into_iter().map(|it| it.kind).collect();
        assert_eq!(kinds, [MarkKind::Paused, MarkKind::Resumed]);
    }

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&mut []), None);
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&mut [4.0, 1.0]), Some(2.5));
    }
}
