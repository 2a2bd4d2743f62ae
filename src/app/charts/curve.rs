//! A curve of any length that is drawn in the time of a short one.

/// Points that two points of the next coarser level stand for.
const GROUP: usize = 8;

/// Points `(x, y)` in the order of x. Beside the points themselves it keeps ever coarser levels: of
/// each group the lowest and the highest point, so that no spike and no best epoch is lost. Values
/// that are not numbers are gaps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    levels: Vec<Vec<(f64, f64)>>,
}

impl Curve {
    /// Adds a point. An x below the last one is taken as the last one.
    pub fn push(&mut self, x: f64, y: f64) {
        let x = self.points().last().map_or(x, |last| x.max(last.0));
        self.push_at(0, (x, y));
    }

    fn push_at(&mut self, level: usize, point: (f64, f64)) {
        if self.levels.len() <= level {
            self.levels.push(Vec::new());
        }
        let Some(points) = self.levels.get_mut(level) else { return };
        points.push(point);
        if points.len().is_multiple_of(GROUP) {
            let group = points.get(points.len() - GROUP..).unwrap_or(&[]);
            for extreme in extremes(group) {
                self.push_at(level + 1, extreme);
            }
        }
    }

    /// All points.
    pub fn points(&self) -> &[(f64, f64)] {
        self.levels.first().map_or(&[], Vec::as_slice)
    }

    /// The points from `low` to `high` and one more on either side, thinned out where several fall
    /// into one of `columns`: at most about eight a column are left, the extremes among them.
    pub fn visible(&self, low: f64, high: f64, columns: usize) -> Vec<(f64, f64)> {
        let enough = |points: &Vec<(f64, f64)>| around(points, low, high).len() >= 2 * columns;
        let coarsest = self.levels.iter().rposition(enough).unwrap_or(0);
        let mut visible = Vec::new();
        for (level, points) in self.levels.iter().enumerate().take(coarsest + 1).rev() {
            // Below the coarsest level only what no group stands for yet.
            let grouped = if level == coarsest { 0 } else { points.len() / GROUP * GROUP };
            visible.extend_from_slice(around(points.get(grouped..).unwrap_or(&[]), low, high));
        }
        visible
    }

    /// The point whose x is nearest.
    pub fn nearest(&self, x: f64) -> Option<(f64, f64)> {
        nearest(self.points(), x)
    }
}

/// Of points in the order of x, the one whose x is nearest.
pub fn nearest(points: &[(f64, f64)], x: f64) -> Option<(f64, f64)> {
    let after = points.partition_point(|point| point.0 < x);
    let before = after.checked_sub(1).and_then(|index| points.get(index));
    match (before, points.get(after)) {
        (Some(before), Some(after)) if x - before.0 <= after.0 - x => Some(*before),
        (before, after) => after.or(before).copied(),
    }
}

/// The part from `low` to `high` with one more point on either side.
fn around(points: &[(f64, f64)], low: f64, high: f64) -> &[(f64, f64)] {
    let first = points.partition_point(|point| point.0 < low).saturating_sub(1);
    let last = points.partition_point(|point| point.0 <= high);
    points.get(first..(last + 1).min(points.len())).unwrap_or(&[])
}

/// The lowest and the highest point, in their order.
fn extremes(group: &[(f64, f64)]) -> [(f64, f64); 2] {
    let gap = (group.first().map_or(0.0, |point| point.0), f64::NAN);
    let numbers = || group.iter().enumerate().filter(|(_, point)| !point.1.is_nan());
    let low = numbers().min_by(|a, b| a.1.1.total_cmp(&b.1.1));
    let high = numbers().max_by(|a, b| a.1.1.total_cmp(&b.1.1));
    match (low, high) {
        (Some((first, low)), Some((second, high))) if first <= second => [*low, *high],
        (Some((_, low)), Some((_, high))) => [*high, *low],
        _ => [gap, gap],
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn curve(values: impl IntoIterator<Item = f64>) -> Curve {
        let mut curve = Curve::default();
        values.into_iter().enumerate().for_each(|(x, y)| curve.push(x as f64, y));
        curve
    }

    #[test]
    fn few_points_are_shown_as_they_are() {
        let curve = curve([1.0, f64::NAN, 3.0, 4.0]);
        let visible = curve.visible(2.0, 2.0, 100);
        assert!(visible[0].1.is_nan());
        assert_eq!(visible[1..], [(2.0, 3.0), (3.0, 4.0)]);
    }

    #[test]
    fn many_points_are_thinned_out_but_keep_their_spike_and_their_end() {
        let values = (0..100_003).map(|x| if x == 61_234 { 9.0 } else { f64::from(x % 3) });
        let visible = curve(values).visible(0.0, 1e9, 100);
        assert!((200..=900).contains(&visible.len()), "{}", visible.len());
        assert!(visible.contains(&(61_234.0, 9.0)));
        assert_eq!(visible.last(), Some(&(100_002.0, 0.0)));
    }

    #[test]
    fn a_long_gap_stays_a_gap() {
        let gap = |x: u32| (2_000..3_000).contains(&x);
        let visible = curve((0..10_000).map(|x| if gap(x) { f64::NAN } else { 1.0 }));
        let visible = visible.visible(0.0, 1e9, 50);
        assert!(visible.iter().any(|point| point.1.is_nan() && gap(point.0 as u32)));
    }

    #[test]
    fn the_nearest_point_is_found() {
        let curve = curve([5.0, 6.0, 7.0]);
        let nearest = |x| curve.nearest(x).map(|point| point.1);
        assert_eq!([-9.0, 0.4, 0.6, 9.0].map(nearest), [5.0, 5.0, 6.0, 7.0].map(Some));
        assert_eq!(Curve::default().nearest(1.0), None);
    }

    proptest! {
        #[test]
        fn what_is_visible_is_in_order_and_holds_the_extremes(
            values in prop::collection::vec(-9.0..9.0, 0..3_000),
            columns in 0usize..50,
        ) {
            let visible = curve(values.iter().copied()).visible(0.0, 1e9, columns);
            prop_assert!(visible.windows(2).all(|pair| pair[0].0 <= pair[1].0));
            let extreme = |points: &[f64]| {
                (points.iter().copied().fold(9.0, f64::min), points.iter().copied().fold(-9.0, f64::max))
            };
            let kept: Vec<f64> = visible.iter().map(|point| point.1).collect();
            prop_assert_eq!(extreme(&kept), extreme(&values));
        }
    }
}
