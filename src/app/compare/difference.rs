//! How far a run lies from another.

use crate::app::charts::x_axis::epoch_points;
use crate::runs::RunHistory;
use crate::runs::curve::{Axis, Metric};

/// How far a run lies above the reference at the end of each of its epochs, as far as both go.
/// Between its epochs the reference is taken to go straight.
pub fn difference(
    run: &RunHistory,
    reference: &RunHistory,
    metric: Metric,
    axis: Axis,
) -> Vec<(f64, f64)> {
    let reference = epoch_points(axis, reference, metric);
    let points = epoch_points(axis, run, metric);
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
    fn differences_are_taken_where_both_have_values() {
        let short = history([started(9, 100, 0), epoch(1, 100)]);
        let long = history([started(9, 100, 0), epoch(1, 100), epoch(2, 200)]);
        let points = difference(&long, &short, Metric::TestLoss, Axis::Epoch);
        assert_eq!(points, [(1.0, 0.0)]);
        // A reference of half as many steps an epoch: its middle is met.
        let reference = history([started(9, 50, 0), epoch(1, 50), epoch(3, 150)]);
        let points = difference(&short, &reference, Metric::TestAccuracy, Axis::Step);
        // 52 % against the middle of 52 % and 72 %.
        assert_eq!(points.len(), 1);
        assert!((points[0].1 - -10.0).abs() < 1e-9);
    }
}
