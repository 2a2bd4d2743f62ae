//! Runs as comma-separated values, for a spreadsheet or a script.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};

use super::description::RunDescription;
use super::differences::changes_of_recipe;
use super::history::RunHistory;
use crate::config::recipe;
use crate::durable::write_aside;

/// What a line of the table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// One for each completed epoch.
    Epochs,
    /// One for each step event.
    Steps,
}

/// The first columns of every line: which run, and what it computes.
const RUN_COLUMNS: [&str; 8] =
    ["run", "model", "data set", "device", "precision", "seed", "recipe", "changes of the recipe"];
const EPOCH_COLUMNS: [&str; 14] = [
    "epoch",
    "step",
    "train loss",
    "train accuracy (0 to 1)",
    "test loss",
    "test cross-entropy",
    "test accuracy (0 to 1)",
    "test accuracy with mirror images (0 to 1)",
    "validation loss",
    "validation accuracy (0 to 1)",
    "learning rate",
    "training time (s)",
    "evaluation time (s)",
    "best so far",
];
const STEP_COLUMNS: [&str; 6] = [
    "epoch",
    "step",
    "train loss",
    "train accuracy (0 to 1)",
    "learning rate",
    "training time in the epoch (s)",
];

/// Writes runs to a file, aside and renamed. A number that is none is an empty cell.
///
/// # Errors
/// When the file cannot be written; what was there before is then still there.
pub fn write_file(path: &Path, runs: &[(&RunDescription, &RunHistory)], rows: Rows) -> Result<()> {
    write_aside(path, |file| write(file, runs, rows))
}

/// Writes runs as one table with a header.
///
/// # Errors
/// When the output cannot be written.
pub fn write(
    output: impl Write,
    runs: &[(&RunDescription, &RunHistory)],
    rows: Rows,
) -> Result<()> {
    let mut table = csv::Writer::from_writer(output);
    let columns = match rows {
        Rows::Epochs => &EPOCH_COLUMNS[..],
        Rows::Steps => &STEP_COLUMNS[..],
    };
    table.write_record(RUN_COLUMNS.iter().chain(columns))?;
    for (description, history) in runs {
        let run = run_cells(description, history);
        let lines: Box<dyn Iterator<Item = Vec<String>>> = match rows {
            Rows::Epochs => Box::new(epoch_cells(history)),
            Rows::Steps => Box::new(step_cells(history)),
        };
        for line in lines {
            table.write_record(run.iter().chain(&line))?;
        }
    }
    table.flush().context("cannot write the table")
}

fn run_cells(description: &RunDescription, history: &RunHistory) -> [String; 8] {
    let spec = &description.spec;
    let environment = history
        .started
        .as_ref()
        .map(|started| (&started.data, &started.device_name, &started.precision))
        .or_else(|| {
            let known = description.environment.as_ref();
            known.map(|known| (&known.data, &known.device_name, &known.precision))
        });
    let (data, device, precision) = environment
        .map(|(data, device, precision)| (data.clone(), device.clone(), precision.clone()))
        .unwrap_or_default();
    let (recipe, _) = recipe::nearest(spec);
    let changes = changes_of_recipe(spec, recipe);
    let changes: Vec<String> = changes
        .iter()
        .filter_map(|change| Some(format!("{}={}", change.key, change.values.first()?)))
        .collect();
    let changes = if changes.is_empty() { "none".to_owned() } else { changes.join("; ") };
    let (id, model) = (description.id.clone(), spec.architecture().to_string());
    [id, model, data, device, precision, spec.seed.to_string(), recipe.to_string(), changes]
}

fn epoch_cells(history: &RunHistory) -> impl Iterator<Item = Vec<String>> {
    history.epochs.iter().map(|epoch| {
        vec![
            epoch.epoch.to_string(),
            epoch.step.to_string(),
            number(epoch.train_loss),
            number(epoch.train_accuracy),
            number(epoch.test_loss),
            number(epoch.test_cross_entropy),
            number(epoch.test_accuracy),
            epoch.test_accuracy_flip.map(number).unwrap_or_default(),
            epoch.validation_loss.map(number).unwrap_or_default(),
            epoch.validation_accuracy.map(number).unwrap_or_default(),
            number(epoch.lr),
            number(epoch.train_seconds),
            number(epoch.eval_seconds),
            epoch.best.to_string(),
        ]
    })
}

fn step_cells(history: &RunHistory) -> impl Iterator<Item = Vec<String>> {
    history.steps.iter().map(|step| {
        vec![
            step.epoch.to_string(),
            step.step.to_string(),
            number(step.loss),
            number(step.accuracy),
            number(step.lr),
            number(step.train_seconds),
        ]
    })
}

fn number(value: f64) -> String {
    if value.is_finite() { value.to_string() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::run::RunSpec;
    use crate::runs::sample;

    fn table(runs: &[(&RunDescription, &RunHistory)], rows: Rows) -> Vec<Vec<String>> {
        let mut bytes = Vec::new();
        write(&mut bytes, runs, rows).unwrap();
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&bytes[..]);
        reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
    }

    #[test]
    fn runs_stand_below_each_other_with_what_they_are() {
        let changed = RunSpec { seed: 7, batch_size: 128, shuffle: false, ..RunSpec::default() };
        let first = sample::description("with, \"comma\"", RunSpec::default());
        let second = sample::description("b", changed);
        let history = sample::history(2, 0.9, f64::NAN);
        let table = table(&[(&first, &history), (&second, &history)], Rows::Epochs);
        assert_eq!(table.len(), 5);
        assert_eq!(table[0].len(), RUN_COLUMNS.len() + EPOCH_COLUMNS.len());
        let expected = ["with, \"comma\"", "ResNet20v1", "CIFAR-10", "Some processor", "fp32"];
        assert_eq!(table[1][..5], expected);
        assert_eq!(table[1][5..10], ["1", "keras", "none", "1", "10"]);
        assert_eq!(table[3][5..10], ["7", "keras", "batch_size=128; shuffle=false", "1", "10"]);
        let accuracy = table[0].iter().position(|it| it == "test accuracy (0 to 1)").unwrap();
        assert_eq!((table[1][accuracy].as_str(), table[2][accuracy].as_str()), ("0.9", ""));
        assert_eq!(table[1].last().unwrap(), "true");
    }

    #[test]
    fn steps_have_their_own_columns_and_a_run_without_any_no_line() {
        let description = sample::description("a", RunSpec::default());
        let history =
            RunHistory { steps: vec![sample::step(12, 0.25)], ..sample::history(1, 0.9, 0.9) };
        let unbegun = RunHistory::default();
        let table = table(&[(&description, &history), (&description, &unbegun)], Rows::Steps);
        assert_eq!(table.len(), 2);
        assert_eq!(table[1][8..], ["2", "12", "0.25", "0.5", "0.001", "0.4"]);
    }

    #[test]
    fn a_file_that_cannot_be_written_leaves_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs.csv");
        write_file(&path, &[], Rows::Epochs).unwrap();
        let header = std::fs::read_to_string(&path).unwrap();
        assert!(header.starts_with("run,model,data set,"), "{header}");
        let error = write_file(&path.join("below"), &[], Rows::Steps).unwrap_err();
        assert!(format!("{error:#}").contains("below"), "{error:#}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), header);
    }
}
