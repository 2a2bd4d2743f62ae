//! The dashboard as a person meets it: the real program in a pseudo-terminal.

mod trouble;

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use resnet_tui::protocol::Outcome;
use resnet_tui::runs::history::Ending;
use resnet_tui::runs::{RunFolder, RunHistory, RunStore};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// How long anything may take before the test fails: other work may have the machine.
const PATIENCE: Duration = Duration::from_secs(180);

const PROGRAM: &str = env!("CARGO_BIN_EXE_resnet-tui");

/// A run that takes long enough for anybody to press keys.
const CONFIG: &str = r#"
[run]
n = 1
epochs = 10000
device = "cpu"
precision = "fp32"
threads = 1
[run.data]
source = "synthetic"
synthetic_train_images = 320
synthetic_test_images = 50
"#;

/// A screen that fills while the program draws.
type Shared = Arc<(Mutex<vt100::Parser>, Condvar)>;

struct Terminal {
    root: TempDir,
    screen: Shared,
    /// The side of the person; without it the terminal is gone.
    side: Option<Side>,
    child: Box<dyn Child + Send + Sync>,
}

/// What a person at the terminal holds of it.
struct Side {
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    /// Whether the watcher is to let go with what comes next.
    letting_go: Arc<AtomicBool>,
    watcher: JoinHandle<()>,
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).unwrap()
}

impl Terminal {
    /// Opens the dashboard on 80 by 24, in folders of its own.
    fn open() -> Self {
        Self::open_with(|root| {
            let mut command = CommandBuilder::new(PROGRAM);
            arguments(root).iter().for_each(|argument| command.arg(argument));
            command
        })
    }

    fn open_with(command: impl FnOnce(&TempDir) -> CommandBuilder) -> Self {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("config.toml"), CONFIG).unwrap();
        let mut command = command(&root);
        command.env("HOME", root.path());
        command.env("TERM", "xterm-256color");
        ["NO_COLOR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"]
            .iter()
            .for_each(|name| command.env_remove(name));
        command.cwd(env!("CARGO_MANIFEST_DIR"));
        let pair = native_pty_system().openpty(size(80, 24)).unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        let keys = pair.master.take_writer().unwrap();
        let reader = pair.master.try_clone_reader().unwrap();
        let screen: Shared =
            Arc::new((Mutex::new(vt100::Parser::new(cells(24), cells(80), 0)), Condvar::default()));
        let letting_go = Arc::new(AtomicBool::new(false));
        let watcher = watch(reader, Arc::clone(&screen), Arc::clone(&letting_go));
        let side = Some(Side { master: pair.master, keys, letting_go, watcher });
        Self { root, screen, side, child }
    }

    fn press(&mut self, keys: &str) {
        let side = self.side.as_mut().unwrap();
        side.keys.write_all(keys.as_bytes()).unwrap();
        side.keys.flush().unwrap();
    }

    /// Lets go of the terminal, as a connection does that drops. The program must be drawing now and
    /// then: with its next drawing the last hand is off.
    fn hang_up(&mut self) {
        let side = self.side.take().unwrap();
        side.letting_go.store(true, Ordering::SeqCst);
        side.watcher.join().unwrap();
    }

    /// Waits until the screen satisfies a condition; gives its text.
    fn until(&self, what: &str, condition: impl Fn(&vt100::Screen) -> bool) -> String {
        let (parser, changed) = &*self.screen;
        let deadline = Instant::now() + PATIENCE;
        let mut parser = parser.lock().unwrap();
        while !condition(parser.screen()) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "no {what} on:\n{}", parser.screen().contents());
            parser = changed.wait_timeout(parser, left).unwrap().0;
        }
        parser.screen().contents()
    }

    fn until_text(&self, text: &str) -> String {
        self.until(text, |screen| screen.contents().contains(text))
    }

    /// Starts a run and waits until it trains.
    fn start(&mut self) {
        self.until_text("enter starts this run");
        self.press("\r");
        self.until_text("▶ training");
    }

    fn resize(&self, columns: u16, rows: u16) {
        self.screen.0.lock().unwrap().set_size(cells(rows), cells(columns));
        self.side.as_ref().unwrap().master.resize(size(columns, rows)).unwrap();
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.process_id().unwrap() as i32).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Waits for the end: the exit status, with the terminal as it was before the program came.
    fn end(&mut self) -> u32 {
        self.until("normal screen", |screen| {
            !screen.alternate_screen()
                && !screen.hide_cursor()
                && !screen.bracketed_paste()
                && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
        });
        self.wait().exit_code()
    }

    /// Waits for the program to end by itself.
    fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "the program does not end");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until the run on disk satisfies a condition.
    fn until_run(&self, what: &str, condition: impl Fn(&RunHistory) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !condition(&self.run().1) {
            assert!(Instant::now() < deadline, "no {what}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn run(&self) -> (RunFolder, RunHistory) {
        let store = RunStore::new(self.root.path().join("runs"));
        let folder = store.find("latest").unwrap();
        let history = folder.history().unwrap();
        (folder, history)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // After a failed test nobody is left to end it.
        let _ = self.child.kill();
    }
}

fn arguments(root: &TempDir) -> [String; 4] {
    let path = |name: &str| root.path().join(name).display().to_string();
    ["--config".to_owned(), path("config.toml"), "--runs-dir".to_owned(), path("runs")]
}

/// Shows what the program writes until it ends.
fn watch(
    mut reader: Box<dyn Read + Send>,
    screen: Shared,
    letting_go: Arc<AtomicBool>,
) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(read @ 1..) = reader.read(&mut bytes) {
            screen.0.lock().unwrap().process(&bytes[..read]);
            screen.1.notify_all();
            if letting_go.load(Ordering::SeqCst) {
                return;
            }
        }
    })
}

/// The run goes on from its checkpoint for a few steps, and those are its last.
fn go_on(terminal: &Terminal) {
    let (folder, history) = terminal.run();
    assert!(folder.checkpoint_path().is_file());
    let last = history.step() + 3;
    let mut command = Command::new(PROGRAM);
    command.args(&arguments(&terminal.root)[..2]).args(["train", "--resume", "latest"]);
    command.arg("--runs-dir").arg(terminal.root.path().join("runs"));
    let output = command.args(["--max-steps", &last.to_string()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (_, history) = terminal.run();
    assert_eq!(history.step(), last);
    assert_eq!(history.ending, Some(Ending::Finished(Outcome::Completed)));
}

#[test]
fn start_pause_go_on_pause_and_quit_then_resume() {
    let mut terminal = Terminal::open();
    terminal.start();
    terminal.press("p");
    let paused = terminal.until_text("PAUSED");
    assert!(paused.contains("ResNet8v1"), "{paused}");
    terminal.press("p");
    terminal.until("training again", |screen| {
        let text = screen.contents();
        text.contains("▶ training") && !text.contains("PAUSED")
    });
    terminal.press("q");
    terminal.until_text("pause and quit");
    terminal.press("p");
    assert_eq!(terminal.end(), 0);
    terminal.until_text("train --resume");
    go_on(&terminal);
}

#[test]
fn a_run_that_cannot_start_says_why_on_the_screen() {
    let mut terminal = Terminal::open_with(|root| {
        std::fs::write(root.path().join("config.toml"), "[run]\ndevice = \"cpu\"\n").unwrap();
        let mut command = CommandBuilder::new(PROGRAM);
        arguments(root).iter().for_each(|argument| command.arg(argument));
        command
    });
    terminal.until_text("enter starts this run");
    terminal.press("\r");
    terminal.until_text("The run could not start");
    terminal.press("\x1b");
    terminal.until("Setup", |screen| !screen.contents().contains("could not start"));
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn a_recorded_run_is_played_without_training() {
    let mut terminal = Terminal::open_with(|root| {
        let mut command = CommandBuilder::new(PROGRAM);
        arguments(root).iter().for_each(|argument| command.arg(argument));
        command.args(["--replay", "assets/resnet20v1.replay.jsonl", "--speed", "max"]);
        command
    });
    let text = terminal.until_text("✓ finished");
    assert!(text.contains("replay") && text.contains("ResNet20v1"), "{text}");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
    let runs = RunStore::new(terminal.root.path().join("runs")).folders().unwrap();
    assert_eq!(runs, [], "a replay leaves no run behind");
}
