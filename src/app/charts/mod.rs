//! How charts are looked at, and the curves they show, kept ready to be drawn.

pub mod view;

pub mod x_axis;

use std::collections::BTreeMap;

use crate::runs::RunHistory;
use crate::runs::curve::{Metric, Series};
pub use view::{ChartSettings, ChartView, SmoothingLevel};

/// The step curves of one run.
#[derive(Clone, Debug)]
pub struct RunCurves {
    settings: ChartSettings,
    /// The training loss.
    pub loss: Series,
    /// The training accuracy in percent.
    pub accuracy: Series,
    /// The learning rate.
    pub learning_rate: Series,
}

impl RunCurves {
    fn new(settings: ChartSettings) -> Self {
        let series = |metric| Series::new(metric, settings.x_axis, settings.smoothing.factor());
        Self {
            settings,
            loss: series(Metric::StepLoss),
            accuracy: series(Metric::StepAccuracy),
            learning_rate: Series::new(Metric::StepLearningRate, settings.x_axis, 0.0),
        }
    }

    fn update(&mut self, history: &RunHistory) {
        for series in [&mut self.loss, &mut self.accuracy, &mut self.learning_rate] {
            series.update(history);
        }
    }
}

/// The curves of the runs on the screen, by id.
#[derive(Clone, Debug, Default)]
pub struct CurveCache {
    runs: BTreeMap<String, RunCurves>,
}

impl CurveCache {
    /// Brings the curves of these runs up to date and forgets all others.
    pub fn follow<'a>(
        &mut self,
        runs: impl Iterator<Item = (&'a str, &'a RunHistory)>,
        settings: ChartSettings,
    ) {
        let mut before = std::mem::take(&mut self.runs);
        for (id, history) in runs {
            let curves = before.remove(id).or_else(|| self.runs.remove(id));
            let mut curves = curves
                .filter(|curves| curves.settings == settings)
                .unwrap_or_else(|| RunCurves::new(settings));
            curves.update(history);
            self.runs.insert(id.to_owned(), curves);
        }
    }

    /// The curves of a run that [`CurveCache::follow`] was told of.
    pub fn of(&self, run: &str) -> Option<&RunCurves> {
        self.runs.get(run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::{history, started, step};
    use crate::runs::curve::Axis;

    #[test]
    fn curves_follow_the_settings_and_leave_with_their_run() {
        let history = history([started(4, 100, 0), step(50, 1, 4.5), step(60, 1, 5.0)]);
        let mut cache = CurveCache::default();
        let mut settings = ChartSettings::default();
        let both = || [("a", &history), ("b", &history)].into_iter();
        cache.follow(both(), settings);
        let last = |cache: &CurveCache, run| Some(cache.of(run)?.loss.raw().points().last()?.0);
        assert_eq!((last(&cache, "a"), last(&cache, "b")), (Some(0.6), Some(0.6)));
        settings.x_axis = Axis::Step;
        cache.follow([("a", &history)].into_iter(), settings);
        assert_eq!((last(&cache, "a"), last(&cache, "b")), (Some(60.0), None));
    }
}
