//! The real trainer on a small generated data set, steered through its channels.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use resnet_tui::config::recipe::Recipe;
use resnet_tui::config::run::{
    DataSource, DeviceChoice, OptimizerChoice, PrecisionChoice, RunSpec, Schedule,
};
use resnet_tui::model::tensor_file::{self, Metadata};
use resnet_tui::optimizer::schedule;
use resnet_tui::protocol::{LoggedEvent, Outcome, Phase, TrainControl, TrainEvent};
use resnet_tui::runs::history::{Ending, RunHistory};
use resnet_tui::runs::{RunFolder, RunStore};
use resnet_tui::supervisor::{StartOptions, Supervisor};
use resnet_tui::training::worker::TrainerHandle;
use resnet_tui::training::{evaluation, trainer};
use tempfile::TempDir;

/// What `eval --json` says.
#[derive(Debug, serde::Deserialize)]
struct Evaluated {
    loss: f64,
    accuracy: f64,
}

/// Longer than any step here takes, however busy the machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// ResNet8 v1, 10 steps of 16 images an epoch.
fn small() -> RunSpec {
    let mut spec = RunSpec {
        n: 1,
        epochs: 2,
        batch_size: 16,
        device: DeviceChoice::Cpu,
        precision: PrecisionChoice::Fp32,
        ..RunSpec::default()
    };
    spec.data.source = DataSource::Synthetic;
    spec.data.synthetic_train_images = 160;
    spec.data.synthetic_test_images = 40;
    spec
}

fn supervisor() -> (TempDir, Supervisor) {
    let folder = tempfile::tempdir().unwrap();
    let store = RunStore::new(folder.path().join("runs"));
    (folder, Supervisor::new(store, trainer::spawn))
}

fn every_step() -> StartOptions {
    StartOptions { log_every_step: true, ..StartOptions::default() }
}

fn run_to_end(handle: TrainerHandle) -> RunHistory {
    let events: Vec<LoggedEvent> = handle.events.iter().collect();
    handle.thread.join().unwrap();
    events.iter().collect()
}

fn only_run(supervisor: &Supervisor) -> RunFolder {
    supervisor.store().find("latest").unwrap()
}

/// Reads events until `wanted` says so; gives the one that did.
fn wait_for(handle: &TrainerHandle, wanted: impl Fn(&TrainEvent) -> bool) -> TrainEvent {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let event = handle.events.recv_deadline(deadline).unwrap().event;
        if let TrainEvent::Failed(failed) = &event {
            panic!("{}", failed.error);
        }
        if wanted(&event) {
            return event;
        }
    }
}

fn is_phase(event: &TrainEvent, phase: Phase) -> bool {
    matches!(event, TrainEvent::Phase(change) if change.phase == phase)
}

#[test]
fn a_run_learns_and_leaves_what_it_promises() {
    let (_folder, supervisor) = supervisor();
    let spec = RunSpec { epochs: 4, ..small() };
    let history = run_to_end(supervisor.start(spec, every_step()).unwrap());
    assert_eq!(history.ending, Some(Ending::Finished(Outcome::Completed)));
    assert_eq!((history.epochs.len(), history.steps.len(), history.step()), (4, 40, 40));
    assert!(history.epochs[3].train_loss < history.epochs[0].train_loss);
    assert!(history.epochs.iter().all(|epoch| epoch.test_loss > epoch.test_cross_entropy));

    let run = only_run(&supervisor);
    assert_eq!(run.history().unwrap(), history);
    let environment = run.description().unwrap().environment.unwrap();
    assert_eq!(environment.precision, "fp32");
    assert!(environment.data.starts_with("synthetic"));
    let (best, _) = tensor_file::read(&run.best_path()).unwrap();
    assert_eq!(best["stem.conv.weight"].size(), [16, 3, 3, 3]);
    let (all, _) = tensor_file::read(&run.checkpoint_path()).unwrap();
    assert!(all.contains_key("optimizer.second_moment.head.fc.weight"));
}

#[test]
fn a_pause_holds_within_a_step_and_the_run_goes_on() {
    let (_folder, supervisor) = supervisor();
    let handle = supervisor.start(small(), every_step()).unwrap();
    wait_for(&handle, |event| event.step() == 3 && matches!(event, TrainEvent::Step(_)));
    handle.control.send(TrainControl::Pause).unwrap();
    let paused = wait_for(&handle, |event| is_phase(event, Phase::Paused)).step();
    assert!(handle.events.recv_timeout(Duration::from_millis(300)).is_err(), "it went on");
    assert!(only_run(&supervisor).checkpoint_path().exists());
    // Requests while paused do not end the pause.
    handle.control.send(TrainControl::Pause).unwrap();
    handle.control.send(TrainControl::Checkpoint).unwrap();
    assert!(handle.events.recv_timeout(Duration::from_millis(300)).is_err(), "it went on");
    handle.control.send(TrainControl::Resume).unwrap();
    wait_for(&handle, |event| is_phase(event, Phase::Training));
    let next = wait_for(&handle, |event| matches!(event, TrainEvent::Step(_))).step();
    assert_eq!(next, paused + 1);
    handle.control.send(TrainControl::Stop).unwrap();
    let end = wait_for(&handle, |event| matches!(event, TrainEvent::Finished(_)));
    let TrainEvent::Finished(finished) = end else { panic!("{end:?}") };
    assert_eq!(finished.outcome, Outcome::Stopped);
}

#[test]
fn a_stopped_and_resumed_run_is_the_same_run() {
    stop_and_resume(RunSpec { validation_split: 0.1, ..small() });
}

#[test]
fn so_it_is_with_the_papers_recipe() {
    let mut spec = small();
    Recipe::Paper.apply(&mut spec);
    stop_and_resume(RunSpec { epochs: 2, batch_size: 16, ..spec });
}

#[test]
fn so_it_is_with_every_option() {
    let mut spec = RunSpec { flip_evaluation: true, ..small() };
    Recipe::Modern.apply(&mut spec);
    spec.augmentation.cutout = 8;
    spec.augmentation.mixup = 0.4;
    spec.augmentation.rotation_range = 10.0;
    let (epochs, batch_size, warm_up_epochs) = (2, 16, 1);
    stop_and_resume(RunSpec { epochs, batch_size, warm_up_epochs, weight_average: 0.9, ..spec });
}

/// The test of tests: stopped and resumed at three places, the run has the same bytes.
fn stop_and_resume(spec: RunSpec) {
    let (_calm_folder, calm) = supervisor();
    run_to_end(calm.start(spec.clone(), every_step()).unwrap());
    let (_folder, supervisor) = supervisor();
    let mut handle = supervisor.start(spec, every_step()).unwrap();
    for at in [2, 9, 13] {
        wait_for(&handle, |event| event.step() >= at && matches!(event, TrainEvent::Step(_)));
        handle.control.send(TrainControl::Stop).unwrap();
        run_to_end(handle);
        handle = supervisor.resume(only_run(&supervisor), |_| {}, every_step()).unwrap();
    }
    run_to_end(handle);
    let bytes =
        |supervisor: &Supervisor| std::fs::read(only_run(supervisor).checkpoint_path()).unwrap();
    assert!(bytes(&calm) == bytes(&supervisor), "the checkpoints differ");
    let best = |supervisor: &Supervisor| std::fs::read(only_run(supervisor).best_path()).unwrap();
    assert!(best(&calm) == best(&supervisor), "the best weights differ");
    let history = |supervisor: &Supervisor| only_run(supervisor).history().unwrap();
    let steps = |supervisor: &Supervisor| -> Vec<(u64, f64, f64)> {
        history(supervisor).steps.iter().map(|step| (step.step, step.loss, step.lr)).collect()
    };
    assert_eq!(steps(&calm), steps(&supervisor));
    let flips = |supervisor: &Supervisor| -> Vec<Option<f64>> {
        history(supervisor).epochs.iter().map(|epoch| epoch.test_accuracy_flip).collect()
    };
    assert_eq!(flips(&calm), flips(&supervisor));
}

#[test]
fn a_rate_that_changes_within_an_epoch_is_told_for_each_step() {
    let (_folder, supervisor) = supervisor();
    let mut spec = small();
    Recipe::Modern.apply(&mut spec);
    let spec = RunSpec { epochs: 2, batch_size: 16, warm_up_epochs: 1, ..spec };
    let history = run_to_end(supervisor.start(spec.clone(), every_step()).unwrap());
    assert_eq!(history.steps.len(), 20);
    for (index, step) in (0..).zip(&history.steps) {
        assert_eq!(step.lr, schedule::learning_rate(&spec, index, 10), "step {}", step.step);
    }
    assert_eq!((history.steps[9].lr, history.epochs[0].lr), (0.4, 0.4));
    assert_eq!(history.epochs[1].lr, history.steps[19].lr);
    // Weight decay is no part of the loss.
    assert!(history.epochs.iter().all(|epoch| epoch.test_loss == epoch.test_cross_entropy));
}

#[test]
fn what_spans_all_epochs_or_needs_another_memory_is_not_changed_on_the_way() {
    let (_folder, supervisor) = supervisor();
    let spec = RunSpec { schedule: Schedule::Cosine, max_steps: 2, ..small() };
    run_to_end(supervisor.start(spec, every_step()).unwrap());
    let longer = |spec: &mut RunSpec| spec.epochs = 3;
    let error = supervisor.resume(only_run(&supervisor), longer, every_step()).unwrap_err();
    assert!(error.to_string().contains("the cosine"), "{error}");
    for change in [(|spec| spec.optimizer = OptimizerChoice::Sgd) as fn(&mut RunSpec), |spec| {
        (spec.optimizer, spec.weight_average) = (OptimizerChoice::Adam, 0.9)
    }] {
        let resumed = supervisor.resume(only_run(&supervisor), change, every_step()).unwrap();
        let Some(Ending::Failed(error)) = run_to_end(resumed).ending else { panic!("it went on") };
        assert!(error.contains("another optimizer or weight average"), "{error}");
    }
}

/// Averaged weights are what is measured and kept; the trained ones stay in the checkpoint.
#[test]
fn the_average_is_what_is_evaluated() {
    let (_folder, supervisor) = supervisor();
    let spec = RunSpec { epochs: 1, weight_average: 0.5, ..small() };
    let history = run_to_end(supervisor.start(spec.clone(), every_step()).unwrap());
    let run = only_run(&supervisor);
    let (checkpoint, _) = tensor_file::read(&run.checkpoint_path()).unwrap();
    let (best, _) = tensor_file::read(&run.best_path()).unwrap();
    for (name, tensor) in &best {
        assert_eq!(*tensor, checkpoint[&format!("optimizer.average.{name}")], "{name}");
    }
    let name = "stages.0.0.bn1.running_var";
    assert_ne!(best[name], checkpoint[name]);
    let measured = evaluation::evaluate_file(&spec, &run.best_path(), None).unwrap();
    assert_eq!(measured.accuracy, history.epochs[0].test_accuracy);
    assert!((measured.loss - history.epochs[0].test_loss).abs() < 1e-6);
}

#[test]
fn a_dropped_owner_stops_the_run_with_a_checkpoint() {
    let (_folder, supervisor) = supervisor();
    let TrainerHandle { control, events, thread, .. } =
        supervisor.start(small(), every_step()).unwrap();
    drop(control);
    let history: RunHistory = events.iter().collect::<Vec<_>>().iter().collect();
    thread.join().unwrap();
    assert_eq!(history.ending, Some(Ending::Finished(Outcome::Stopped)));
    assert!(only_run(&supervisor).checkpoint_path().exists());
}

#[test]
fn stop_after_epoch_finishes_the_epoch() {
    let (_folder, supervisor) = supervisor();
    let handle = supervisor.start(small(), every_step()).unwrap();
    wait_for(&handle, |event| matches!(event, TrainEvent::Step(_)));
    handle.control.send(TrainControl::StopAfterEpoch).unwrap();
    let history = run_to_end(handle);
    assert_eq!(history.ending, Some(Ending::Finished(Outcome::Stopped)));
    assert_eq!(only_run(&supervisor).history().unwrap().epochs.len(), 1);
}

#[test]
fn a_step_limit_ends_the_run_and_can_be_lifted() {
    let (_folder, supervisor) = supervisor();
    let spec = RunSpec { max_steps: 7, ..small() };
    let history = run_to_end(supervisor.start(spec, every_step()).unwrap());
    assert_eq!((history.step(), history.epochs.len()), (7, 0));
    assert_eq!(history.ending, Some(Ending::Finished(Outcome::Completed)));
    let lift = |spec: &mut RunSpec| spec.max_steps = 0;
    run_to_end(supervisor.resume(only_run(&supervisor), lift, every_step()).unwrap());
    let whole = only_run(&supervisor).history().unwrap();
    assert_eq!((whole.step(), whole.epochs.len()), (20, 2));
}

#[test]
fn a_run_gone_wild_waits_at_its_last_checkpoint() {
    let (folder, supervisor) = supervisor();
    let spec = RunSpec { max_steps: 2, ..small() };
    run_to_end(supervisor.start(spec, every_step()).unwrap());
    let (mut weights, _) = tensor_file::read(&only_run(&supervisor).checkpoint_path()).unwrap();
    // Finite weights whose logits are not.
    let head = weights["head.fc.weight"].ones_like() * 3e38;
    weights.insert("head.fc.weight".to_owned(), head);
    let wild = folder.path().join("wild.safetensors");
    std::fs::write(&wild, tensor_file::encode(&weights, Metadata::new()).unwrap()).unwrap();

    let options = StartOptions { initial_weights: Some(wild), ..every_step() };
    let handle = supervisor.start(small(), options).unwrap();
    let run = supervisor.store().find(&handle.run).unwrap();
    // Twice: going on meets the same end.
    for _ in 0..2 {
        let paused = wait_for(&handle, |event| is_phase(event, Phase::Paused));
        let TrainEvent::Phase(change) = paused else { panic!("{paused:?}") };
        assert!(change.reason.unwrap().contains("stopped being a number at step 1"));
        assert_eq!(change.step, 0);
        handle.control.send(TrainControl::Resume).unwrap();
    }
    wait_for(&handle, |event| is_phase(event, Phase::Paused));
    handle.control.send(TrainControl::Stop).unwrap();
    run_to_end(handle);
    let (tensors, _) = tensor_file::read(&run.checkpoint_path()).unwrap();
    assert!(tensors.values().all(|tensor| tensor.isfinite().all().int64_value(&[]) == 1));
    assert_eq!(run.history().unwrap().step(), 0);
}

#[test]
fn other_images_are_refused_on_resume() {
    let (_folder, supervisor) = supervisor();
    let spec = RunSpec { max_steps: 2, ..small() };
    run_to_end(supervisor.start(spec, every_step()).unwrap());
    let other = |spec: &mut RunSpec| spec.data.synthetic_train_images = 170;
    let history =
        run_to_end(supervisor.resume(only_run(&supervisor), other, every_step()).unwrap());
    let Some(Ending::Failed(error)) = history.ending else { panic!("{:?}", history.ending) };
    assert!(error.contains("not those that this run began with"), "{error}");
}

#[test]
fn a_checkpoint_that_cannot_be_written_fails_the_run_and_keeps_the_one_before() {
    let (_folder, supervisor) = supervisor();
    let spec = RunSpec { max_steps: 4, ..small() };
    run_to_end(supervisor.start(spec, every_step()).unwrap());
    let run = only_run(&supervisor);
    let before = std::fs::read(run.checkpoint_path()).unwrap();
    // A folder where the best weights go: a rename onto it fails as a full disk would.
    std::fs::create_dir_all(run.best_path().join("in the way")).unwrap();
    let lift = |spec: &mut RunSpec| spec.max_steps = 0;
    let history = run_to_end(supervisor.resume(run.clone(), lift, every_step()).unwrap());
    let Some(Ending::Failed(error)) = history.ending else { panic!("{:?}", history.ending) };
    assert!(error.contains("cannot write the best weights"), "{error}");
    assert_eq!(std::fs::read(run.checkpoint_path()).unwrap(), before);
    std::fs::remove_dir_all(run.best_path()).unwrap();
    run_to_end(supervisor.resume(run.clone(), |_| {}, every_step()).unwrap());
    assert_eq!(run.history().unwrap().epochs.len(), 2);
}

#[test]
fn two_processes_cannot_train_one_run() {
    let (_folder, supervisor) = supervisor();
    let handle = supervisor.start(small(), every_step()).unwrap();
    let error = supervisor.resume(only_run(&supervisor), |_| {}, every_step()).unwrap_err();
    assert!(error.to_string().contains("being trained by another process"), "{error}");
    drop(handle.control);
    handle.thread.join().unwrap();
}

#[test]
fn every_memory_format_and_precision_trains_alike() {
    let first_losses = |spec: RunSpec| -> Vec<f64> {
        let (_folder, supervisor) = supervisor();
        let history = run_to_end(supervisor.start(spec, every_step()).unwrap());
        history.steps.iter().map(|step| step.loss).collect()
    };
    for version in [resnet_tui::config::run::Version::V1, resnet_tui::config::run::Version::V2] {
        let spec = RunSpec { version, max_steps: 3, ..small() };
        let reference = first_losses(spec.clone());
        let mut planes = spec.clone();
        planes.augmentation.data_format =
            resnet_tui::config::augmentation::DataFormat::ChannelsFirst;
        let half = RunSpec { precision: PrecisionChoice::Bf16, ..spec };
        for (other, tolerance) in [(planes, 1e-4), (half, 5e-2)] {
            for (a, b) in reference.iter().zip(first_losses(other)) {
                assert!((a - b).abs() < tolerance * a.abs(), "{version}: {a} and {b}");
            }
        }
    }
}

#[test]
fn eval_finds_what_training_measured_also_with_images_held_out() {
    let (folder, supervisor) = supervisor();
    let spec = RunSpec { epochs: 1, validation_split: 0.5, ..small() };
    let history = run_to_end(supervisor.start(spec, StartOptions::default()).unwrap());
    let measured = &history.epochs[0];
    let run = only_run(&supervisor);
    let eval = |weights: &Path, flags: &str| -> Evaluated {
        let mut command = Command::new(env!("CARGO_BIN_EXE_resnet-tui"));
        command.env("HOME", folder.path()).env_remove("XDG_CONFIG_HOME");
        command.args(["eval", "--json", "--device", "cpu", "--weights"]).arg(weights);
        let output = command.args(flags.split_whitespace()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let agrees = |it: &Evaluated| {
        (it.loss - measured.test_loss).abs() < 1e-6 && it.accuracy == measured.test_accuracy
    };
    // In its folder the weights come with the recipe.
    let beside = eval(&run.best_path(), "");
    assert!(agrees(&beside), "{beside:?} is not {measured:?}");
    let alone = folder.path().join("weights.safetensors");
    std::fs::copy(run.best_path(), &alone).unwrap();
    let flags = "--arch v1 --n 1 --precision fp32 --synthetic --synthetic-train-images 160 \
                 --synthetic-test-images 40";
    let told = eval(&alone, &format!("{flags} --validation-split 0.5"));
    assert!(agrees(&told), "{told:?} is not {measured:?}");
    assert!(!agrees(&eval(&alone, flags)), "the mean of all images is another");
}
