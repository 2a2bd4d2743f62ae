//! What the dashboard costs: training with it against training without, the time from a key to its effect
//! while training uses every core, and what it does while nothing happens.
//! `cargo bench --bench interface`

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on should stop")]

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, PtySize, native_pty_system};
use resnet_tui::runs::RunStore;

const PROGRAM: &str = env!("CARGO_BIN_EXE_resnet-tui");

/// Pairs of one run without and one with the dashboard.
const PAIRS: usize = 6;

/// Changes of the screen that are timed.
const KEYS: usize = 60;

/// ResNet20 v1 on every core, 200 steps of 32 images an epoch.
fn config(epochs: u32) -> String {
    format!(
        r#"
[run]
n = 3
epochs = {epochs}
device = "cpu"
precision = "fp32"
[run.data]
source = "synthetic"
synthetic_train_images = 6400
synthetic_test_images = 100
"#
    )
}

fn main() {
    idle();
    latency();
    cost();
}

/// A program in a pseudo-terminal, and what it writes there.
struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    /// Bytes written so far.
    written: usize,
}

fn open(root: &Path, config: &str) -> Terminal {
    fs::write(root.join("config.toml"), config).unwrap();
    let mut command = CommandBuilder::new(PROGRAM);
    command.args(["--config".as_ref(), root.join("config.toml").as_os_str()]);
    command.args(["--runs-dir".as_ref(), root.join("runs").as_os_str()]);
    command.env("TERM", "xterm-256color");
    command.cwd(env!("CARGO_MANIFEST_DIR"));
    let size = PtySize { rows: 45, cols: 160, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).unwrap();
    let child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let keys = pair.master.take_writer().unwrap();
    let mut reader = pair.master.try_clone_reader().unwrap();
    let (sender, output) = mpsc::channel();
    thread::spawn(move || {
        let _master = pair.master;
        let mut bytes = [0; 65_536];
        while let Ok(count @ 1..) = reader.read(&mut bytes) {
            if sender.send(bytes[..count].to_vec()).is_err() {
                break;
            }
        }
    });
    let size = |count| std::num::NonZeroU16::new(count).unwrap();
    let screen = vt100::Parser::new(size(45), size(160), 0);
    Terminal { child, keys, output, screen, written: 0 }
}

impl Terminal {
    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits until a text is on the screen.
    fn until(&mut self, text: &str) {
        while !self.screen.screen().contents().contains(text) {
            let bytes = self.output.recv_timeout(Duration::from_secs(120)).unwrap();
            self.written += bytes.len();
            self.screen.process(&bytes);
        }
    }

    /// Takes in what is written for so long.
    fn watch(&mut self, duration: Duration) {
        let end = Instant::now() + duration;
        while let Ok(bytes) =
            self.output.recv_timeout(end.saturating_duration_since(Instant::now()))
        {
            self.written += bytes.len();
            self.screen.process(&bytes);
        }
    }

    fn end(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Processor time used so far, in milliseconds.
    fn processor_milliseconds(&self) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.process_id().unwrap()));
        let stat = stat.unwrap();
        // The name, in parentheses, may hold spaces; times are the 14th and 15th, in hundredths.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        10 * (fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap())
    }
}

fn idle() {
    let root = tempfile::tempdir().unwrap();
    let mut terminal = open(root.path(), &config(1));
    terminal.until("enter starts this run");
    terminal.watch(Duration::from_secs(2));
    let (written, before) = (terminal.written, terminal.processor_milliseconds());
    terminal.watch(Duration::from_secs(20));
    println!(
        "idle for 20 s: {} ms of processor time, {} bytes written",
        terminal.processor_milliseconds() - before,
        terminal.written - written
    );
    terminal.end();
}

fn latency() {
    let root = tempfile::tempdir().unwrap();
    let mut terminal = open(root.path(), &config(1_000));
    terminal.until("enter starts this run");
    terminal.press("\r");
    terminal.until("▶ training");
    terminal.watch(Duration::from_secs(3));
    let screens = [("3", "Keras: test accuracy"), ("2", "images/s"), ("1", "version")];
    let mut times = Vec::new();
    for (key, text) in screens.iter().cycle().take(KEYS) {
        let begun = Instant::now();
        terminal.press(key);
        terminal.until(text);
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        terminal.watch(Duration::from_millis(237));
    }
    println!(
        "from a key to the next screen, while training uses every core, ms: {}",
        spread(times)
    );
    terminal.end();
}

fn cost() {
    let mut ratios = Vec::new();
    for pair in 1..=PAIRS {
        let headless = || {
            let root = tempfile::tempdir().unwrap();
            fs::write(root.path().join("config.toml"), config(1)).unwrap();
            let mut command = Command::new(PROGRAM);
            command.arg("--config").arg(root.path().join("config.toml"));
            command.arg("--runs-dir").arg(root.path().join("runs")).arg("train");
            command.current_dir(env!("CARGO_MANIFEST_DIR"));
            let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
            assert!(status.success());
            train_seconds(root.path())
        };
        let dashboard = || {
            let root = tempfile::tempdir().unwrap();
            let mut terminal = open(root.path(), &config(1));
            terminal.until("enter starts this run");
            terminal.press("\r");
            terminal.until("✓ finished");
            terminal.end();
            train_seconds(root.path())
        };
        // Each goes first in half of the pairs.
        let (without, with) = if pair % 2 == 0 {
            let without = headless();
            (without, dashboard())
        } else {
            let with = dashboard();
            (headless(), with)
        };
        println!("pair {pair}: {without:.2} s without, {with:.2} s with the dashboard");
        ratios.push(with / without);
    }
    println!("with the dashboard / without: {}", spread(ratios));
}

/// Seconds that the run in a folder trained for.
fn train_seconds(root: &Path) -> f64 {
    let folder = RunStore::new(root.join("runs")).find("latest").unwrap();
    folder.history().unwrap().train_seconds()
}

/// Median, and the smallest and largest.
fn spread(mut numbers: Vec<f64>) -> String {
    numbers.sort_by(f64::total_cmp);
    let median = f64::midpoint(numbers[(numbers.len() - 1) / 2], numbers[numbers.len() / 2]);
    format!("median {median:.3}, {:.3} to {:.3}", numbers[0], numbers[numbers.len() - 1])
}
