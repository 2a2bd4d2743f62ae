//! Training against the vectors of the original Keras code: ten steps of three networks.

use std::path::{Path, PathBuf};

use resnet_tui::config::run::{DeviceChoice, PrecisionChoice, RunSpec, Version};
use resnet_tui::model::tensor_file;
use resnet_tui::protocol::{EpochMetrics, StepMetrics, TrainEvent};
use resnet_tui::runs::RunStore;
use resnet_tui::supervisor::{StartOptions, Supervisor};
use resnet_tui::training::{evaluation, trainer};
use serde::Deserialize;

#[derive(Deserialize)]
struct Measured {
    loss: f64,
    cross_entropy: f64,
    accuracy: f64,
}

#[derive(Deserialize)]
struct Step {
    loss: f64,
    accuracy: f64,
}

#[derive(Deserialize)]
struct Expected {
    parameters: u64,
    test_before: Measured,
    train_steps: Vec<Step>,
    test_after: Measured,
}

fn golden(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(path)
}

fn close(name: &str, got: f64, expected: f64, tolerance: f64) {
    let difference = (got - expected).abs() / expected.abs().max(1e-12);
    println!("{name}: {got} against {expected}, relative difference {difference:.1e}");
    assert!(difference <= tolerance, "{name}: {got} is not {expected}");
}

fn train_as_keras_did(version: Version, n: u32) {
    let folder = golden(&format!("{version}_n{n}"));
    let expected: Expected =
        serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
    let runs = tempfile::tempdir().unwrap();
    let supervisor = Supervisor::new(RunStore::new(runs.path().to_owned()), trainer::spawn);
    let mut spec = RunSpec {
        version,
        n,
        epochs: 1,
        data_augmentation: false,
        shuffle: false,
        device: DeviceChoice::Cpu,
        precision: PrecisionChoice::Fp32,
        ..RunSpec::default()
    };
    spec.data.folder = golden("data");
    let options = StartOptions {
        initial_weights: Some(folder.join("init.safetensors")),
        log_every_step: true,
    };
    let handle = supervisor.start(spec, options).unwrap();
    let events: Vec<TrainEvent> = handle.events.iter().map(|logged| logged.event).collect();
    let mut steps: Vec<&StepMetrics> = Vec::new();
    let mut epochs: Vec<&EpochMetrics> = Vec::new();
    for event in &events {
        match event {
            TrainEvent::Started(started) => assert_eq!(started.parameters, expected.parameters),
            TrainEvent::Step(step) => steps.push(step),
            TrainEvent::Epoch(epoch) => epochs.push(epoch),
            TrainEvent::Failed(failed) => panic!("{}", failed.error),
            _ => {}
        }
    }
    assert_eq!(steps.len(), expected.train_steps.len());
    for (step, expected) in steps.iter().zip(&expected.train_steps) {
        // Adam amplifies rounding: what differs by 1e-7 at first differs by 1e-2 ten steps later.
        let tolerance = match step.step {
            1 => 1e-5,
            2 | 3 => 2e-3,
            _ => 2e-2,
        };
        close(&format!("loss of step {}", step.step), step.loss, expected.loss, tolerance);
        let one_image = 1.0 / 32.0 + 1e-9;
        assert!((step.accuracy - expected.accuracy).abs() <= one_image, "step {}", step.step);
    }
    let after = &expected.test_after;
    close("test loss after", epochs[0].test_loss, after.loss, 5e-2);
    close("cross-entropy after", epochs[0].test_cross_entropy, after.cross_entropy, 5e-2);
    assert!((epochs[0].test_accuracy - after.accuracy).abs() <= 0.05);
}

/// The given weights have every bias set, also those that batch norm removes: this is what proves that
/// folding them away changes nothing.
fn evaluate_as_keras_did(version: Version, n: u32) {
    let folder = golden(&format!("{version}_n{n}"));
    let expected: Expected =
        serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
    let mut spec = RunSpec {
        version,
        n,
        data_augmentation: false,
        device: DeviceChoice::Cpu,
        precision: PrecisionChoice::Fp32,
        ..RunSpec::default()
    };
    spec.data.folder = golden("data");
    let written = tempfile::tempdir().unwrap();
    let path = written.path().join("logits.safetensors");
    let weights = folder.join("init.safetensors");
    let measured = evaluation::evaluate_file(&spec, &weights, Some(&path)).unwrap();
    let before = &expected.test_before;
    close("test loss before", measured.loss, before.loss, 1e-5);
    close("cross-entropy before", measured.cross_entropy, before.cross_entropy, 1e-5);
    assert_eq!((measured.accuracy, measured.images), (before.accuracy, 128));
    let (logits, _) = tensor_file::read(&path).unwrap();
    assert_eq!(logits["logits"].size(), [128, 10]);
    let (golden, _) = tensor_file::read(&folder.join("expected.safetensors")).unwrap();
    let first = logits["logits"].narrow(0, 0, 16);
    let largest = golden["logits_before"].abs().max().double_value(&[]);
    let difference = (first - &golden["logits_before"]).abs().max().double_value(&[]) / largest;
    println!("logits before: largest difference {difference:.1e} of the largest logit");
    assert!(difference < 1e-5, "{difference}");
}

#[test]
fn logits_before_training() {
    evaluate_as_keras_did(Version::V1, 2);
    evaluate_as_keras_did(Version::V1, 3);
    evaluate_as_keras_did(Version::V2, 2);
}

#[test]
fn resnet14_v1() {
    train_as_keras_did(Version::V1, 2);
}

#[test]
fn resnet20_v1() {
    train_as_keras_did(Version::V1, 3);
}

#[test]
fn resnet20_v2() {
    train_as_keras_did(Version::V2, 2);
}
