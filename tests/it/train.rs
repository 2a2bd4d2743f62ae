//! `train` with a scripted trainer: what is left on disk, and how the command ends.

use std::path::Path;

use resnet_tui::cli::Cli;
use resnet_tui::commands::{self, Failure};
use resnet_tui::protocol::{Finished, Outcome, Started, TrainEvent};
use resnet_tui::runs::RunStore;
use resnet_tui::supervisor::Spawn;
use resnet_tui::training::worker::{self, TrainingJob};

fn train(runs: &Path, flags: &str, spawn: Spawn) -> Result<(), Failure> {
    let words = ["resnet-tui", "train", "--json", "--runs-dir", runs.to_str().unwrap()];
    let config = runs.join("config.toml");
    std::fs::write(&config, "[run]\nn = 2\nepochs = 9\nbatch_size = 16\n").unwrap();
    let words = words.into_iter().chain(["--config", config.to_str().unwrap()]);
    commands::run(Cli::read(words.chain(flags.split_whitespace())).unwrap(), spawn)
}

fn started(job: &TrainingJob) -> TrainEvent {
    TrainEvent::Started(Started {
        run: job.run.clone(),
        folder: job.folder.display().to_string(),
        model: job.spec.architecture().to_string(),
        parameters: 1,
        trainable: 1,
        device: "cpu".to_owned(),
        device_name: String::new(),
        precision: "fp32".to_owned(),
        libtorch: String::new(),
        recipe: "keras".to_owned(),
        data: String::new(),
        data_fingerprint: String::new(),
        train_images: 1,
        test_images: 1,
        epochs: job.spec.epochs,
        steps_per_epoch: 1,
        step: 0,
    })
}

fn completes(job: TrainingJob) -> std::io::Result<worker::TrainerHandle> {
    worker::spawn(job, |job, _, events| {
        events.send(started(&job))?;
        let outcome = Outcome::Completed;
        events.send(TrainEvent::Finished(Finished { outcome, step: 1, epochs: 1 }))
    })
}

fn finds_no_images(job: TrainingJob) -> std::io::Result<worker::TrainerHandle> {
    worker::spawn(job, |_, _, _| anyhow::bail!("no images"))
}

fn breaks_off(job: TrainingJob) -> std::io::Result<worker::TrainerHandle> {
    worker::spawn(job, |job, _, events| {
        events.send(started(&job))?;
        panic!("out of memory")
    })
}

#[test]
fn the_flags_win_over_the_file_and_a_resumed_run_keeps_its_recipe() {
    let runs = tempfile::tempdir().unwrap();
    train(runs.path(), "--synthetic --epochs 7", completes).unwrap_or_else(|f| panic!("{f:?}"));
    let folder = RunStore::new(runs.path().to_owned()).find("latest").unwrap();
    let spec = folder.description().unwrap().spec;
    assert_eq!((spec.n, spec.epochs, spec.batch_size), (2, 7, 16));

    train(runs.path(), "--resume latest --epochs 8", completes).unwrap_or_else(|f| panic!("{f:?}"));
    let resumed = folder.description().unwrap().spec;
    assert_eq!(resumed.epochs, 8);
    assert_eq!((resumed.n, resumed.data), (spec.n, spec.data));
}

#[test]
fn a_run_that_cannot_start_is_refused_and_leaves_nothing() {
    let runs = tempfile::tempdir().unwrap();
    let failure = train(runs.path(), "--synthetic", finds_no_images).unwrap_err();
    assert!(matches!(&failure, Failure::Refused(error) if error.to_string() == "no images"));
    assert_eq!(RunStore::new(runs.path().to_owned()).folders().unwrap(), []);
}

#[test]
fn a_run_that_breaks_off_has_failed_and_is_kept() {
    let runs = tempfile::tempdir().unwrap();
    let failure = train(runs.path(), "--synthetic", breaks_off).unwrap_err();
    assert!(matches!(&failure, Failure::Failed(error) if error.to_string().contains("memory")));
    // Not even a resumed run that cannot start is deleted.
    let failure = train(runs.path(), "--resume latest", finds_no_images).unwrap_err();
    assert!(matches!(failure, Failure::Refused(_)));
    assert_eq!(RunStore::new(runs.path().to_owned()).folders().unwrap().len(), 1);
}
