//! Curves of a run's history as lines of a chart: as measured, faintly, and smoothed over it.

use ratatui::style::Style;

use super::chart::{Axis, Pattern, Scale, Series};
use crate::app::charts::ChartSettings;
use crate::runs::curve;
use crate::runs::decimation::Curve;
use crate::runs::smoothing::Smoothing;

/// A curve as measured, and the smoothed one where smoothing is on.
pub struct Lines {
    raw: Vec<(f64, f64)>,
    smooth: Option<Vec<(f64, f64)>>,
    /// The exact values at the cursor.
    at_cursor: Option<(f64, Option<f64>)>,
}

/// The part of the horizontal axis to draw, the columns there are for it, and the cursor.
#[derive(Clone, Copy)]
pub struct Window {
    /// The left end.
    pub low: f64,
    /// The right end.
    pub high: f64,
    /// Columns of dots.
    pub columns: usize,
    /// Where the cursor is.
    pub cursor: Option<f64>,
}

impl Window {
    /// The window on an area of this width: a braille cell has two columns of dots.
    pub fn new((low, high): (f64, f64), width: u16, cursor: Option<f64>) -> Self {
        Self { low, high, columns: 2 * usize::from(width), cursor }
    }

    /// The horizontal axis.
    pub fn axis(&self) -> Axis {
        Axis::new(self.low, self.high, Scale::Linear)
    }

    /// What of a curve is drawn. Between its pieces lies a point that is no number.
    fn of(&self, curve: &Curve) -> Vec<(f64, f64)> {
        let pieces = curve.decimate(&(self.low..=self.high), self.columns);
        pieces.join(&(self.high, f64::NAN))
    }
}

/// The lines of values at the ends of the epochs.
pub fn of_epochs(points: &[(f64, f64)], settings: ChartSettings, window: Window) -> Lines {
    let factor = settings.smoothing.factor();
    let (mut raw, mut smooth) = (Curve::default(), Curve::default());
    let mut smoothing = Smoothing::new(factor);
    // Until an epoch ends, the one before it is what is known.
    let mut at_cursor = None;
    for (x, y) in points {
        let smoothed = smoothing.next(*y);
        raw.push(*x, *y);
        smooth.push(*x, smoothed);
        if window.cursor.is_some_and(|cursor| *x <= cursor) {
            at_cursor = Some((*y, Some(smoothed).filter(|_| factor > 0.0)));
        }
    }
    let lines = of_curves(&raw, Some(&smooth).filter(|_| factor > 0.0), window);
    Lines { at_cursor, ..lines }
}

/// The lines of a series that is kept up to date.
pub fn of_series(series: &curve::Series, window: Window) -> Lines {
    of_curves(series.raw(), series.smooth(), window)
}

fn of_curves(raw: &Curve, smooth: Option<&Curve>, window: Window) -> Lines {
    let value = |curve: &Curve, x| curve.nearest(x).map(|point| point.1);
    let at_cursor = window
        .cursor
        .and_then(|x| Some((value(raw, x)?, smooth.and_then(|smooth| value(smooth, x)))));
    Lines { raw: window.of(raw), smooth: smooth.map(|smooth| window.of(smooth)), at_cursor }
}

/// How a curve looks.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    /// Its name in the legend, or nothing.
    pub name: &'a str,
    /// Its colour.
    pub style: Style,
    /// Its colour where it lies behind its smoothed form.
    pub faint: Style,
    /// How its line is drawn.
    pub pattern: Pattern,
    /// Its character in ASCII.
    pub symbol: char,
    /// Its sign.
    pub sign: Option<char>,
}

impl Lines {
    /// Whether there is a smoothed form.
    pub fn is_smoothed(&self) -> bool {
        self.smooth.is_some()
    }

    /// The values at the cursor in words.
    pub fn value(&self, words: impl Fn(f64) -> String) -> Option<String> {
        let (raw, smooth) = self.at_cursor?;
        Some(match smooth {
            Some(smooth) => format!("{} ({})", words(smooth), words(raw)),
            None => words(raw),
        })
    }

    /// The curve as measured, faintly, without a name.
    pub fn faint<'a>(&self, look: Look<'a>) -> Series<'a> {
        Series {
            name: "",
            points: self.raw.clone(),
            pattern: Pattern::Solid,
            style: look.faint,
            symbol: '.',
            value: None,
            sign: None,
        }
    }

    /// The smoothed curve over the faint one, or the curve alone; the top one last.
    pub fn series<'a>(self, look: Look<'a>, words: impl Fn(f64) -> String) -> Vec<Series<'a>> {
        let value = self.value(words);
        let behind = self.is_smoothed().then(|| self.faint(look));
        let top = Series {
            name: look.name,
            points: self.smooth.unwrap_or(self.raw),
            pattern: look.pattern,
            style: look.style,
            symbol: look.symbol,
            value,
            sign: look.sign,
        };
        behind.into_iter().chain([top]).collect()
    }
}

/// The values of curves within the window, to fit an axis around them.
pub fn values(series: &[Series], window: Window) -> Vec<f64> {
    let points = series.iter().flat_map(|series| &series.points);
    points
        .filter(|point| (window.low..=window.high).contains(&point.0))
        .map(|point| point.1)
        .collect()
}
