//! A curve of any length, drawn in as many points as there are columns to draw it in.
//!
//! Over blocks of points lies a pyramid of their extremes, so the cost of drawing grows with the number
//! of columns and hardly with the number of points. Nothing is thrown away: the first, the lowest, the
//! highest and the last point of every column stay, so no spike and no best epoch disappears.

use std::ops::RangeInclusive;

/// x and y.
pub type Point = (f64, f64);

/// Points, or extremes, that one block of the next level covers.
const BLOCK: usize = 16;

/// The points of a curve in the order of x. Where y is no number the curve has a gap.
#[derive(Clone, Debug, Default)]
pub struct Curve {
    /// y is NaN in a gap.
    points: Vec<Point>,
    /// Which points are gaps, ascending.
    gaps: Vec<usize>,
    /// Extremes over blocks of points, then over blocks of those, and so on. Complete blocks only.
    levels: Vec<Vec<Extremes>>,
    smallest_positive: Option<f64>,
}

/// The lowest and the highest of some points, and their indices. Of no points: infinities.
#[derive(Clone, Copy, Debug)]
struct Extremes {
    low: f64,
    high: f64,
    lowest: usize,
    highest: usize,
}

impl Extremes {
    const OF_NOTHING: Self =
        Self { low: f64::INFINITY, high: f64::NEG_INFINITY, lowest: 0, highest: 0 };

    fn add(&mut self, other: &Self) {
        if other.low < self.low {
            (self.low, self.lowest) = (other.low, other.lowest);
        }
        if other.high > self.high {
            (self.high, self.highest) = (other.high, other.highest);
        }
    }

    fn is_of_nothing(&self) -> bool {
        self.low > self.high
    }
}

impl Curve {
    /// Appends a point. An x that is no number or lies before the last one is moved to the last one.
    pub fn push(&mut self, x: f64, y: f64) {
        let last = self.points.last().map(|point| point.0);
        let x = if x.is_finite() { x } else { last.unwrap_or(0.0) };
        let x = last.map_or(x, |last| x.max(last));
        let y = if y.is_finite() { y } else { f64::NAN };
        if y.is_nan() {
            self.gaps.push(self.points.len());
        } else if y > 0.0 {
            let smallest = self.smallest_positive.map_or(y, |smallest| smallest.min(y));
            self.smallest_positive = Some(smallest);
        }
        self.points.push((x, y));
        self.complete_blocks();
    }

    /// Adds the blocks that the latest point completed.
    fn complete_blocks(&mut self) {
        let mut below = self.points.len();
        let mut level = 0;
        while below.is_multiple_of(BLOCK) && below > 0 {
            let mut block = Extremes::OF_NOTHING;
            self.add_level(&mut block, level, below - BLOCK, below);
            if level == self.levels.len() {
                self.levels.push(Vec::new());
            }
            let Some(blocks) = self.levels.get_mut(level) else { return };
            blocks.push(block);
            below = blocks.len();
            level += 1;
        }
    }

    /// Adds the entries `start..end` of a level; level 0 are the points.
    fn add_level(&self, extremes: &mut Extremes, level: usize, start: usize, end: usize) {
        let Some(blocks) = level.checked_sub(1) else {
            let points = self.points.get(start..end).unwrap_or_default();
            for (index, (_, y)) in (start..).zip(points) {
                // In a gap neither holds.
                if *y < extremes.low {
                    (extremes.low, extremes.lowest) = (*y, index);
                }
                if *y > extremes.high {
                    (extremes.high, extremes.highest) = (*y, index);
                }
            }
            return;
        };
        let blocks = self.levels.get(blocks).and_then(|blocks| blocks.get(start..end));
        blocks.unwrap_or_default().iter().for_each(|block| extremes.add(block));
    }

    /// The extremes of the points `start..end`: on each level the ends of the range that are no complete
    /// blocks, and what lies between them on the next one.
    fn extremes(&self, mut start: usize, mut end: usize) -> Extremes {
        let mut extremes = Extremes::OF_NOTHING;
        let mut level = 0;
        while start < end {
            let first_block = start.next_multiple_of(BLOCK).min(end);
            let after_blocks = (end - end % BLOCK).max(first_block);
            self.add_level(&mut extremes, level, start, first_block);
            self.add_level(&mut extremes, level, after_blocks, end);
            start = first_block.div_ceil(BLOCK);
            end = after_blocks / BLOCK;
            level += 1;
        }
        extremes
    }

    /// The first point of `start..end` that is no gap.
    fn first(&self, start: usize, end: usize) -> Option<usize> {
        let gaps = self.gaps.get(self.gaps.partition_point(|gap| *gap < start)..);
        let gaps = gaps.unwrap_or_default().iter();
        let skipped = gaps.zip(start..end).take_while(|(gap, index)| **gap == *index).count();
        Some(start + skipped).filter(|index| *index < end)
    }

    /// The last point of `start..end` that is no gap.
    fn last(&self, start: usize, end: usize) -> Option<usize> {
        let gaps = self.gaps.get(..self.gaps.partition_point(|gap| *gap < end));
        let gaps = gaps.unwrap_or_default().iter().rev();
        let indices = (start..end).rev();
        let skipped = gaps.zip(indices).take_while(|(gap, index)| **gap == *index).count();
        end.checked_sub(skipped + 1).filter(|index| *index >= start)
    }

    /// Every point, in order.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// The smallest y above zero: where a logarithmic axis can begin.
    pub fn smallest_positive(&self) -> Option<f64> {
        self.smallest_positive
    }

    /// The first and the last x.
    pub fn x_bounds(&self) -> Option<[f64; 2]> {
        Some([self.points.first()?.0, self.points.last()?.0])
    }

    /// The lowest and the highest y among the points with x in the window; gaps do not count.
    pub fn y_bounds(&self, window: &RangeInclusive<f64>) -> Option<[f64; 2]> {
        let (start, end) = self.range(window);
        let extremes = self.extremes(start, end);
        (!extremes.is_of_nothing()).then_some([extremes.low, extremes.high])
    }

    /// The point nearest to `x` that is no gap, for a cursor.
    pub fn nearest(&self, x: f64) -> Option<Point> {
        let middle = self.points.partition_point(|point| point.0 < x);
        let before = self.last(0, middle);
        let after = self.first(middle, self.points.len());
        let near = [before, after].into_iter().flatten().filter_map(|index| self.points.get(index));
        near.min_by(|a, b| (a.0 - x).abs().total_cmp(&(b.0 - x).abs())).copied()
    }

    /// The points with x in the window, as indices `start..end`.
    fn range(&self, window: &RangeInclusive<f64>) -> (usize, usize) {
        let start = self.points.partition_point(|point| point.0 < *window.start());
        let end = self.points.partition_point(|point| point.0 <= *window.end());
        (start, end)
    }

    /// The curve within a window of x, drawn in `columns` columns of equal width: runs of points
    /// without a gap in between, at most four points a column. The neighbours outside the window belong
    /// to it, so that the line goes to the edge.
    pub fn decimate(&self, window: &RangeInclusive<f64>, columns: usize) -> Vec<Vec<Point>> {
        let (start, end) = self.range(window);
        if start > end {
            return Vec::new();
        }
        let mut kept: Vec<usize> = Vec::with_capacity(4 * columns + 2);
        kept.extend(self.last(0, start));
        let width = (window.end() - window.start()) / columns.max(1) as f64;
        let mut from = start;
        for column in 1..=columns {
            let edge = window.start() + width * column as f64;
            let to = if column == columns || !edge.is_finite() {
                end
            } else {
                self.find_edge(edge, from, end, columns - column)
            };
            if let (Some(first), Some(last)) = (self.first(from, to), self.last(from, to)) {
                let extremes = self.extremes(from, to);
                let mut of_column = [first, extremes.lowest, extremes.highest, last];
                of_column.sort_unstable();
                kept.extend(of_column);
            }
            from = to;
        }
        kept.extend(self.first(end, self.points.len()));
        kept.dedup();
        self.without_gaps(&kept)
    }

    /// The first point of `from..end` with x not before `edge`. Points are mostly evenly spread, so it is
    /// looked for in growing steps around where it should be with `columns` columns to go after it.
    fn find_edge(&self, edge: f64, from: usize, end: usize, columns: usize) -> usize {
        let is_before = |index: usize| self.points.get(index).is_some_and(|point| point.0 < edge);
        let expected = from + (end - from) / (columns + 1);
        let (mut low, mut high) = (expected, expected.min(end));
        let mut stride = 1;
        if expected < end && is_before(expected) {
            while low + stride < end && is_before(low + stride) {
                low += stride;
                stride *= 2;
            }
            high = end.min(low + stride);
        } else {
            while high > from + stride && !is_before(high - stride) {
                high -= stride;
                stride *= 2;
            }
            low = from.max(high.saturating_sub(stride));
        }
        let between = self.points.get(low..high).unwrap_or_default();
        low + between.partition_point(|point| point.0 < edge)
    }

    /// Splits the kept points where the curve has a gap between two of them.
    fn without_gaps(&self, kept: &[usize]) -> Vec<Vec<Point>> {
        let gap_between = |a: usize, b: usize| {
            let next = self.gaps.partition_point(|gap| *gap < a);
            self.gaps.get(next).is_some_and(|gap| *gap < b)
        };
        kept.chunk_by(|a, b| !gap_between(*a, *b))
            .map(|run| run.iter().filter_map(|index| self.points.get(*index)).copied().collect())
            .collect()
    }
}

impl FromIterator<Point> for Curve {
    fn from_iter<I: IntoIterator<Item = Point>>(points: I) -> Self {
        let mut curve = Self::default();
        points.into_iter().for_each(|(x, y)| curve.push(x, y));
        curve
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbered(values: &[f64]) -> Curve {
        values.iter().enumerate().map(|(index, y)| (index as f64, *y)).collect()
    }

    fn value() -> impl Strategy<Value = f64> {
        prop_oneof![
            9 => -100.0..100.0,
            1 => prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(-0.0)],
        ]
    }

    #[test]
    fn a_spike_and_the_ends_survive() {
        let mut values = vec![1.0; 300_000];
        values[123_456] = 9.0;
        values[123_457] = -9.0;
        let curve = numbered(&values);
        let drawn = curve.decimate(&(0.0..=299_999.0), 200);
        let [line] = &drawn[..] else { panic!("no gap: {}", drawn.len()) };
        assert!(line.len() <= 800);
        assert!(line.contains(&(123_456.0, 9.0)) && line.contains(&(123_457.0, -9.0)));
        assert_eq!((line[0].0, line[line.len() - 1].0), (0.0, 299_999.0));
    }

    #[test]
    fn a_gap_splits_the_line_and_a_lone_point_stays() {
        let curve = numbered(&[1.0, f64::NAN, 2.0, f64::NAN, f64::NAN, 3.0, 4.0]);
        let expected = [vec![(0.0, 1.0)], vec![(2.0, 2.0)], vec![(5.0, 3.0), (6.0, 4.0)]];
        assert_eq!(curve.decimate(&(0.0..=6.0), 80), expected);
        assert_eq!(curve.nearest(3.9), Some((5.0, 3.0)));
        assert_eq!(curve.nearest(-5.0), Some((0.0, 1.0)));
        assert_eq!(numbered(&[f64::NAN]).nearest(0.0), None);
    }

    #[test]
    fn a_window_takes_its_neighbours_along() {
        let curve = numbered(&[0.0, 1.0, 2.0, 3.0, 4.0]);
        let drawn = curve.decimate(&(1.5..=2.5), 10);
        assert_eq!(drawn, [vec![(1.0, 1.0), (2.0, 2.0), (3.0, 3.0)]]);
        assert_eq!(curve.y_bounds(&(1.5..=2.5)), Some([2.0, 2.0]));
    }

    #[test]
    fn a_logarithmic_axis_begins_above_zero() {
        let curve = numbered(&[0.0, -1.0, f64::INFINITY, 0.25, 4.0]);
        assert_eq!(curve.smallest_positive(), Some(0.25));
        assert_eq!(numbered(&[0.0]).smallest_positive(), None);
    }

    #[test]
    fn x_never_goes_back() {
        let points = [(1.0, 1.0), (0.5, 2.0), (f64::NAN, 3.0), (2.0, 4.0)];
        let curve: Curve = points.into_iter().collect();
        let xs: Vec<f64> = curve.points().iter().map(|point| point.0).collect();
        assert_eq!(xs, [1.0, 1.0, 1.0, 2.0]);
    }

    proptest! {
        #[test]
        fn every_column_keeps_its_extremes(
            values in prop::collection::vec(value(), 1..700),
            columns in 1usize..50,
        ) {
            let curve = numbered(&values);
            let last = (values.len() - 1) as f64;
            let window = 0.0..=last;
            let drawn: Vec<Point> = curve.decimate(&window, columns).concat();
            prop_assert!(drawn.iter().all(|(_, y)| y.is_finite()));
            prop_assert!(drawn.is_sorted_by(|a, b| a.0 < b.0));
            prop_assert!(drawn.len() <= 4 * columns);
            let width = last / columns as f64;
            let column = |x: f64| (1..columns).filter(|edge| x >= width * *edge as f64).count();
            for wanted in 0..columns {
                let bounds = |points: &[Point]| {
                    let inside = points.iter().filter(|(x, y)| y.is_finite() && column(*x) == wanted);
                    let ys = || inside.clone().map(|point| point.1);
                    (ys().reduce(f64::min), ys().reduce(f64::max))
                };
                prop_assert_eq!(bounds(&drawn), bounds(curve.points()));
            }
            let finite = || values.iter().copied().filter(|y| y.is_finite());
            let bounds = finite().reduce(f64::min).zip(finite().reduce(f64::max));
            prop_assert_eq!(curve.y_bounds(&window), bounds.map(|(low, high)| [low, high]));
            let ends = [drawn.first(), drawn.last()].map(|point| point.map(|point| point.0));
            let finite = || curve.points().iter().filter(|point| point.1.is_finite());
            prop_assert_eq!(ends, [finite().next(), finite().next_back()].map(|it| it.map(|it| it.0)));
        }

        #[test]
        fn the_pyramid_agrees_with_the_points(
            values in prop::collection::vec(value(), 0..700),
            a in 0usize..700,
            b in 0usize..700,
        ) {
            let curve = numbered(&values);
            let (start, end) = (a.min(b).min(values.len()), a.max(b).min(values.len()));
            let finite = || (start..end).filter(|index| values[*index].is_finite());
            let values = || finite().map(|index| values[index]);
            let extremes = curve.extremes(start, end);
            prop_assert_eq!(extremes.is_of_nothing(), finite().count() == 0);
            prop_assert_eq!(extremes.low, values().fold(f64::INFINITY, f64::min));
            prop_assert_eq!(extremes.high, values().fold(f64::NEG_INFINITY, f64::max));
            prop_assert_eq!(curve.first(start, end), finite().next());
            prop_assert_eq!(curve.last(start, end), finite().next_back());
        }

        #[test]
        fn an_edge_is_found_wherever_it_lies(
            steps in prop::collection::vec(prop_oneof![Just(0.0), 0.0..1.0f64, Just(100.0)], 1..60),
            edge in -1.0..200.0f64,
            from in 0usize..60,
            columns in 0usize..9,
        ) {
            let mut x = 0.0;
            let points = steps.iter().map(|step| {
                x += step;
                (x, 0.0)
            });
            let curve: Curve = points.collect();
            let end = curve.points.len();
            let from = from.min(end);
            let expected = from + curve.points[from..].partition_point(|point| point.0 < edge);
            prop_assert_eq!(curve.find_edge(edge, from, end, columns), expected);
        }

        #[test]
        fn any_window_and_any_number_of_columns(
            values in prop::collection::vec(any::<f64>(), 0..40),
            window in any::<(f64, f64)>(),
            columns in 0usize..100,
        ) {
            let curve: Curve = values.iter().map(|y| (*y, *y)).collect();
            let drawn = curve.decimate(&(window.0..=window.1), columns);
            prop_assert!(drawn.iter().flatten().all(|(x, y)| x.is_finite() && y.is_finite()));
        }
    }
}
