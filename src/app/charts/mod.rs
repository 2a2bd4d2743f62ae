//! How charts are looked at, and the curves they show, kept ready to be drawn.

pub mod curve;

pub mod run_curves;

pub mod view;

pub mod x_axis;

use std::collections::BTreeMap;

use crate::runs::RunHistory;
pub use curve::Curve;
pub use run_curves::RunCurves;
pub use view::{ChartSettings, ChartView, Smoothing};
pub use x_axis::XAxis;

/// The curves of the runs on the screen, by id.
#[derive(Clone, Debug, Default, PartialEq)]
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
            let mut curves = before.remove(id).unwrap_or_default();
            curves.follow(history, settings);
            self.runs.insert(id.to_owned(), curves);
        }
    }

    /// The curves of a run that [`CurveCache::follow`] was told of.
    pub fn of(&self, run: &str) -> Option<&RunCurves> {
        self.runs.get(run)
    }
}
