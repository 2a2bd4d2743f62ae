//! A run that is killed again and again ends as one that was left alone.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use resnet_tui::protocol::{EpochMetrics, LoggedEvent};
use resnet_tui::runs::{RunFolder, RunStore};

fn program(runs: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_resnet-tui"));
    command.arg("--config").arg("config.example.toml");
    command.args(["train", "--json", "--log-every-step", "--runs-dir"]).arg(runs);
    command.stdout(Stdio::piped()).stderr(Stdio::inherit());
    command
}

/// Everything that is drawn, remembered or computed from the step besides what Keras has.
const EVERY_OPTION: [&str; 15] = [
    "--recipe",
    "modern",
    "--epochs",
    "2",
    "--batch-size",
    "32",
    "--warm-up-epochs",
    "1",
    "--cutout",
    "8",
    "--mixup",
    "0.4",
    "--weight-average",
    "0.99",
    "--flip-evaluation",
];

fn begin(runs: &Path, options: &[&str]) -> Child {
    let mut command = program(runs);
    command.args(["--synthetic", "--synthetic-train-images", "1920"]);
    command.args(["--synthetic-test-images", "300", "--n", "1"]);
    command.args(["--device", "cpu", "--precision", "fp32", "--checkpoint-seconds", "1"]);
    command.args(["--validation-split", "0.1", "--rotation-range", "10"]).args(options);
    command.spawn().unwrap()
}

fn resume(runs: &Path) -> Child {
    program(runs).args(["--resume", "latest"]).spawn().unwrap()
}

fn finish(mut child: Child) {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let last = lines.last().unwrap().unwrap();
    assert!(child.wait().unwrap().success(), "{last}");
    assert!(last.contains(r#""outcome":"completed""#), "{last}");
}

/// Kills the process once it has said `lines` lines; whatever it does at that moment.
fn kill_after(mut child: Child, lines: usize) {
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let said = stdout.lines().take(lines).count();
    child.kill().unwrap();
    child.wait().unwrap();
    println!("killed after {said} lines");
}

fn only_run(runs: &Path) -> RunFolder {
    let folders = RunStore::new(runs.to_owned()).folders().unwrap();
    assert_eq!(folders.len(), 1);
    folders[0].clone()
}

/// The epochs without what the clock says.
fn epochs(run: &RunFolder) -> Vec<EpochMetrics> {
    let epochs = run.history().unwrap().epochs.into_iter();
    epochs.map(|epoch| EpochMetrics { train_seconds: 0.0, eval_seconds: 0.0, ..epoch }).collect()
}

fn steps(run: &RunFolder) -> Vec<(u64, f64)> {
    run.history().unwrap().steps.iter().map(|step| (step.step, step.loss)).collect()
}

#[test]
fn killed_runs_end_bit_identical() {
    kill_again_and_again(&["--epochs", "2"], 5, 60);
}

#[test]
fn killed_runs_with_every_option_end_bit_identical() {
    kill_again_and_again(&EVERY_OPTION, 2, 20);
}

/// Kills a run as often as asked for, each time within its first lines.
fn kill_again_and_again(options: &[&str], kills: u32, lines: usize) {
    let kills = std::env::var("KILLS").map_or(kills, |text| text.parse().unwrap());
    let seed = std::env::var("KILL_SEED").map_or_else(
        |_| std::time::UNIX_EPOCH.elapsed().unwrap().as_secs(),
        |text| text.parse().unwrap(),
    );
    println!("KILL_SEED={seed} KILLS={kills}");
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let (calm, rough) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    finish(begin(calm.path(), options));

    kill_after(begin(rough.path(), options), random.random_range(2..lines));
    for _ in 1..kills {
        kill_after(resume(rough.path()), random.random_range(1..lines + 10));
    }
    let before = only_run(rough.path()).history().unwrap();
    println!("at step {} after the last kill", before.step());
    finish(resume(rough.path()));

    let (calm, rough) = (only_run(calm.path()), only_run(rough.path()));
    for (name, path) in [
        ("checkpoint", RunFolder::checkpoint_path as fn(&RunFolder) -> _),
        ("best weights", RunFolder::best_path),
    ] {
        let same = std::fs::read(path(&calm)).unwrap() == std::fs::read(path(&rough)).unwrap();
        assert!(same, "the {name} differ");
    }
    assert_eq!(epochs(&calm), epochs(&rough));
    // The log has every step once, with the same losses, and every line is whole.
    assert_eq!(steps(&calm), steps(&rough));
    let log = std::fs::read_to_string(rough.events_path()).unwrap();
    for line in log.lines() {
        serde_json::from_str::<LoggedEvent>(line).unwrap();
    }
}
