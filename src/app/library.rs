//! The runs on disk as they were last read, those of other sessions and processes included.

use crate::config::run::RunSpec;
use crate::estimate::{Estimate, Hardware, Measurement, seconds_per_epoch};
use crate::runs::record::{RunRecord, UnreadableRun};
use crate::runs::results::{self, ResultRow};
use crate::runs::state::RunState;

/// What the folder of all runs holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Library {
    /// Every run that can be read, oldest first.
    pub runs: Vec<RunRecord>,
    /// Every run that cannot, with the reason.
    pub unreadable: Vec<UnreadableRun>,
    /// Why the folder itself cannot be read, if it cannot.
    pub problem: Option<String>,
    /// The document's tables with what these runs add up to.
    pub results: Vec<ResultRow>,
    /// How fast the runs were.
    pub measurements: Vec<Measurement>,
    /// What a new run would be trained on, where that is known.
    pub hardware: Option<Hardware>,
}

/// Images of the official sets, for which times are estimated.
const TRAIN_IMAGES: f64 = 50_000.0;
const TEST_IMAGES: f64 = 10_000.0;

/// An evaluated image costs about a third of a trained one: forward without backward.
const EVALUATION_COST: f64 = 1.0 / 3.0;

impl Library {
    /// What the runs read add up to. `hardware` is what a new run would be trained on.
    pub fn new(
        runs: Vec<RunRecord>,
        unreadable: Vec<UnreadableRun>,
        hardware: Option<Hardware>,
    ) -> Self {
        let measurements =
            runs.iter().filter_map(|run| Measurement::of(&run.description, &run.history)).collect();
        let results = results::rows(runs.iter().map(|run| (&run.description, &run.history)));
        Self { runs, unreadable, problem: None, results, measurements, hardware }
    }

    /// A folder that cannot be read, and why. The document's tables are there all the same.
    pub fn broken(problem: String) -> Self {
        Self { problem: Some(problem), ..Self::new(Vec::new(), Vec::new(), None) }
    }

    /// The runs that wait to go on: their process ended while they were trained or paused.
    pub fn waiting(&self) -> impl Iterator<Item = &RunRecord> {
        let waits =
            |run: &&RunRecord| matches!(run.state, RunState::Interrupted | RunState::Paused);
        self.runs.iter().filter(waits)
    }

    /// The run with this id.
    pub fn run(&self, id: &str) -> Option<&RunRecord> {
        self.runs.iter().find(|run| run.folder.id() == id)
    }

    /// The time of an epoch of training on the official images, from runs on the same hardware.
    pub fn estimate(&self, spec: &RunSpec) -> Option<Estimate> {
        let hardware = self.hardware.as_ref()?;
        let (model, images) = (spec.architecture(), TRAIN_IMAGES as u64);
        seconds_per_epoch(&self.measurements, hardware, model, spec.batch_size, images)
    }

    /// The seconds of a whole run on the official images, evaluation included.
    pub fn run_seconds(&self, spec: &RunSpec) -> Option<f64> {
        let train = self.estimate(spec)?.seconds_per_epoch;
        let evaluation = train * EVALUATION_COST * TEST_IMAGES / TRAIN_IMAGES;
        Some(f64::from(spec.epochs) * (train + evaluation))
    }
}
