//! Runs beside each other, aligned at equal epochs.

use super::curve::Metric;
use super::decimation::Point;
use super::history::RunHistory;

/// When a run first had an accuracy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reached {
    /// The first epoch.
    pub epoch: u32,
    /// Seconds trained up to its end, without evaluation and pauses.
    pub train_seconds: f64,
}

/// The first epoch with at least this test accuracy, in %; `None` where no epoch had it.
pub fn first_reaching(history: &RunHistory, accuracy: f64) -> Option<Reached> {
    let mut train_seconds = 0.0;
    history.epochs.iter().find_map(|epoch| {
        train_seconds += epoch.train_seconds;
        // As the accuracy is printed: 92.16 % is reached at 92.16 %, whatever the rounding.
        let reached = 100.0 * epoch.test_accuracy >= accuracy - 1e-9;
        reached.then_some(Reached { epoch: epoch.epoch, train_seconds })
    })
}

/// The epochs that both runs have, with the first run's value minus the second's. A gap (NaN) where
/// one of them is no number; nothing for a metric of steps.
pub fn difference(first: &RunHistory, second: &RunHistory, metric: Metric) -> Vec<Point> {
    let mut others = second.epochs.iter().peekable();
    let mut points = Vec::new();
    for epoch in &first.epochs {
        while others.next_if(|other| other.epoch < epoch.epoch).is_some() {}
        let Some(other) = others.next_if(|other| other.epoch == epoch.epoch) else { continue };
        if let (Some(a), Some(b)) = (metric.of_epoch(epoch), metric.of_epoch(other)) {
            points.push((f64::from(epoch.epoch), a - b));
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::sample;

    fn history(accuracies: &[(u32, f64)]) -> RunHistory {
        let epochs = accuracies.iter().map(|(epoch, it)| sample::epoch(*epoch, *it, false));
        RunHistory { epochs: epochs.collect(), ..RunHistory::default() }
    }

    #[test]
    fn the_first_epoch_counts_and_its_time() {
        let history = history(&[(1, 0.5), (2, f64::NAN), (3, 0.9216), (4, 0.8), (5, 0.95)]);
        let reached = |epoch, train_seconds| Some(Reached { epoch, train_seconds });
        assert_eq!(first_reaching(&history, 50.0), reached(1, 2.0));
        assert_eq!(first_reaching(&history, 92.16), reached(3, 6.0));
        assert_eq!(first_reaching(&history, 95.1), None);
    }

    #[test]
    fn differences_are_at_equal_epochs() {
        let first = history(&[(1, 0.5), (2, 0.75), (4, 1.0)]);
        let second = history(&[(2, 0.5), (3, 0.5), (4, 0.25), (5, 0.5)]);
        let difference = |metric| super::difference(&first, &second, metric);
        assert_eq!(difference(Metric::TestAccuracy), [(2.0, 25.0), (4.0, 75.0)]);
        assert_eq!(difference(Metric::StepLoss), []);
        let gaps = difference(Metric::ValidationLoss);
        assert!(gaps.len() == 2 && gaps.iter().all(|point| point.1.is_nan()));
    }
}
