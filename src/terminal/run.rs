//! The loop: what happened goes in, commands are done, and the screen is drawn when it changed.

use std::io;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, after, at, never, select_biased};
use jiff::Timestamp;
use ratatui::Terminal;
use ratatui::backend::Backend;
use ratatui::layout::{Position, Rect, Size};

use super::disk::{self, Job, Watched};
use super::tasks::Tasks;
use super::trainers::Trainers;
use crate::app::{App, Cmd, Msg, update};
use crate::monitor;
use crate::monitor::Sample;
use crate::views;

/// The least time between two drawings that no key asked for.
const FRAME: Duration = Duration::from_millis(33);

/// How often what depends on time alone is drawn.
const TICK: Duration = Duration::from_secs(1);

/// How often the load of the machine is looked at.
const MACHINE: Duration = Duration::from_secs(2);

/// Messages taken in before the screen is drawn again.
const AT_ONCE: usize = 1_000;

/// What is to be done with the terminal as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handover {
    /// Give it back, suspend the program, and take it over once the program goes on.
    Suspend,
    /// Take it over again: the program was stopped without being asked.
    Retake,
}

/// Runs the dashboard until it is left. `hand_over` does what is to be done with the terminal as a
/// whole.
///
/// Keys come first: one is shown at once, however much the trainers have to say. Nothing is drawn
/// while nothing changes. A terminal that can no longer be drawn on ends the session as a signal
/// does, with a checkpoint of every run.
pub fn run<B: Backend>(
    terminal: &mut Terminal<B>,
    inputs: &Receiver<Msg>,
    app: App,
    trainers: Trainers,
    tasks: Tasks,
    hand_over: impl FnMut(Handover) -> io::Result<()>,
) -> App {
    let inputs = inputs.clone();
    let disk = disk::spawn(trainers.store().clone(), app.setup.spec.clone(), trainers.sender());
    let watched = Watched::default();
    // Without it the numbers of the machine stay away.
    let machine = monitor::spawn(MACHINE).unwrap_or_else(|_| never());
    let mut session = Session {
        app,
        trainers,
        tasks,
        disk,
        machine,
        watched,
        inputs,
        hand_over,
        ended: false,
        cleared: false,
        // Known from the first drawing on, before anything can be clicked.
        size: Size::ZERO,
    };
    let mut drawable = true;
    // When the next drawing may happen, while one is due.
    let mut due = Some(Instant::now());
    while !session.ended {
        let now = Instant::now();
        if due.is_some_and(|due| due <= now) {
            due = None;
            if !session.draw(terminal) {
                drawable = false;
                session.take(Msg::TerminalGone);
                continue;
            }
        }
        match session.wait(due) {
            _ if !drawable => {}
            Waited::UntilDue => {}
            Waited::ForKey => due = Some(Instant::now()),
            // After a long wait this lies in the past, and is drawn at once.
            Waited::ForWords => due = due.or(Some(now + FRAME)),
        }
    }
    session.app
}

struct Session<H> {
    app: App,
    trainers: Trainers,
    disk: Sender<Job>,
    /// What the disk thread was told to watch.
    watched: Watched,
    /// The load of the machine.
    machine: Receiver<Sample>,
    inputs: Receiver<Msg>,
    tasks: Tasks,
    hand_over: H,
    ended: bool,
    /// Whether the next drawing begins with an empty screen.
    cleared: bool,
    /// The size of the screen at the latest drawing.
    size: Size,
}

/// What a wait ended with.
enum Waited {
    /// The time to draw came.
    UntilDue,
    /// Something came from outside.
    ForKey,
    /// A trainer spoke, or time passed.
    ForWords,
}

impl<H: FnMut(Handover) -> io::Result<()>> Session<H> {
    /// Waits for something to happen, and takes in all that has.
    fn wait(&mut self, due: Option<Instant>) -> Waited {
        let frame = due.map_or_else(never, at);
        let tick = if self.app.depends_on_time() { after(TICK) } else { never() };
        let words = self.trainers.words().clone();
        let answers = self.tasks.answers().clone();
        let samples = if self.app.watches_machine() { self.machine.clone() } else { never() };
        let mut waited = Waited::ForWords;
        select_biased! {
            recv(self.inputs) -> msg => {
                waited = Waited::ForKey;
                // Without a sender, whoever read the terminal is gone.
                let msg = msg.unwrap_or_else(|_| {
                    self.inputs = never();
                    Msg::TerminalGone
                });
                self.take(msg);
            }
            recv(frame) -> _ => return Waited::UntilDue,
            recv(words) -> msg => msg.into_iter().for_each(|msg| self.take(msg)),
            recv(answers) -> msg => msg.into_iter().for_each(|msg| self.take(msg)),
            recv(samples) -> sample => {
                sample.into_iter().for_each(|sample| self.take(Msg::Machine(sample)));
            }
            recv(tick) -> _ => self.take(Msg::Tick(Timestamp::now())),
        }
        for _ in 0..AT_ONCE {
            if self.ended {
                break;
            }
            if let Ok(msg) = self.inputs.try_recv() {
                waited = Waited::ForKey;
                self.take(msg);
            } else if let Ok(msg) = words.try_recv() {
                self.take(msg);
            } else {
                break;
            }
        }
        waited
    }

    /// Takes in a message and does what it leads to.
    fn take(&mut self, msg: Msg) {
        if !self.trainers.heard(&msg) {
            return;
        }
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
        let watched = Watched {
            library: self.app.watches_library(),
            run: self.app.followed_run().map(str::to_owned),
        };
        if watched != self.watched {
            self.watched = watched.clone();
            self.ask_disk(Job::Watch(watched));
        }
    }

    fn ask_disk(&mut self, job: Job) {
        if self.disk.send(job).is_err() {
            let title = "The runs folder".to_owned();
            let text = "The thread that reads it has ended; its reason is in the log. Training \
                        goes on; open the dashboard anew to see the folder."
                .to_owned();
            update(&mut self.app, Msg::Error { title, text });
        }
    }

    fn perform(&mut self, command: Cmd) {
        match command {
            Cmd::Start(mut spec) => {
                self.tasks.complete(&mut spec.data);
                let answer = self.trainers.start(*spec);
                self.take(answer);
            }
            Cmd::Resume(run) => {
                let answer = self.trainers.resume(&run);
                self.take(answer);
            }
            Cmd::StartQueued(mut entry) => {
                self.tasks.complete(&mut entry.spec.data);
                let answer = self.trainers.start(entry.spec);
                let error = match &answer {
                    Msg::Error { text, .. } => Some(text.clone()),
                    _ => None,
                };
                if error.is_none() {
                    self.take(answer);
                }
                self.take(Msg::QueueAnswered { entry: entry.id, error });
            }
            Cmd::Open(run) => self.ask_disk(Job::Open(run)),
            Cmd::Label { run, labels } => self.ask_disk(Job::Label(run, labels)),
            Cmd::Export(run) => self.ask_disk(Job::Export(run)),
            Cmd::Delete(run) => self.ask_disk(Job::Delete(run)),
            Cmd::SaveQueue(queue) => self.ask_disk(Job::SaveQueue(queue)),
            Cmd::Control { run, control } => self.trainers.control(&run, control),
            Cmd::Compare(request) => self.trainers.read_run(request),
            Cmd::Redraw => self.cleared = true,
            Cmd::Suspend => {
                self.cleared = true;
                if let Err(error) = (self.hand_over)(Handover::Suspend) {
                    let title = "Cannot suspend".to_owned();
                    self.take(Msg::Error { title, text: error.to_string() });
                }
            }
            Cmd::Retake => {
                self.cleared = true;
                // A terminal that is gone shows in the drawing.
                let _ = (self.hand_over)(Handover::Retake);
            }
            Cmd::Quit => {
                // Someone who did not wait for the runs will not wait for their checkpoints.
                if self.app.active_runs().any(|run| !run.is_paused()) {
                    self.trainers.abandon();
                }
                self.ended = true;
            }
            work => self.tasks.perform(work),
        }
    }

    /// Draws; false where the terminal cannot be drawn on any more.
    fn draw<B: Backend>(&mut self, terminal: &mut Terminal<B>) -> bool {
        if std::mem::take(&mut self.cleared) && clear(terminal).is_err() {
            return false;
        }
        let drawn = terminal.draw(|frame| {
            self.size = frame.area().as_size();
            views::draw(frame, &self.app);
        });
        drawn.is_ok()
    }
}

/// Empties the screen. [`Terminal::clear`] would ask the terminal where its cursor is, and the thread
/// that reads the keys would take the answer.
fn clear<B: Backend>(terminal: &mut Terminal<B>) -> Result<(), B::Error> {
    let size = terminal.size()?;
    terminal.resize(Rect::from((Position::ORIGIN, size)))
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
