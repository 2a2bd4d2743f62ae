//! The trainers of this session: starts them, steers them, and brings what they say to one channel.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use crossbeam_channel::{Receiver, Sender, unbounded};

use super::reader;
use crate::app::Msg;
use crate::app::compare::CompareRequest;
use crate::app::message::StartedRun;
use crate::config::run::RunSpec;
use crate::protocol::{TrainControl, TrainEvent};
use crate::replay::Replay;
use crate::runs::{RunFolder, RunHistory, RunStore};
use crate::supervisor::{StartOptions, Supervisor};
use crate::training::worker::TrainerHandle;

/// How long a trainer may take to write its last checkpoint when the program ends.
const PATIENCE: Duration = Duration::from_secs(30);

/// The trainers of this session. Dropped, it asks them all to write a checkpoint and end, and waits.
pub struct Trainers {
    supervisor: Supervisor,
    running: BTreeMap<String, Sender<TrainControl>>,
    /// Trainers whose run was resumed before their own end was heard of, by run.
    replaced: BTreeMap<String, usize>,
    /// Runs of this session that have not begun to train.
    new: BTreeSet<String>,
    sender: Sender<Msg>,
    words: Receiver<Msg>,
    patience: Duration,
}

impl Trainers {
    /// No trainers yet.
    pub fn new(supervisor: Supervisor) -> Self {
        let (sender, words) = unbounded();
        let (running, replaced, new) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        Self { supervisor, running, replaced, new, sender, words, patience: PATIENCE }
    }

    /// The runs on disk.
    pub fn store(&self) -> &RunStore {
        self.supervisor.store()
    }

    /// Where other messages can be sent to arrive among the trainers' words.
    pub fn sender(&self) -> Sender<Msg> {
        self.sender.clone()
    }

    /// What the trainers say.
    pub fn words(&self) -> &Receiver<Msg> {
        &self.words
    }

    /// Starts a run; the answer says how that went.
    pub fn start(&mut self, spec: RunSpec) -> Msg {
        self.try_start(spec).unwrap_or_else(|error| failed("The run could not be started", &error))
    }

    /// Goes on with a run; the answer says how that went.
    pub fn resume(&mut self, run: &str) -> Msg {
        self.try_resume(run).unwrap_or_else(|error| failed("The run could not be resumed", &error))
    }

    /// Asks a trainer for something. One that has ended cannot hear it, and has said so.
    pub fn control(&self, run: &str, control: TrainControl) {
        if let Some(trainer) = self.running.get(run) {
            let _ = trainer.send(control);
        }
    }

    /// Reads runs from disk on a thread of its own; the answer comes with [`Trainers::words`].
    pub fn read_run(&self, request: CompareRequest) {
        let (store, sender) = (self.supervisor.store().clone(), self.sender.clone());
        let reader = thread::Builder::new().name("reader".to_owned()).spawn({
            let sender = sender.clone();
            move || {
                // Whoever would hear it may be gone.
                let _ = sender.send(reader::answer(&store, request));
            }
        });
        if let Err(error) = reader {
            let title = "Cannot read the runs on disk".to_owned();
            let _ = sender.send(Msg::Error { title, text: error.to_string() });
        }
    }

    /// Takes note of a message from [`Trainers::words`]. `false`: it is of a trainer whose run another
    /// one has by now, and means nothing any more.
    pub fn heard(&mut self, msg: &Msg) -> bool {
        match msg {
            Msg::Train { run, event } if matches!(event.event, TrainEvent::Started(_)) => {
                self.new.remove(run);
            }
            Msg::TrainerGone { run } => {
                if !gone(&mut self.replaced, run) {
                    return false;
                }
                self.running.remove(run);
                // Nothing was trained, and the next try makes a new run. What cannot be deleted does no
                // harm.
                if self.new.remove(run)
                    && let Ok(folder) = self.store().find(run)
                {
                    let _ = folder.delete();
                }
            }
            _ => {}
        }
        true
    }

    /// Lets the program end without waiting for checkpoints.
    pub fn abandon(&mut self) {
        self.patience = Duration::ZERO;
    }

    /// Plays a recorded run as if it were trained here.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn play(&mut self, replay: Replay) -> Result<()> {
        let (spec, folder) = (replay.spec(), replay.folder().to_owned());
        let handle = replay.play().context("cannot start a thread")?;
        let id = handle.run.clone();
        let history = RunHistory::default();
        let started = StartedRun { id, folder, spec, history };
        let _ = self.sender.send(Msg::RunStarted(Box::new(started)));
        self.listen(handle)
    }

    fn try_start(&mut self, spec: RunSpec) -> Result<Msg> {
        let handle = self.supervisor.start(spec, StartOptions::default())?;
        let folder = self.supervisor.store().find(&handle.run)?;
        self.new.insert(handle.run.clone());
        self.watch(handle, &folder, RunHistory::default())
    }

    fn try_resume(&mut self, run: &str) -> Result<Msg> {
        let folder = self.supervisor.store().find(run)?;
        // Read before the trainer adds to it. What is newer than the checkpoint it starts from is
        // dropped from the history when it says where that is.
        let history = folder.history()?;
        let handle = self.supervisor.resume(folder.clone(), |_| {}, StartOptions::default())?;
        self.watch(handle, &folder, history)
    }

    /// Listens to a trainer; the answer shows its run.
    fn watch(
        &mut self,
        handle: TrainerHandle,
        folder: &RunFolder,
        history: RunHistory,
    ) -> Result<Msg> {
        let id = handle.run.clone();
        self.listen(handle)?;
        let spec = folder.description()?.spec;
        let folder = folder.path().to_owned();
        Ok(Msg::RunStarted(Box::new(StartedRun { id, folder, spec, history })))
    }

    /// Brings the trainer's events to the common channel, and its end.
    fn listen(&mut self, handle: TrainerHandle) -> Result<()> {
        let TrainerHandle { run, control, events, thread: trainer } = handle;
        let (sender, id) = (self.sender.clone(), run.clone());
        thread::Builder::new()
            .name(format!("events of {run}"))
            .spawn(move || {
                for event in events {
                    let (run, event) = (id.clone(), Box::new(event));
                    if sender.send(Msg::Train { run, event }).is_err() {
                        return;
                    }
                }
                // It caught its own panic and has reported it.
                let _ = trainer.join();
                let _ = sender.send(Msg::TrainerGone { run: id });
            })
            .context("cannot start a thread")?;
        if self.running.insert(run.clone(), control).is_some() {
            *self.replaced.entry(run).or_default() += 1;
        }
        Ok(())
    }
}

impl Drop for Trainers {
    fn drop(&mut self) {
        let mut waiting: Vec<String> = std::mem::take(&mut self.running).into_keys().collect();
        let deadline = Instant::now() + self.patience;
        while !waiting.is_empty() {
            match self.words.recv_deadline(deadline) {
                Ok(Msg::TrainerGone { run }) if gone(&mut self.replaced, &run) => {
                    waiting.retain(|id| *id != run);
                }
                Ok(_) => {}
                Err(_) => return,
            }
        }
    }
}

/// Whether the trainer that is gone was the last one of its run.
fn gone(replaced: &mut BTreeMap<String, usize>, run: &str) -> bool {
    match replaced.get_mut(run) {
        Some(others @ 1..) => {
            *others -= 1;
            false
        }
        _ => true,
    }
}

fn failed(title: &str, error: &anyhow::Error) -> Msg {
    Msg::Error { title: title.to_owned(), text: format!("{error:#}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run can be resumed before the end of its last trainer was heard of: that end is then not the
    /// end of the new one.
    #[test]
    fn each_trainer_ends_once() {
        let mut replaced = BTreeMap::from([("a".to_owned(), 1)]);
        assert!(gone(&mut replaced, "b"));
        assert!(!gone(&mut replaced, "a"), "the one that was replaced");
        assert!(gone(&mut replaced, "a"), "the one that has the run");
    }
}
