//! The step curves of one run, as they are shown.

use super::{ChartSettings, Curve};
use crate::runs::RunHistory;

/// A curve as it was measured, and smoothed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Smoothed {
    /// As measured.
    pub raw: Curve,
    /// Smoothed; empty while smoothing is off.
    pub smooth: Curve,
    average: Average,
}

impl Smoothed {
    fn push(&mut self, x: f64, y: f64, weight: f64) {
        self.raw.push(x, y);
        if weight > 0.0 {
            self.smooth.push(x, self.average.next(y, weight));
        }
    }
}

/// The step curves of one run. New steps are added as they come; everything is made anew only where
/// the settings changed or the run went back to a checkpoint.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunCurves {
    /// The training loss.
    pub loss: Smoothed,
    /// The training accuracy in percent.
    pub accuracy: Smoothed,
    /// The learning rate.
    pub learning_rate: Curve,
    settings: ChartSettings,
    /// Steps and epochs taken in so far, and the last such step.
    steps: usize,
    epochs: usize,
    last_step: u64,
    /// Training time of the epochs taken in, in seconds.
    seconds: f64,
}

impl RunCurves {
    /// Takes in what is new in a run's history.
    pub fn follow(&mut self, history: &RunHistory, settings: ChartSettings) {
        let last = self.steps.checked_sub(1).map(|index| history.steps.get(index));
        let same_steps = last.is_none_or(|last| last.is_some_and(|it| it.step == self.last_step));
        if settings != self.settings || !same_steps || history.epochs.len() < self.epochs {
            *self = Self { settings, ..Self::default() };
        }
        let weight = settings.smoothing.weight();
        for step in history.steps.get(self.steps..).unwrap_or(&[]) {
            while let Some(epoch) =
                history.epochs.get(self.epochs).filter(|epoch| epoch.epoch < step.epoch)
            {
                self.seconds += epoch.train_seconds;
                self.epochs += 1;
            }
            let x = match settings.x_axis {
                super::XAxis::Time => (self.seconds + step.train_seconds) / 60.0,
                axis => axis.of_step(history, step.step),
            };
            self.loss.push(x, step.loss, weight);
            self.accuracy.push(x, 100.0 * step.accuracy, weight);
            self.learning_rate.push(x, step.lr);
            self.last_step = step.step;
        }
        self.steps = history.steps.len();
    }
}

/// An exponential moving average, without the pull towards 0 that its beginning would have.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Average {
    sum: f64,
    weights: f64,
}

impl Average {
    /// Takes in a value. What is not a number stays a gap and leaves the average as it is.
    fn next(&mut self, value: f64, weight: f64) -> f64 {
        if !value.is_finite() {
            return f64::NAN;
        }
        self.sum = weight * self.sum + (1.0 - weight) * value;
        self.weights = weight * self.weights + (1.0 - weight);
        self.sum / self.weights
    }
}

/// Points smoothed in the same way.
pub fn smoothed(points: &[(f64, f64)], weight: f64) -> Vec<(f64, f64)> {
    let mut average = Average::default();
    points.iter().map(|(x, y)| (*x, average.next(*y, weight))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::charts::{Smoothing, XAxis};
    use crate::app::testing::{epoch, history, started, step};

    #[test]
    fn a_constant_stays_constant_and_a_gap_a_gap() {
        let points = [(0.0, 2.0), (1.0, 2.0), (2.0, f64::NAN), (3.0, 2.0), (4.0, 4.0)];
        let smooth = smoothed(&points, 0.5);
        assert!(smooth[2].1.is_nan());
        assert!([0, 1, 3].iter().all(|index: &usize| (smooth[*index].1 - 2.0).abs() < 1e-12));
        // Weights 1/2, 1/4, 1/8 and 1/16 of the four numbers, over their sum.
        let expected = (4.0 / 2.0 + 2.0 / 4.0 + 2.0 / 8.0 + 2.0 / 16.0) / (15.0 / 16.0);
        assert!((smooth[4].1 - expected).abs() < 1e-12);
    }

    #[test]
    fn following_step_by_step_is_the_same_as_all_at_once() {
        let settings = ChartSettings { x_axis: XAxis::Time, smoothing: Smoothing::default().cycle() };
        let events = [
            started(4, 100, 0),
            step(50, 1, 4.5),
            epoch(1, 100),
            step(150, 2, 4.5),
            step(160, 2, 5.0),
        ];
        let mut slowly = RunCurves::default();
        for length in 0..=events.len() {
            slowly.follow(&events[..length].iter().collect(), settings);
        }
        let mut at_once = RunCurves::default();
        at_once.follow(&history(events), settings);
        assert_eq!(slowly, at_once);
        assert_eq!(at_once.loss.raw.points()[1].0, 13.5 / 60.0);
    }

    #[test]
    fn a_run_that_went_back_is_drawn_from_there() {
        let settings = ChartSettings::default();
        let mut curves = RunCurves::default();
        curves.follow(&history([started(4, 100, 0), step(50, 1, 4.5), step(60, 1, 5.0)]), settings);
        let again = history([started(4, 100, 0), step(50, 1, 4.5), step(55, 1, 5.0)]);
        curves.follow(&again, settings);
        let xs: Vec<f64> = curves.loss.raw.points().iter().map(|point| point.0).collect();
        assert_eq!(xs, [0.5, 0.55]);
    }
}
