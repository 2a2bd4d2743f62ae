//! What comparing comes to in numbers.

use super::Metric;
use crate::app::charts::XAxis;
use crate::protocol::EpochMetrics;
use crate::runs::RunHistory;

/// When a run first reached an accuracy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reached {
    /// The epoch.
    pub epoch: u32,
    /// Seconds trained until its end, without evaluation and pauses.
    pub seconds: f64,
}

/// When a run first had at least `target` percent of the test set right.
pub fn reached(history: &RunHistory, target: f64) -> Option<Reached> {
    let index = history.epochs.iter().position(|epoch| 100.0 * epoch.test_accuracy >= target)?;
    let epochs = history.epochs.get(..=index)?;
    let seconds = epochs.iter().map(|epoch| epoch.train_seconds).sum();
    Some(Reached { epoch: epochs.last()?.epoch, seconds })
}

/// The value of a metric at the end of an epoch.
pub fn value(metric: Metric, epoch: &EpochMetrics) -> f64 {
    match metric {
        Metric::TestAccuracy => 100.0 * epoch.test_accuracy,
        Metric::TestLoss => epoch.test_loss,
        Metric::TrainAccuracy => 100.0 * epoch.train_accuracy,
        Metric::TrainLoss => epoch.train_loss,
        Metric::LearningRate => epoch.lr,
        Metric::EpochSeconds => epoch.train_seconds,
    }
}

/// How far a run lies above the reference at the end of each of its epochs, as far as both go.
/// Between its epochs the reference is taken to go straight.
pub fn difference(
    run: &RunHistory,
    reference: &RunHistory,
    metric: Metric,
    axis: XAxis,
) -> Vec<(f64, f64)> {
    let reference = axis.epoch_points(reference, |epoch| value(metric, epoch));
    let points = axis.epoch_points(run, |epoch| value(metric, epoch));
    let at = |(x, y): (f64, f64)| Some((x, y - interpolated(&reference, x)?));
    points.into_iter().filter_map(at).collect()
}

/// The value at x of a line through points in the order of x; none beyond its ends.
fn interpolated(points: &[(f64, f64)], x: f64) -> Option<f64> {
    let after = points.partition_point(|point| point.0 < x);
    let right = points.get(after)?;
    if right.0 == x {
        return Some(right.1);
    }
    let left = points.get(after.checked_sub(1)?)?;
    Some(left.1 + (right.1 - left.1) * (x - left.0) / (right.0 - left.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::{epoch, history, started};

    #[test]
    fn the_first_epoch_that_reaches_an_accuracy_counts() {
        // Test accuracies of 52, 65.3 and 72 %, 9 s each.
        let history = history([started(9, 100, 0), epoch(1, 100), epoch(2, 200), epoch(3, 300)]);
        assert_eq!(reached(&history, 60.0), Some(Reached { epoch: 2, seconds: 18.0 }));
        assert_eq!(reached(&history, 52.0).map(|it| it.epoch), Some(1));
        assert_eq!(reached(&history, 72.1), None);
    }

    #[test]
    fn differences_are_taken_where_both_have_values() {
        let short = history([started(9, 100, 0), epoch(1, 100)]);
        let long = history([started(9, 100, 0), epoch(1, 100), epoch(2, 200)]);
        let points = difference(&long, &short, Metric::TestLoss, XAxis::Epoch);
        assert_eq!(points, [(1.0, 0.0)]);
        // A reference of half as many steps an epoch: its middle is met.
        let reference = history([started(9, 50, 0), epoch(1, 50), epoch(3, 150)]);
        let points = difference(&short, &reference, Metric::TestAccuracy, XAxis::Step);
        // 52 % against the middle of 52 % and 72 %.
        assert_eq!(points.len(), 1);
        assert!((points[0].1 - -10.0).abs() < 1e-9);
    }
}
