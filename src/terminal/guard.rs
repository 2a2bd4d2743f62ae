//! Takes the terminal over and gives it back, whatever happens in between.

use std::fs::{self, OpenOptions};
use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{panic, thread};

use anyhow::{Context, Result};
use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::execute;
use crossterm::style::force_color_output;
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};

use crate::native::stop_process_group;

/// Whether the terminal is taken over now. The panic hook must know as well.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Where standard error went before.
static STDERR: Mutex<Option<OwnedFd>> = Mutex::new(None);

/// The terminal in raw mode and on its alternate screen, given back when dropped.
pub struct Guard {
    mouse: bool,
}

impl Guard {
    /// Takes the terminal over. What is printed on standard error goes to `log` meanwhile, since it
    /// would land in the middle of the screen. A panic of this thread gives the terminal back before
    /// its message is printed; one of another thread, the trainer above all, goes to the log, and the
    /// dashboard stays.
    pub fn enter(mouse: bool, log: &Path) -> Result<Self> {
        // With NO_COLOR set crossterm would turn every change of colour into a reset, bold and
        // reverse included. The theme leaves out colours itself.
        force_color_output(true);
        redirect_stderr(log)?;
        let guard = Self { mouse };
        take(mouse).inspect_err(|_| give_back()).context("cannot take over the terminal")?;
        let screen = thread::current().id();
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if thread::current().id() == screen {
                give_back();
            }
            before(info);
        }));
        Ok(guard)
    }

    /// Gives the terminal back, suspends the program as the shell expects it, and takes the terminal
    /// over again once it goes on.
    pub fn suspend(&self) -> io::Result<()> {
        give_back_screen();
        // The whole group: `make run` and the like must stop too, or the shell never gets its turn.
        let suspended = stop_process_group();
        take(self.mouse)?;
        suspended
    }

    /// Takes the terminal over again. A shell that had it meanwhile has left it in its own mode.
    pub fn retake(&self) -> io::Result<()> {
        disable_raw_mode()?;
        take(self.mouse)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        give_back();
    }
}

fn take(mouse: bool) -> io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste)?;
    if mouse {
        execute!(io::stdout(), EnableMouseCapture)?;
    }
    Ok(())
}

fn give_back() {
    give_back_screen();
    let before = STDERR.lock().ok().and_then(|mut stderr| stderr.take());
    if let Some(before) = before {
        // Nothing is left to say it on if this fails.
        let _ = rustix::stdio::dup2_stderr(before);
    }
}

/// Does as much as can be done: the terminal may be gone.
fn give_back_screen() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let mut stdout = io::stdout();
        let _ = execute!(stdout, DisableMouseCapture, DisableBracketedPaste);
        let _ = execute!(stdout, LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
    }
}

/// Sends standard error to the log, if it is the terminal's.
fn redirect_stderr(log: &Path) -> Result<()> {
    let stderr = io::stderr();
    if !stderr.is_terminal() {
        return Ok(());
    }
    let opened = log
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| OpenOptions::new().create(true).append(true).open(log));
    // A log that cannot be written must not keep anybody from training.
    let log = opened.or_else(|_| OpenOptions::new().write(true).open("/dev/null"))?;
    let before = stderr.as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stderr(&log).context("cannot redirect standard error")?;
    if let Ok(mut kept) = STDERR.lock() {
        *kept = Some(before);
    }
    Ok(())
}
