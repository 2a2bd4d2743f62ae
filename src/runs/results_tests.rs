//! Tests of the tables of results.

use super::*;
use crate::config::augmentation::Augmentation;
use crate::config::run::Schedule;
use crate::runs::sample;

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

#[test]
fn without_runs_the_tables_are_the_documents() {
    let rows = rows([]);
    assert_eq!(rows.len(), reference::rows().len());
    for (row, reference) in rows.iter().zip(reference::rows()) {
        assert_eq!(row.reference, Some(reference));
        assert_eq!((&row.ours, row.runs.len()), (&None, 0));
    }
}

#[test]
fn seeds_give_mean_spread_and_the_gaps() {
    let run = |seed, best, last| {
        let spec = RunSpec { seed, ..RunSpec::default() };
        (sample::description("r", spec), sample::history(200, best, last))
    };
    // The second run of seed 2 counts with the first as one.
    let runs = [run(1, 0.92, 0.91), run(2, 0.93, 0.92), run(2, 0.95, 0.92)];
    let rows = rows(runs.iter().map(|(description, history)| (description, history)));
    let ours = rows[0].ours.as_ref().unwrap();
    assert_eq!((ours.runs, ours.seeds), (3, 2));
    assert!(close(ours.best.mean, 93.0), "{ours:?}");
    assert!(close(ours.best.spread.unwrap(), 2f64.sqrt()), "{ours:?}");
    assert!(close(ours.last.mean, 91.5) && close(ours.last.spread.unwrap(), 0.5f64.sqrt()));
    let (document, paper) = (ours.to_document.unwrap(), ours.to_paper.unwrap());
    assert!(close(document.best, 93.0 - 92.16) && close(document.last, 91.5 - 92.16));
    assert!(close(paper.best, 93.0 - 91.25) && close(paper.last, 91.5 - 91.25));
    assert_eq!(ours.seconds_per_epoch, Some(2.0));
    assert_eq!(ours.devices, ["Some processor"]);
}

#[test]
fn a_single_seed_has_no_spread_and_two_devices_no_common_time() {
    let (description, history) =
        (sample::description("a", RunSpec::default()), sample::history(200, 0.9, 0.8));
    let mut elsewhere = history.clone();
    elsewhere.started.as_mut().unwrap().device_name = "Another".to_owned();
    let rows = rows([(&description, &history), (&description, &elsewhere)]);
    let ours = rows[0].ours.as_ref().unwrap();
    assert_eq!((ours.best.spread, ours.seconds_per_epoch), (None, None));
    assert_eq!(ours.devices, ["Another", "Some processor"]);
}

#[test]
fn other_models_follow_those_of_their_version() {
    let of = |version, n| {
        let spec = RunSpec { version, n, ..RunSpec::default() };
        (sample::description("r", spec), sample::history(3, 0.5, 0.5))
    };
    let runs = [of(Version::V2, 3), of(Version::V1, 200), of(Version::V1, 1), of(Version::V2, 6)];
    let rows = rows(runs.iter().map(|(description, history)| (description, history)));
    let names: Vec<&str> = rows.iter().map(|row| row.model.as_str()).collect();
    assert_eq!(
        &names[5..10],
        ["ResNet164v1", "ResNet1001v1", "ResNet8v1", "ResNet1202v1", "ResNet20v2"]
    );
    assert_eq!(names.last(), Some(&"ResNet29v2"));
    let row = rows.iter().find(|row| row.model == "ResNet56v2").unwrap();
    assert_eq!((&row.ours, row.not_comparable().count()), (&None, 1));
}

#[test]
fn a_full_run_of_the_recipe_has_no_deviation_whatever_its_precision() {
    let mut description = sample::description("r", RunSpec::default());
    let mut history = sample::history(200, 0.9, 0.9);
    history.started.as_mut().unwrap().precision = "bf16".to_owned();
    description.spec.data.folder = "/elsewhere".into();
    let result = RunResult::new(&description, &history);
    assert_eq!(result.deviations, [""; 0]);
    assert_eq!(result.precision.as_deref(), Some("bf16"));
    assert_eq!((result.best.unwrap().1, result.epochs_done), (1, 200));
}

#[test]
fn what_differs_is_said_in_words() {
    let spec = RunSpec {
        batch_size: 128,
        schedule: Schedule::Plateau,
        validation_split: 0.1,
        shuffle: false,
        augmentation: Augmentation {
            rotation_range: 15.0,
            vertical_flip: true,
            horizontal_flip: false,
            ..Augmentation::default()
        },
        ..RunSpec::default()
    };
    let mut history = sample::history(137, 0.9, 0.9);
    history.started.as_mut().unwrap().data = "synthetic".to_owned();
    let deviations = deviations(&sample::description("r", spec), &history);
    assert_eq!(
        deviations,
        [
            "data set: synthetic",
            "137 of 200 epochs done",
            "batch size 128 instead of 32",
            "schedule plateau instead of keras",
            "best chosen on held-out images (validation split 0.1)",
            "images not shuffled",
            "rotation_range 15 instead of 0",
            "horizontal_flip off",
            "vertical_flip on",
        ]
    );
}

#[test]
fn other_plans_and_limits_are_named() {
    let said = |epochs, max_steps, done| {
        let spec = RunSpec { epochs, max_steps, ..RunSpec::default() };
        deviations(&sample::description("r", spec), &sample::history(done, 0.9, 0.9)).join("; ")
    };
    assert_eq!(said(50, 0, 50), "50 of 50 epochs done; the recipe has 200");
    assert_eq!(said(300, 0, 200), "200 of 300 epochs done; the recipe has 200");
    assert_eq!(said(200, 7, 0), "0 of 200 epochs done, with a limit of 7 steps");
    assert_eq!(said(200, 1_000_000, 200), "");
    let mut unbegun = sample::description("r", RunSpec::default());
    unbegun.environment = None;
    unbegun.initial_weights = Some("trained.safetensors".into());
    let deviations = deviations(&unbegun, &RunHistory::default());
    assert_eq!(
        deviations,
        ["not begun", "0 of 200 epochs done", "begun with the weights of trained.safetensors"]
    );
}

#[test]
fn each_recipe_is_named_and_full_runs_of_the_papers_stand_beside_the_paper() {
    let epochs = |spec: &RunSpec| sample::history(spec.epochs, 0.93, 0.92);
    let run = |spec: RunSpec| (sample::description("r", spec.clone()), epochs(&spec));
    let short = RunSpec { epochs: 10, ..Recipe::Paper.spec() };
    let changed = RunSpec { label_smoothing: 0.1, ..Recipe::Modern.spec() };
    let runs = [
        run(Recipe::Paper.spec()),
        run(Recipe::Modern.spec()),
        run(short),
        run(changed),
        run(RunSpec { version: Version::V2, n: 12, ..Recipe::Paper.spec() }),
    ];
    let rows = rows(runs.iter().map(|(description, history)| (description, history)));
    let row = &rows[0];
    let reasons: Vec<String> = row.runs.iter().map(|run| run.deviations.join("; ")).collect();
    let expected = [
        "recipe paper",
        "recipe modern",
        "recipe paper; 10 of 10 epochs done; the recipe has 164",
        "recipe modern; label_smoothing 0.1 instead of 0.01",
    ];
    assert_eq!(reasons, expected);
    assert_eq!(row.ours, None, "none of them is the document's");
    let papers = row.papers.as_ref().unwrap();
    assert_eq!(papers.runs, 1);
    assert!(close(papers.to_paper.unwrap().best, 93.0 - 91.25));
    let v2 = rows.iter().find(|row| row.model == "ResNet110v2").unwrap();
    assert_eq!(v2.papers, None, "the document's v2 is wider than the paper's");
}
