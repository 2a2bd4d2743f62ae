//! The document's two tables with our results beside them.
//!
//! Every accuracy is the test accuracy, in %. *Best* is that of the epoch marked as best, *last* that of
//! the last epoch.

use super::description::RunDescription;
use super::differences::{Difference, changes_of_recipe};
use super::history::{RunHistory, median};
use super::reference::{self, ReferenceRow};
use crate::config::recipe::{self, Recipe};
use crate::config::run::{Architecture, RunSpec, Version};
use crate::data::official;

/// One model: what the document has, and what we have.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultRow {
    /// The model's name, such as `ResNet20v1`.
    pub model: String,
    /// Which of the two tables the row stands in.
    pub version: Version,
    /// What to train for this row; `None` where no n gives the depth.
    pub architecture: Option<Architecture>,
    /// The document's row; `None` for a model that it does not have.
    pub reference: Option<&'static ReferenceRow>,
    /// What the comparable runs add up to; `None` where there are none.
    pub ours: Option<Ours>,
    /// What the full runs of the papers' recipe add up to; `None` where there are none.
    pub papers: Option<Ours>,
    /// Every run of the model, comparable or not, in the order given.
    pub runs: Vec<RunResult>,
}

/// One run of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct RunResult {
    /// The run's id.
    pub id: String,
    /// Its seed.
    pub seed: u64,
    /// The test accuracy of the epoch marked as best, in %, and that epoch.
    pub best: Option<(f64, u32)>,
    /// The test accuracy of the last epoch, in %.
    pub last: Option<f64>,
    /// Epochs completed.
    pub epochs_done: u32,
    /// Epochs planned.
    pub epochs_planned: u32,
    /// The median training time of an epoch, in seconds.
    pub seconds_per_epoch: Option<f64>,
    /// The hardware it last ran on.
    pub device: Option<String>,
    /// `fp32` or `bf16`. Information: it does not make a run incomparable.
    pub precision: Option<String>,
    /// Why the run cannot be compared with the document's figures; empty when it can.
    pub deviations: Vec<String>,
    /// Whether it is a full run of the papers' recipe, unchanged, on a network like theirs: the
    /// document's v2 is wider than the papers'.
    pub is_papers: bool,
}

impl RunResult {
    /// What one run says.
    pub fn new(description: &RunDescription, history: &RunHistory) -> Self {
        let environment = description.environment.as_ref();
        let started = history.started.as_ref();
        let device = started.map(|started| &started.device_name);
        let precision = started.map(|started| &started.precision);
        Self {
            id: description.id.clone(),
            seed: description.spec.seed,
            best: history.best().map(|epoch| (100.0 * epoch.test_accuracy, epoch.epoch)),
            last: history.epochs.last().map(|epoch| 100.0 * epoch.test_accuracy),
            epochs_done: epochs_done(history),
            epochs_planned: description.spec.epochs,
            seconds_per_epoch: history.median_train_seconds(),
            device: device.or(environment.map(|it| &it.device_name)).cloned(),
            precision: precision.or(environment.map(|it| &it.precision)).cloned(),
            deviations: deviations(description, history),
            is_papers: description.spec.version == Version::V1
                && deviations_from(Recipe::Paper, description, history).is_empty(),
        }
    }

    /// Whether the run can stand beside the document's figures.
    pub fn is_comparable(&self) -> bool {
        self.deviations.is_empty()
    }
}

/// What the comparable runs of a model add up to.
#[derive(Clone, Debug, PartialEq)]
pub struct Ours {
    /// How many runs.
    pub runs: usize,
    /// How many different seeds.
    pub seeds: usize,
    /// Best accuracy, in %, over the seeds.
    pub best: Statistic,
    /// Last accuracy, in %, over the seeds.
    pub last: Statistic,
    /// The median over the runs of their median seconds per epoch, where all ran on the same hardware.
    pub seconds_per_epoch: Option<f64>,
    /// The hardware they ran on, each once.
    pub devices: Vec<String>,
    /// Ours minus the document's accuracy, in percentage points.
    pub to_document: Option<Gap>,
    /// Ours minus the original paper's accuracy, in percentage points.
    pub to_paper: Option<Gap>,
}

/// Ours minus a reference, in percentage points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gap {
    /// Of the mean best accuracy.
    pub best: f64,
    /// Of the mean last accuracy.
    pub last: f64,
}

/// A mean and its spread. Runs of the same seed count as one, by their mean: repeating a seed says
/// nothing about the spread over seeds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Statistic {
    /// The mean over the seeds.
    pub mean: f64,
    /// The sample standard deviation over the seeds; `None` for a single seed.
    pub spread: Option<f64>,
}

impl Statistic {
    /// Of one value for each seed; `None` where there are none.
    fn of(values: &[f64]) -> Option<Self> {
        let mean = mean(values)?;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let spread = (values.len() > 1).then(|| (squares / (values.len() - 1) as f64).sqrt());
        Some(Self { mean, spread })
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// All rows: the document's in its order, v1 then v2, and after those of each version the other models
/// that were trained, by n.
pub fn rows<'a>(
    runs: impl IntoIterator<Item = (&'a RunDescription, &'a RunHistory)>,
) -> Vec<ResultRow> {
    let mut rows: Vec<ResultRow> = reference::rows().iter().map(ResultRow::of_document).collect();
    for (description, history) in runs {
        let architecture = description.spec.architecture();
        let result = RunResult::new(description, history);
        match rows.iter_mut().find(|row| row.architecture == Some(architecture)) {
            Some(row) => row.runs.push(result),
            None => rows.push(ResultRow::of_another(architecture, result)),
        }
    }
    for row in &mut rows {
        row.ours = Ours::of(&row.runs, RunResult::is_comparable, row.reference);
        row.papers = Ours::of(&row.runs, |run| run.is_papers, row.reference);
    }
    // Stable: the document's rows keep their order.
    rows.sort_by_key(|row| {
        let n = row.architecture.map_or(0, |architecture| architecture.n);
        let other = row.reference.is_none();
        (row.version == Version::V2, other, if other { n } else { 0 })
    });
    rows
}

impl ResultRow {
    fn of_document(reference: &'static ReferenceRow) -> Self {
        Self {
            model: reference.name(),
            version: reference.version,
            architecture: reference.architecture(),
            reference: Some(reference),
            ours: None,
            papers: None,
            runs: Vec::new(),
        }
    }

    fn of_another(architecture: Architecture, run: RunResult) -> Self {
        Self {
            model: architecture.to_string(),
            version: architecture.version,
            architecture: Some(architecture),
            reference: None,
            ours: None,
            papers: None,
            runs: vec![run],
        }
    }

    /// The runs that cannot be compared, each with its reasons.
    pub fn not_comparable(&self) -> impl Iterator<Item = &RunResult> {
        self.runs.iter().filter(|run| !run.is_comparable())
    }
}

impl Ours {
    fn of(
        runs: &[RunResult],
        counts: impl Fn(&RunResult) -> bool,
        reference: Option<&ReferenceRow>,
    ) -> Option<Self> {
        let runs: Vec<&RunResult> = runs.iter().filter(|run| counts(run)).collect();
        let best_by_seed = by_seed(&runs, |run| run.best.map(|(best, _)| best));
        let best = Statistic::of(&best_by_seed)?;
        let last = Statistic::of(&by_seed(&runs, |run| run.last))?;
        let mut devices: Vec<String> = runs.iter().filter_map(|run| run.device.clone()).collect();
        devices.sort();
        devices.dedup();
        let mut seconds: Vec<f64> = runs.iter().filter_map(|run| run.seconds_per_epoch).collect();
        let seconds_per_epoch = if devices.len() <= 1 { median(&mut seconds) } else { None };
        let gap = |number: f64| Gap { best: best.mean - number, last: last.mean - number };
        Some(Self {
            runs: runs.len(),
            seeds: best_by_seed.len(),
            best,
            last,
            seconds_per_epoch,
            devices,
            to_document: reference.and_then(|row| row.accuracy.number).map(gap),
            to_paper: reference.and_then(|row| row.paper.number).map(gap),
        })
    }
}

/// The mean of a finite value for each seed that has one.
fn by_seed(runs: &[&RunResult], value: impl Fn(&RunResult) -> Option<f64>) -> Vec<f64> {
    let mut seeds: Vec<u64> = runs.iter().map(|run| run.seed).collect();
    seeds.sort_unstable();
    seeds.dedup();
    let of_seed = |seed| {
        let runs = runs.iter().filter(move |run| run.seed == seed);
        let values: Vec<f64> = runs.filter_map(|run| value(run)).collect();
        mean(&values).filter(|mean| mean.is_finite())
    };
    seeds.into_iter().filter_map(of_seed).collect()
}

fn epochs_done(history: &RunHistory) -> u32 {
    history.epochs.last().map_or(0, |epoch| epoch.epoch)
}

/// What sets a run apart from a full run of the document's recipe on the official images, in words;
/// empty when nothing does. Another recipe is one item, and what it is measured by from there.
pub fn deviations(description: &RunDescription, history: &RunHistory) -> Vec<String> {
    let (recipe, _) = recipe::nearest(&description.spec);
    let name = (recipe != Recipe::Keras).then(|| format!("recipe {recipe}"));
    name.into_iter().chain(deviations_from(recipe, description, history)).collect()
}

/// What sets a run apart from a full run of a recipe on the official images.
fn deviations_from(
    recipe: Recipe,
    description: &RunDescription,
    history: &RunHistory,
) -> Vec<String> {
    let spec = &description.spec;
    let mut deviations = Vec::new();
    deviations.extend(data_deviation(description, history));
    deviations.extend(epochs_deviation(spec, epochs_done(history), recipe.spec().epochs));
    let weights = description.initial_weights.as_ref();
    deviations.extend(weights.map(|file| format!("begun with the weights of {}", file.display())));
    // These two are said above, by what they led to.
    let said = ["epochs", "max_steps"];
    let changes = changes_of_recipe(spec, recipe);
    let changes = changes.iter().filter(|change| !said.contains(&change.key.as_str()));
    deviations.extend(changes.map(in_words));
    deviations
}

fn data_deviation(description: &RunDescription, history: &RunHistory) -> Option<String> {
    let started = history.started.as_ref().map(|started| started.data.as_str());
    let environment = description.environment.as_ref().map(|it| it.data.as_str());
    match started.or(environment) {
        Some(official::NAME) => None,
        Some(other) => Some(format!("data set: {other}")),
        None => Some("not begun".to_owned()),
    }
}

fn epochs_deviation(spec: &RunSpec, done: u32, full: u32) -> Option<String> {
    let planned = spec.epochs;
    if done == full && planned == full {
        return None;
    }
    Some(match (planned == full, spec.max_steps) {
        (true, 0) => format!("{done} of {planned} epochs done"),
        (true, limit) => format!("{done} of {planned} epochs done, with a limit of {limit} steps"),
        _ => format!("{done} of {planned} epochs done; the recipe has {full}"),
    })
}

fn in_words(change: &Difference) -> String {
    let key = change.key.strip_prefix("augmentation.").unwrap_or(&change.key);
    let value = |index: usize| change.values.get(index).map_or("?", String::as_str);
    match (key, value(0), value(1)) {
        ("data_augmentation", "false", _) => "no data augmentation".to_owned(),
        ("shuffle", "false", _) => "images not shuffled".to_owned(),
        ("subtract_pixel_mean", "false", _) => "pixel mean not subtracted".to_owned(),
        ("validation_split", split, _) => {
            format!("best chosen on held-out images (validation split {split})")
        }
        ("batch_size", ours, recipe) => format!("batch size {ours} instead of {recipe}"),
        ("learning_rate", ours, recipe) => format!("learning rate {ours} instead of {recipe}"),
        (key, "true", _) => format!("{key} on"),
        (key, "false", _) => format!("{key} off"),
        (key, ours, recipe) => format!("{key} {ours} instead of {recipe}"),
    }
}

#[cfg(test)]
#[path = "results_tests.rs"]
mod tests;
