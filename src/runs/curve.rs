//! The curves of a run: which numbers over which axis, kept up to date while the run goes on.

use super::decimation::Curve;
use super::history::RunHistory;
use super::smoothing::Smoothing;
use crate::protocol::{EpochMetrics, StepMetrics};

/// What lies along x.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Axis {
    /// Epochs trained; a fraction within an epoch. Runs of different batch sizes line up.
    #[default]
    Epoch,
    /// Steps trained.
    Step,
    /// Seconds trained, without evaluation and pauses.
    TrainSeconds,
}

/// A number that runs have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Metric {
    /// Training loss of each epoch, penalty included.
    TrainLoss,
    /// Test loss, penalty included.
    TestLoss,
    /// Test cross-entropy alone.
    TestCrossEntropy,
    /// Loss on the held-out images; a gap where there are none.
    ValidationLoss,
    /// Training accuracy of each epoch, in %.
    TrainAccuracy,
    /// Test accuracy, in %.
    TestAccuracy,
    /// Accuracy on the held-out images, in %; a gap where there are none.
    ValidationAccuracy,
    /// Learning rate of each epoch.
    LearningRate,
    /// Training time of each epoch, in seconds.
    SecondsPerEpoch,
    /// Training loss between two step events.
    StepLoss,
    /// Training accuracy between two step events, in %.
    StepAccuracy,
    /// Learning rate at the step events.
    StepLearningRate,
}

impl Metric {
    /// The value of an epoch; `None` for a metric of steps.
    pub fn of_epoch(self, epoch: &EpochMetrics) -> Option<f64> {
        Some(match self {
            Self::TrainLoss => epoch.train_loss,
            Self::TestLoss => epoch.test_loss,
            Self::TestCrossEntropy => epoch.test_cross_entropy,
            Self::ValidationLoss => epoch.validation_loss.unwrap_or(f64::NAN),
            Self::TrainAccuracy => 100.0 * epoch.train_accuracy,
            Self::TestAccuracy => 100.0 * epoch.test_accuracy,
            Self::ValidationAccuracy => 100.0 * epoch.validation_accuracy.unwrap_or(f64::NAN),
            Self::LearningRate => epoch.lr,
            Self::SecondsPerEpoch => epoch.train_seconds,
            Self::StepLoss | Self::StepAccuracy | Self::StepLearningRate => return None,
        })
    }

    /// The value of a step; `None` for a metric of epochs.
    pub fn of_step(self, step: &StepMetrics) -> Option<f64> {
        match self {
            Self::StepLoss => Some(step.loss),
            Self::StepAccuracy => Some(100.0 * step.accuracy),
            Self::StepLearningRate => Some(step.lr),
            _ => None,
        }
    }

    /// Whether it has a value at each step event rather than at each epoch.
    pub fn is_of_steps(self) -> bool {
        matches!(self, Self::StepLoss | Self::StepAccuracy | Self::StepLearningRate)
    }
}

/// One metric of one run over one axis, raw and smoothed.
#[derive(Clone, Debug)]
pub struct Series {
    metric: Metric,
    axis: Axis,
    raw: Curve,
    smoothing: Option<(Smoothing, f64)>,
    smooth: Curve,
    /// How many events of the history are in the curve, and the step of the last one.
    taken: usize,
    last_step: u64,
    /// Completed epochs in `seconds_before`, and their training time.
    epochs_before: usize,
    seconds_before: f64,
}

impl Series {
    /// An empty curve; [`Self::update`] fills it. A `factor` of 0 is no smoothing.
    pub fn new(metric: Metric, axis: Axis, factor: f64) -> Self {
        let smoothing = (factor > 0.0).then(|| (Smoothing::new(factor), factor));
        Self {
            metric,
            axis,
            raw: Curve::default(),
            smoothing,
            smooth: Curve::default(),
            taken: 0,
            last_step: 0,
            epochs_before: 0,
            seconds_before: 0.0,
        }
    }

    /// The values as they were logged.
    pub fn raw(&self) -> &Curve {
        &self.raw
    }

    /// The moving average over the raw values; `None` without smoothing.
    pub fn smooth(&self) -> Option<&Curve> {
        self.smoothing.is_some().then_some(&self.smooth)
    }

    /// Takes in what is new in the run's history; begins anew where the run went back to a checkpoint.
    pub fn update(&mut self, history: &RunHistory) {
        let last_taken = self.taken.checked_sub(1);
        let step_there = last_taken.and_then(|index| self.step_at(history, index));
        if last_taken.is_some() && step_there != Some(self.last_step) {
            let factor = self.smoothing.map_or(0.0, |(_, factor)| factor);
            *self = Self::new(self.metric, self.axis, factor);
        }
        if self.metric.is_of_steps() {
            let steps_per_epoch = steps_per_epoch(history);
            for step in history.steps.get(self.taken..).unwrap_or_default() {
                let Some(y) = self.metric.of_step(step) else { continue };
                let x = self.x_of_step(history, step, steps_per_epoch);
                self.push(x, y, step.step);
            }
        } else {
            for epoch in history.epochs.get(self.taken..).unwrap_or_default() {
                let Some(y) = self.metric.of_epoch(epoch) else { continue };
                self.seconds_before += epoch.train_seconds;
                let x = match self.axis {
                    Axis::Epoch => f64::from(epoch.epoch),
                    Axis::Step => epoch.step as f64,
                    Axis::TrainSeconds => self.seconds_before,
                };
                self.push(x, y, epoch.step);
            }
        }
    }

    fn step_at(&self, history: &RunHistory, index: usize) -> Option<u64> {
        if self.metric.is_of_steps() {
            history.steps.get(index).map(|step| step.step)
        } else {
            history.epochs.get(index).map(|epoch| epoch.step)
        }
    }

    fn x_of_step(
        &mut self,
        history: &RunHistory,
        step: &StepMetrics,
        steps_per_epoch: Option<f64>,
    ) -> f64 {
        match self.axis {
            Axis::Epoch => match steps_per_epoch {
                Some(steps) => step.step as f64 / steps,
                None => f64::from(step.epoch.saturating_sub(1)),
            },
            Axis::Step => step.step as f64,
            Axis::TrainSeconds => {
                let epochs = history.epochs.get(self.epochs_before..).unwrap_or_default();
                for epoch in epochs.iter().take_while(|epoch| epoch.epoch < step.epoch) {
                    self.seconds_before += epoch.train_seconds;
                    self.epochs_before += 1;
                }
                self.seconds_before + step.train_seconds
            }
        }
    }

    fn push(&mut self, x: f64, y: f64, step: u64) {
        self.raw.push(x, y);
        if let Some((smoothing, _)) = &mut self.smoothing {
            self.smooth.push(x, smoothing.next(y));
        }
        self.taken += 1;
        self.last_step = step;
    }
}

/// Steps in an epoch, as the start said, or as the completed epochs show.
fn steps_per_epoch(history: &RunHistory) -> Option<f64> {
    let said = history.started.as_ref().map(|started| started.steps_per_epoch as f64);
    let shown = history.epochs.last().map(|epoch| epoch.step as f64 / f64::from(epoch.epoch));
    said.or(shown).filter(|steps| *steps > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::decimation::Point;
    use crate::runs::sample;

    fn history() -> RunHistory {
        RunHistory {
            started: Some(sample::started()),
            steps: [5, 10, 15].map(|step| sample::step(step, step as f64)).to_vec(),
            epochs: vec![sample::epoch(1, 0.5, true)],
            ..RunHistory::default()
        }
    }

    fn points(history: &RunHistory, metric: Metric, axis: Axis) -> Vec<Point> {
        let mut series = Series::new(metric, axis, 0.0);
        series.update(history);
        series.raw().points().to_vec()
    }

    #[test]
    fn steps_lie_within_their_epoch() {
        let xs = |axis| {
            let points = points(&history(), Metric::StepLoss, axis);
            points.iter().map(|point| point.0).collect::<Vec<f64>>()
        };
        assert_eq!(xs(Axis::Epoch), [0.5, 1.0, 1.5]);
        assert_eq!(xs(Axis::Step), [5.0, 10.0, 15.0]);
        assert_eq!(xs(Axis::TrainSeconds), [1.0, 2.0, 3.0]);
    }

    #[test]
    fn without_a_start_the_epochs_tell_the_steps() {
        let mut history = history();
        history.started = None;
        assert_eq!(points(&history, Metric::StepLoss, Axis::Epoch)[2].0, 1.5);
        history.epochs.clear();
        assert_eq!(points(&history, Metric::StepLoss, Axis::Epoch)[2].0, 1.0);
    }

    #[test]
    fn epochs_lie_at_their_ends() {
        let history = sample::history(3, 0.9, 0.8);
        let expected = [(1.0, 90.0), (2.0, 80.0), (3.0, 80.0)];
        assert_eq!(points(&history, Metric::TestAccuracy, Axis::Epoch), expected);
        let seconds = points(&history, Metric::SecondsPerEpoch, Axis::TrainSeconds);
        assert_eq!(seconds, [(2.0, 2.0), (4.0, 2.0), (6.0, 2.0)]);
        assert!(points(&history, Metric::ValidationLoss, Axis::Epoch)[0].1.is_nan());
    }

    #[test]
    fn a_series_that_grows_equals_one_made_at_once() {
        let whole = RunHistory {
            steps: (1..=60).map(|step| sample::step(step, 1.0 / step as f64)).collect(),
            ..sample::history(6, 0.9, 0.8)
        };
        for axis in [Axis::Epoch, Axis::Step, Axis::TrainSeconds] {
            for metric in [Metric::StepLoss, Metric::TestAccuracy] {
                let mut growing = Series::new(metric, axis, 0.9);
                for steps in 0..=60usize {
                    let mut part = whole.clone();
                    part.steps.truncate(steps);
                    part.epochs.truncate(steps / 10);
                    growing.update(&part);
                }
                let mut at_once = Series::new(metric, axis, 0.9);
                at_once.update(&whole);
                let points = |series: &Series| {
                    [series.raw().points().to_vec(), series.smooth().unwrap().points().to_vec()]
                };
                assert_eq!(points(&growing), points(&at_once), "{metric:?} over {axis:?}");
            }
        }
    }

    #[test]
    fn a_series_follows_a_run_back_to_its_checkpoint() {
        let mut series = Series::new(Metric::StepLoss, Axis::Step, 0.5);
        let mut history = history();
        series.update(&history);
        history.steps.truncate(1);
        history.steps.push(sample::step(7, 7.0));
        history.steps.push(sample::step(9, 9.0));
        series.update(&history);
        assert_eq!(series.raw().points(), [(5.0, 5.0), (7.0, 7.0), (9.0, 9.0)]);
        assert_eq!(series.smooth().unwrap().points().len(), 3);
        series.update(&RunHistory::default());
        assert_eq!(series.raw().points(), []);
    }
}
