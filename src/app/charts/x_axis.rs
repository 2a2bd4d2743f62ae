//! What the horizontal axis of a chart counts.

use crate::app::progress::epochs_at;
use crate::protocol::EpochMetrics;
use crate::runs::RunHistory;

/// What the horizontal axis counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum XAxis {
    /// Epochs; runs of unequal batch sizes line up.
    #[default]
    Epoch,
    /// Steps.
    Step,
    /// Minutes trained, without evaluation and pauses.
    Time,
}

impl XAxis {
    /// The next one.
    pub fn next(self) -> Self {
        match self {
            Self::Epoch => Self::Step,
            Self::Step => Self::Time,
            Self::Time => Self::Epoch,
        }
    }

    /// What it counts, in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Epoch => "epoch",
            Self::Step => "step",
            Self::Time => "minutes trained",
        }
    }

    /// Where a step of a run lies.
    pub fn of_step(self, history: &RunHistory, step: u64) -> f64 {
        match self {
            Self::Epoch => epochs_at(history, step),
            Self::Step => step as f64,
            Self::Time => {
                let complete = history.epochs.iter().take_while(|epoch| epoch.step <= step);
                let (last, seconds) = complete
                    .fold((0, 0.0), |(_, sum), epoch| (epoch.epoch, sum + epoch.train_seconds));
                let steps = history.steps.partition_point(|metrics| metrics.step <= step);
                let current = steps.checked_sub(1).and_then(|index| history.steps.get(index));
                let current = current.filter(|metrics| metrics.epoch > last);
                (seconds + current.map_or(0.0, |metrics| metrics.train_seconds)) / 60.0
            }
        }
    }

    /// A value of every epoch of a run, where the epochs end on this axis.
    pub fn epoch_points(
        self,
        history: &RunHistory,
        value: impl Fn(&EpochMetrics) -> f64,
    ) -> Vec<(f64, f64)> {
        let mut seconds = 0.0;
        history
            .epochs
            .iter()
            .map(|epoch| {
                seconds += epoch.train_seconds;
                let x = match self {
                    Self::Epoch => f64::from(epoch.epoch),
                    Self::Step => epoch.step as f64,
                    Self::Time => seconds / 60.0,
                };
                (x, value(epoch))
            })
            .collect()
    }

    /// Where a run has got to; never nowhere.
    pub fn end(self, history: &RunHistory) -> f64 {
        let end = self.of_step(history, history.step());
        match self {
            Self::Time if end > 0.0 => end,
            _ => end.max(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::{epoch, history, started, step};

    #[test]
    fn the_same_step_lies_on_every_axis() {
        // 100 steps an epoch, which takes 9 s.
        let history = history([
            started(4, 100, 0),
            step(50, 1, 4.5),
            epoch(1, 100),
            step(150, 2, 4.5),
            epoch(2, 200),
            step(250, 3, 3.0),
        ]);
        let at = |axis: XAxis, step| axis.of_step(&history, step);
        assert_eq!(at(XAxis::Epoch, 150), 1.5);
        assert_eq!(at(XAxis::Step, 150), 150.0);
        let seconds = [50, 100, 150, 200, 250].map(|step| (60.0 * at(XAxis::Time, step)).round());
        assert_eq!(seconds, [5.0, 9.0, 14.0, 18.0, 21.0]);
        let ends: Vec<f64> =
            XAxis::Time.epoch_points(&history, |_| 0.0).iter().map(|point| point.0).collect();
        assert_eq!(ends, [9.0 / 60.0, 18.0 / 60.0]);
        assert_eq!(XAxis::Epoch.end(&history), 2.5);
    }

    #[test]
    fn a_run_that_has_not_begun_has_an_axis() {
        for axis in [XAxis::Epoch, XAxis::Step, XAxis::Time] {
            assert!(axis.end(&RunHistory::default()) > 0.0);
        }
    }
}
