//! What the horizontal axis of a chart counts, and where a run's events lie on it.

use crate::app::progress::epochs_at;
use crate::protocol::EpochMetrics;
use crate::runs::RunHistory;
use crate::runs::curve::{Axis, Metric};

/// The next kind of axis.
pub fn next(axis: Axis) -> Axis {
    match axis {
        Axis::Epoch => Axis::Step,
        Axis::Step => Axis::TrainSeconds,
        Axis::TrainSeconds => Axis::Epoch,
    }
}

/// What an axis counts, in words.
pub fn name(axis: Axis) -> &'static str {
    match axis {
        Axis::Epoch => "epoch",
        Axis::Step => "step",
        Axis::TrainSeconds => "seconds trained",
    }
}

/// Where a step of a run lies.
pub fn of_step(axis: Axis, history: &RunHistory, step: u64) -> f64 {
    match axis {
        Axis::Epoch => epochs_at(history, step),
        Axis::Step => step as f64,
        Axis::TrainSeconds => {
            let complete = history.epochs.iter().take_while(|epoch| epoch.step <= step);
            let (last, seconds) =
                complete.fold((0, 0.0), |(_, sum), epoch| (epoch.epoch, sum + epoch.train_seconds));
            let steps = history.steps.partition_point(|metrics| metrics.step <= step);
            let current = steps.checked_sub(1).and_then(|index| history.steps.get(index));
            let current = current.filter(|metrics| metrics.epoch > last);
            seconds + current.map_or(0.0, |metrics| metrics.train_seconds)
        }
    }
}

/// A metric of every epoch of a run, where the epochs end on an axis.
pub fn epoch_points(axis: Axis, history: &RunHistory, metric: Metric) -> Vec<(f64, f64)> {
    let value = |epoch: &EpochMetrics| metric.of_epoch(epoch).unwrap_or(f64::NAN);
    of_epochs(axis, history, value)
}

/// A value of every epoch of a run, where the epochs end on an axis.
pub fn of_epochs(
    axis: Axis,
    history: &RunHistory,
    value: impl Fn(&EpochMetrics) -> f64,
) -> Vec<(f64, f64)> {
    let mut seconds = 0.0;
    let epochs = history.epochs.iter().map(|epoch| {
        seconds += epoch.train_seconds;
        let x = match axis {
            Axis::Epoch => f64::from(epoch.epoch),
            Axis::Step => epoch.step as f64,
            Axis::TrainSeconds => seconds,
        };
        (x, value(epoch))
    });
    epochs.collect()
}

/// Where a run has got to; never nowhere.
pub fn end(axis: Axis, history: &RunHistory) -> f64 {
    let end = of_step(axis, history, history.step());
    if end.is_finite() { end.max(1.0) } else { 1.0 }
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
        let at = |axis, step| of_step(axis, &history, step);
        assert_eq!(at(Axis::Epoch, 150), 1.5);
        assert_eq!(at(Axis::Step, 150), 150.0);
        let seconds = [50, 100, 150, 200, 250].map(|step| at(Axis::TrainSeconds, step));
        assert_eq!(seconds, [4.5, 9.0, 13.5, 18.0, 21.0]);
        let ends: Vec<f64> = epoch_points(Axis::TrainSeconds, &history, Metric::TestLoss)
            .iter()
            .map(|point| point.0)
            .collect();
        assert_eq!(ends, [9.0, 18.0]);
        assert_eq!(end(Axis::Epoch, &history), 2.5);
    }

    #[test]
    fn a_run_that_has_not_begun_has_an_axis() {
        for axis in [Axis::Epoch, Axis::Step, Axis::TrainSeconds] {
            assert!(end(axis, &RunHistory::default()) > 0.0);
        }
    }
}
