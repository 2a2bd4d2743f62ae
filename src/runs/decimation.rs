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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    points: Vec<Point>,
    /// Which points are gaps, ascending.
    gaps: Vec<usize>,
    /// Extremes over blocks of points, then over blocks of those, and so on. Complete blocks only.
    levels: Vec<Vec<Extremes>>,
    smallest_positive: Option<f64>,
}

/// Indices of the first, the lowest, the highest and the last finite point of a range.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Extremes(Option<Marked>);

#[derive(Clone, Copy, Debug, PartialEq)]
struct Marked {
    first: usize,
    lowest: (usize, f64),
    highest: (usize, f64),
    last: usize,
}

impl Extremes {
    fn of(index: usize, y: f64) -> Self {
        let marked = Marked { first: index, lowest: (index, y), highest: (index, y), last: index };
        Self(y.is_finite().then_some(marked))
    }

    /// `later` covers points after those of `self`.
    fn join(self, later: Self) -> Self {
        let (Some(a), Some(b)) = (self.0, later.0) else { return Self(self.0.or(later.0)) };
        Self(Some(Marked {
            first: a.first,
            lowest: if b.lowest.1 < a.lowest.1 { b.lowest } else { a.lowest },
            highest: if b.highest.1 > a.highest.1 { b.highest } else { a.highest },
            last: b.last,
        }))
    }
}

impl Curve {
    /// Appends a point. An x that is no number or lies before the last one is moved to the last one.
    pub fn push(&mut self, x: f64, y: f64) {
        let last = self.points.last().map(|point| point.0);
        let x = if x.is_finite() { x } else { last.unwrap_or(0.0) };
        let x = last.map_or(x, |last| x.max(last));
        if !y.is_finite() {
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
            let block = below - BLOCK..below;
            let extremes = block
                .fold(Extremes::default(), |extremes, index| extremes.join(self.at(level, index)));
            if level == self.levels.len() {
                self.levels.push(Vec::new());
            }
            let Some(blocks) = self.levels.get_mut(level) else { return };
            blocks.push(extremes);
            below = blocks.len();
            level += 1;
        }
    }

    /// The entry `index` of a level; level 0 are the points.
    fn at(&self, level: usize, index: usize) -> Extremes {
        match level.checked_sub(1) {
            None => {
                let point = self.points.get(index);
                point.map_or(Extremes::default(), |(_, y)| Extremes::of(index, *y))
            }
            Some(level) => {
                let blocks = self.levels.get(level).map_or(&[][..], Vec::as_slice);
                blocks.get(index).copied().unwrap_or_default()
            }
        }
    }

    /// The extremes of the points `start..end`: the ends of the range on each level, what lies between
    /// them on the next one.
    fn extremes(&self, mut start: usize, mut end: usize) -> Extremes {
        let (mut left, mut right) = (Extremes::default(), Extremes::default());
        let mut level = 0;
        while start < end {
            while start < end && !start.is_multiple_of(BLOCK) {
                left = left.join(self.at(level, start));
                start += 1;
            }
            while start < end && !end.is_multiple_of(BLOCK) {
                end -= 1;
                right = self.at(level, end).join(right);
            }
            start /= BLOCK;
            end /= BLOCK;
            level += 1;
        }
        left.join(right)
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
        let marked = self.extremes(start, end).0?;
        Some([marked.lowest.1, marked.highest.1])
    }

    /// The point nearest to `x` that is no gap, for a cursor.
    pub fn nearest(&self, x: f64) -> Option<Point> {
        let middle = self.points.partition_point(|point| point.0 < x);
        let before = self.extremes(0, middle).0.map(|marked| marked.last);
        let after = self.extremes(middle, self.points.len()).0.map(|marked| marked.first);
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
        kept.extend(self.extremes(0, start).0.map(|marked| marked.last));
        let width = (window.end() - window.start()) / columns.max(1) as f64;
        let mut from = start;
        for column in 1..=columns {
            let edge = window.start() + width * column as f64;
            let to = if column == columns || !edge.is_finite() {
                end
            } else {
                let rest = self.points.get(from..end).unwrap_or_default();
                from + rest.partition_point(|point| point.0 < edge)
            };
            if let Some(marked) = self.extremes(from, to).0 {
                let mut of_column = [marked.first, marked.lowest.0, marked.highest.0, marked.last];
                of_column.sort_unstable();
                kept.extend(of_column);
            }
            from = to;
        }
        kept.extend(self.extremes(end, self.points.len()).0.map(|marked| marked.first));
        kept.dedup();
        self.without_gaps(&kept)
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
            prop_assert_eq!(ends, [finite().next(), finite().last()].map(|it| it.map(|it| it.0)));
        }

        #[test]
        fn the_pyramid_agrees_with_the_points(
            values in prop::collection::vec(value(), 0..700),
            a in 0usize..700,
            b in 0usize..700,
        ) {
            let curve = numbered(&values);
            let (start, end) = (a.min(b).min(values.len()), a.max(b).min(values.len()));
            let plain = (start..end).fold(Extremes::default(), |extremes, index| {
                extremes.join(Extremes::of(index, values[index]))
            });
            prop_assert_eq!(curve.extremes(start, end), plain);
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
