//! Everything the dashboard wants of the runs folder, on a thread of its own: a slow disk never holds
//! up a key.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};

use crate::app::Msg;
use crate::app::library::Library;
use crate::app::message::StartedRun;
use crate::config::run::RunSpec;
use crate::estimate::Hardware;
use crate::queue::{Queue, QueueFile};
use crate::runs::event_tail::EventTail;
use crate::runs::export::{self, Rows};
use crate::runs::record::{RunRecord, UnreadableRun};
use crate::runs::{Labels, RunFolder, RunStore};

/// How often the runs are looked at while they are shown.
const LIBRARY_INTERVAL: Duration = Duration::from_secs(2);

/// How often the log of a run of another process is looked at while it is shown.
const TAIL_INTERVAL: Duration = Duration::from_millis(500);

/// Something to be done on the disk.
#[derive(Debug)]
pub enum Job {
    /// From now on, tell of the runs whenever they change, and of one run's events; or stop that.
    Watch(Watched),
    /// Read a run to show it.
    Open(String),
    /// Give a run other labels.
    Label(String, Labels),
    /// Write a run as tables.
    Export(String),
    /// Delete a run.
    Delete(String),
    /// Keep the queue.
    SaveQueue(Queue),
}

/// What the screen shows of the disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watched {
    /// Whether it shows all runs.
    pub library: bool,
    /// The run of another process that it shows.
    pub run: Option<String>,
}

/// Starts the thread. It ends when the jobs do; where there can be no thread more, no job is taken.
/// `spec` says what a new run would be trained on.
pub fn spawn(store: RunStore, spec: RunSpec, sender: Sender<Msg>) -> Sender<Job> {
    let (jobs, receiver) = unbounded();
    let work = move || {
        let mut disk = Disk {
            store,
            spec,
            sender,
            watched: Watched::default(),
            tail: None,
            tail_is_new: false,
            known: HashMap::new(),
            last: None,
            queue: None,
        };
        disk.open_queue();
        // Once for the hint at runs that wait, and the titles.
        disk.read_library();
        disk.work(&receiver);
    };
    // Without a thread the receiver is gone, which whoever sends the first job says.
    let _ = thread::Builder::new().name("disk".to_owned()).spawn(work);
    jobs
}

struct Disk {
    store: RunStore,
    spec: RunSpec,
    sender: Sender<Msg>,
    watched: Watched,
    tail: Option<EventTail>,
    /// Whether nothing of the tail was told yet.
    tail_is_new: bool,
    /// What was read of each folder, and the state of its files then.
    known: HashMap<PathBuf, (Stamp, Result<RunRecord, UnreadableRun>)>,
    last: Option<Library>,
    queue: Option<QueueFile>,
}

/// Tells whether a folder changed: length and time of each file that counts, and whether it is live.
type Stamp = ([Option<(u64, SystemTime)>; 3], bool);

impl Disk {
    fn work(&mut self, jobs: &Receiver<Job>) {
        loop {
            let job = match (&self.tail, self.watched.library) {
                (Some(_), _) => jobs.recv_timeout(TAIL_INTERVAL),
                (None, true) => jobs.recv_timeout(LIBRARY_INTERVAL),
                (None, false) => jobs.recv().map_err(RecvTimeoutError::from),
            };
            match job {
                Ok(job) => {
                    if let Err((title, error)) = self.perform(job) {
                        let text = format!("{error:#}");
                        self.say(Msg::Error { title: title.to_owned(), text });
                    }
                }
                Err(RecvTimeoutError::Timeout) => self.look(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn say(&self, msg: Msg) {
        // A dashboard that is gone hears nothing more.
        let _ = self.sender.send(msg);
    }

    fn perform(&mut self, job: Job) -> Result<(), (&'static str, anyhow::Error)> {
        match job {
            Job::Watch(watched) => self.watch(watched),
            Job::Open(run) => self.open(&run).map_err(|it| ("The run cannot be shown", it))?,
            Job::Label(run, labels) => {
                let folder = self.store.find(&run);
                let written = folder.and_then(|folder| folder.write_labels(&labels));
                self.read_library();
                written.map_err(|it| ("The run keeps its old labels", it))?;
            }
            Job::Export(run) => self.export(&run).map_err(|it| ("Nothing is exported", it))?,
            Job::Delete(run) => {
                let deleted = self.store.find(&run).and_then(|folder| folder.delete());
                if deleted.is_ok() {
                    self.say(Msg::Deleted { run });
                }
                self.read_library();
                deleted.map_err(|it| ("The run is not deleted", it))?;
            }
            Job::SaveQueue(queue) => {
                let saved = self.queue.as_ref().map_or(Ok(()), |file| file.save(&queue));
                saved.map_err(|it| ("The queue is not saved", it))?;
            }
        }
        Ok(())
    }

    fn open_queue(&mut self) {
        let answer = match QueueFile::open(self.store.root()) {
            Ok(Some((file, queue))) => {
                self.queue = Some(file);
                Ok(queue)
            }
            Ok(None) => Err("Another dashboard has the queue of this runs folder, and starts its \
                             runs."
                .to_owned()),
            Err(error) => Err(format!("{error:#}")),
        };
        self.say(Msg::QueueOpened(answer));
    }

    fn watch(&mut self, watched: Watched) {
        if watched.run != self.watched.run {
            let run = watched.run.as_ref();
            self.tail_is_new = run.is_some();
            self.tail = run.map(|run| EventTail::new(&self.store.folder(run).events_path()));
        }
        self.watched = watched;
        self.look();
    }

    /// Tells of what is new in what the screen shows.
    fn look(&mut self) {
        if self.watched.library {
            self.read_library();
        }
        self.follow();
    }

    fn follow(&mut self) {
        let (Some(run), Some(tail)) = (self.watched.run.clone(), self.tail.as_mut()) else {
            return;
        };
        // Asked first: what a trainer said before it ended is then read below.
        let live = self.store.folder(&run).is_live();
        let mut events = Vec::new();
        let mut anew = std::mem::take(&mut self.tail_is_new);
        // What cannot be read now is tried again soon.
        while let Ok(news) = tail.read_more() {
            if news.anew {
                (anew, events) = (true, Vec::new());
            }
            events.extend(news.events);
            if !news.more {
                break;
            }
        }
        if !live {
            self.tail = None;
        }
        if anew || !live || !events.is_empty() {
            self.say(Msg::Followed { run, anew, events, live });
        }
    }

    fn read_library(&mut self) {
        let library = match self.read_records() {
            Ok(records) => {
                let (mut runs, mut unreadable) = (Vec::new(), Vec::new());
                for record in records {
                    match record {
                        Ok(run) => runs.push(run),
                        Err(run) => unreadable.push(run),
                    }
                }
                let hardware = self.last.as_ref().and_then(|last| last.hardware.clone());
                let hardware = hardware.or_else(|| Hardware::of(&self.spec).ok());
                Library::new(runs, unreadable, hardware)
            }
            Err(error) => Library::broken(format!("{error:#}")),
        };
        if self.last.as_ref() != Some(&library) {
            self.last = Some(library.clone());
            self.say(Msg::Library(Box::new(library)));
        }
    }

    /// Every run; those whose files have not changed are not read again.
    fn read_records(&mut self) -> Result<Vec<Result<RunRecord, UnreadableRun>>> {
        let mut known = std::mem::take(&mut self.known);
        let mut records = Vec::new();
        for folder in self.store.folders()? {
            let now = stamp(&folder);
            let before = known.remove(folder.path()).filter(|(stamp, _)| *stamp == now);
            let record = before.map_or_else(|| read(&folder), |(_, record)| record);
            self.known.insert(folder.path().to_owned(), (now, record.clone()));
            records.push(record);
        }
        Ok(records)
    }

    fn open(&self, run: &str) -> Result<()> {
        let folder = self.store.find(run)?;
        let live = folder.is_live();
        let opened = StartedRun {
            id: folder.id(),
            folder: folder.path().to_owned(),
            spec: folder.description()?.spec,
            history: folder.history()?,
        };
        self.say(Msg::RunOpened(Box::new(opened), live));
        Ok(())
    }

    fn export(&self, run: &str) -> Result<()> {
        let folder = self.store.find(run)?;
        let (description, history) = (folder.description()?, folder.history()?);
        let rows = [("epochs.csv", Rows::Epochs), ("steps.csv", Rows::Steps)];
        for (name, rows) in rows {
            export::write_file(&folder.path().join(name), &[(&description, &history)], rows)
                .with_context(|| format!("cannot export {}", folder.id()))?;
        }
        let text = format!(
            "{} epochs and {} steps are now in epochs.csv and steps.csv in {}",
            history.epochs.len(),
            history.steps.len(),
            folder.path().display()
        );
        self.say(Msg::Notice { title: "Exported".to_owned(), text });
        Ok(())
    }
}

fn stamp(folder: &RunFolder) -> Stamp {
    let of = |path: &Path| {
        let metadata = fs::metadata(path).ok()?;
        Some((metadata.len(), metadata.modified().ok()?))
    };
    let path = folder.path();
    let files = ["run.json", "labels.json", "events.jsonl"].map(|name| of(&path.join(name)));
    (files, folder.is_live())
}

fn read(folder: &RunFolder) -> Result<RunRecord, UnreadableRun> {
    RunRecord::read(folder.clone())
        .map_err(|error| UnreadableRun { folder: folder.clone(), reason: format!("{error:#}") })
}

#[cfg(test)]
#[path = "disk_tests.rs"]
mod tests;
