//! The loop: what happened goes in, commands are done, and the screen is drawn when it changed.

use std::io;
use std::time::{Duration, Instant};

use anyhow::Result;
use crossbeam_channel::{Receiver, after, never, select_biased};
use jiff::Timestamp;
use ratatui::Terminal;
use ratatui::backend::Backend;
use ratatui::layout::Size;

use super::trainers::Trainers;
use crate::app::{App, Cmd, Msg, update};
use crate::monitor;
use crate::views;

/// The least time between two drawings that no key asked for.
const FRAME: Duration = Duration::from_millis(33);

/// How often what depends on time alone is drawn.
const TICK: Duration = Duration::from_secs(1);

/// How often the load of the machine is looked at.
const MACHINE: Duration = Duration::from_secs(2);

/// Messages taken in before the screen is drawn again.
const AT_ONCE: usize = 1_000;

/// Runs the dashboard until it is left. `suspend` suspends the program and returns when it goes on.
///
/// Keys come first: one is shown at once, however much the trainers have to say. Nothing is drawn
/// while nothing changes. A terminal that can no longer be drawn on ends the session as a signal
/// does, with a checkpoint of every run.
pub fn run<B: Backend>(
    terminal: &mut Terminal<B>,
    inputs: &Receiver<Msg>,
    app: App,
    trainers: Trainers,
    suspend: impl FnMut() -> io::Result<()>,
) -> Result<App> {
    let mut session =
        Session { app, trainers, suspend, ended: false, cleared: false, size: Size::default() };
    let mut inputs = inputs.clone();
    // Without it the numbers of the machine stay away.
    let machine = monitor::spawn(MACHINE).unwrap_or_else(|_| never());
    let mut drawable = true;
    let mut changed = true;
    let mut drawn: Option<Instant> = None;
    while !session.ended {
        let since = drawn.map_or(FRAME, |drawn| drawn.elapsed());
        if changed && drawable && since >= FRAME {
            drawable = session.draw(terminal);
            (changed, drawn) = (false, Some(Instant::now()));
            if !drawable {
                session.take(Msg::Terminate);
                continue;
            }
        }
        let next_frame =
            if changed && drawable { after(FRAME - since.min(FRAME)) } else { never() };
        let tick = if session.app.depends_on_time() { after(TICK) } else { never() };
        let samples = if session.app.watches_machine() { machine.clone() } else { never() };
        let words = session.trainers.words().clone();
        let mut by_key = false;
        select_biased! {
            recv(inputs) -> msg => match msg {
                Ok(msg) => {
                    session.take(msg);
                    by_key = true;
                }
                // Whoever read the terminal is gone.
                Err(_) => {
                    inputs = never();
                    session.take(Msg::Terminate);
                }
            },
            recv(words) -> msg => {
                if let Ok(msg) = msg {
                    session.take(msg);
                }
            },
            recv(next_frame) -> _ => continue,
            recv(samples) -> sample => {
                if let Ok(sample) = sample {
                    session.take(Msg::Machine(sample));
                }
            },
            recv(tick) -> _ => session.take(Msg::Tick(Timestamp::now())),
        }
        for _ in 0..AT_ONCE {
            if session.ended {
                break;
            }
            if let Ok(msg) = inputs.try_recv() {
                session.take(msg);
                by_key = true;
            } else if let Ok(msg) = words.try_recv() {
                session.take(msg);
            } else {
                break;
            }
        }
        changed = true;
        if by_key {
            drawn = None;
        }
    }
    Ok(session.app)
}

struct Session<S> {
    app: App,
    trainers: Trainers,
    suspend: S,
    ended: bool,
    /// Whether the next drawing begins with an empty screen.
    cleared: bool,
    /// What was last drawn on.
    size: Size,
}

impl<S: FnMut() -> io::Result<()>> Session<S> {
    /// Takes in a message and does what it leads to.
    fn take(&mut self, msg: Msg) {
        self.trainers.heard(&msg);
        let msg = match msg {
            Msg::Mouse(mouse) => match views::pointer(&self.app, self.size, mouse) {
                Some(msg) => msg,
                None => return,
            },
            msg => msg,
        };
        for command in update(&mut self.app, msg) {
            self.perform(command);
        }
    }

    fn perform(&mut self, command: Cmd) {
        match command {
            Cmd::Start(spec) => {
                let answer = self.trainers.start(*spec);
                self.take(answer);
            }
            Cmd::Resume(run) => {
                let answer = self.trainers.resume(&run);
                self.take(answer);
            }
            Cmd::Control { run, control } => self.trainers.control(&run, control),
            Cmd::Compare(request) => self.trainers.read_run(request),
            Cmd::Redraw => self.cleared = true,
            Cmd::Suspend => {
                self.cleared = true;
                if let Err(error) = (self.suspend)() {
                    let title = "Cannot suspend".to_owned();
                    self.take(Msg::Error { title, text: error.to_string() });
                }
            }
            Cmd::Quit => {
                // Someone who did not wait for the runs will not wait for their checkpoints.
                if self.app.active_runs().any(|run| !run.is_paused()) {
                    self.trainers.abandon();
                }
                self.ended = true;
            }
        }
    }

    /// Draws; false where the terminal cannot be drawn on any more.
    fn draw<B: Backend>(&mut self, terminal: &mut Terminal<B>) -> bool {
        if std::mem::take(&mut self.cleared) && terminal.clear().is_err() {
            return false;
        }
        let drawn = terminal.draw(|frame| {
            self.size = frame.area().as_size();
            views::draw(frame, &self.app);
        });
        drawn.is_ok()
    }
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
