//! The dashboard on a real terminal.

mod disk;

mod guard;

mod input;

mod reader;

mod run;

mod tasks;

#[cfg(test)]
mod testing;

mod trainers;

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use anyhow::{Context, Result};
use crossbeam_channel::unbounded;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use crate::app::{App, summary};
use crate::config::interface::InterfaceConfig;
use crate::config::queue::QueueConfig;
use crate::config::run::RunSpec;
use crate::native::exit_at_once;
use crate::presets::Presets;
use crate::replay::Replay;
use crate::supervisor::Supervisor;
use guard::Guard;
use run::Handover;
use tasks::{Places, Tasks};
use trainers::Trainers;

/// What the dashboard begins with.
pub struct Session {
    /// Starts and resumes runs.
    pub supervisor: Supervisor,
    /// How it looks and answers.
    pub interface: InterfaceConfig,
    /// How runs that wait are started.
    pub queue: QueueConfig,
    /// What the Setup screen starts from.
    pub spec: RunSpec,
    /// What the user should know about this machine, such as why there is no GPU.
    pub notes: Vec<String>,
    /// Where messages go that libraries print while the dashboard is on the screen.
    pub log: PathBuf,
    /// Where CIFAR-10 lies for a run that names no folder.
    pub data: PathBuf,
    /// Named set-ups.
    pub presets: Presets,
    /// A recorded run to play.
    pub replay: Option<Replay>,
}

/// Opens the dashboard and returns when the user left it, with the terminal as it was before and a
/// summary of the session printed.
///
/// # Errors
/// When the terminal cannot be taken over or drawn on.
pub fn run(session: Session) -> Result<()> {
    // By convention any value that is not empty counts.
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let mut app = App::new(&session.interface, no_colour, session.spec, session.notes);
    app.queue.config = session.queue;
    let tasks = Tasks::new(Places {
        store: session.supervisor.store().clone(),
        data: session.data,
        presets: session.presets,
        log: session.log.clone(),
    });
    let mut trainers = Trainers::new(session.supervisor);
    if let Some(replay) = session.replay {
        app.replay = Some(replay.run().to_owned());
        trainers.play(replay)?;
    }
    let (sender, inputs) = unbounded();
    input::watch_signals(sender.clone()).context("cannot watch for signals")?;
    let guard = Guard::enter(session.interface.mouse, &session.log)?;
    input::read_events(sender).context("cannot start the input thread")?;
    let backend = CrosstermBackend::new(BufWriter::with_capacity(1 << 16, io::stdout()));
    let mut terminal = Terminal::new(backend).context("cannot draw on the terminal")?;
    let app = run::run(&mut terminal, &inputs, app, trainers, tasks, |handover| match handover {
        Handover::Suspend => guard.suspend(),
        Handover::Retake => guard.retake(),
    });
    // In this order: it complains on standard error where the terminal is gone, and panics where it
    // cannot; until the guard is dropped that is the log.
    drop(terminal);
    drop(guard);
    // The terminal may be gone by now; the runs are safe all the same.
    let mut stdout = io::stdout();
    let _ = stdout.write_all(summary::summary(&app).as_bytes()).and_then(|()| stdout.flush());
    if app.active_runs().any(|run| !run.is_paused()) {
        // Left at once, with trainers at work.
        exit_at_once(0);
    }
    Ok(())
}
