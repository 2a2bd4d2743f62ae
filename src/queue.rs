//! Runs that wait to be started, in order, and the file that keeps them.
//!
//! Nothing is started here. Whoever starts runs asks for the [`next`](Queue::next) one, starts it, and
//! then removes it: a crash in between starts it twice rather than never.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::config::queue::QueueConfig;
use crate::config::run::RunSpec;
use crate::durable::write_aside;

/// A run that waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueueEntry {
    /// Tells entries apart, also those with the same recipe.
    pub id: u64,
    /// What to start.
    pub spec: RunSpec,
}

/// Runs that wait, the next one first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Queue {
    entries: Vec<QueueEntry>,
}

impl Queue {
    /// The runs, the next one first.
    pub fn entries(&self) -> &[QueueEntry] {
        &self.entries
    }

    /// Puts a run at the end, and gives its id.
    pub fn push(&mut self, spec: RunSpec) -> u64 {
        let id = self.entries.iter().map(|entry| entry.id).max().map_or(1, |id| id + 1);
        self.entries.push(QueueEntry { id, spec });
        id
    }

    /// Takes a run out, wherever it stands.
    pub fn remove(&mut self, id: u64) -> Option<RunSpec> {
        let place = self.place(id)?;
        Some(self.entries.remove(place).spec)
    }

    /// Moves a run by so many places, negative towards the front, and no further than either end.
    pub fn shift(&mut self, id: u64, places: isize) {
        if let Some(from) = self.place(id) {
            let to = from.saturating_add_signed(places).min(self.entries.len() - 1);
            let entry = self.entries.remove(from);
            self.entries.insert(to, entry);
        }
    }

    /// The run to start now, if there is a place for one beside `active` running and `paused` runs.
    pub fn next(&self, config: &QueueConfig, active: usize, paused: usize) -> Option<&QueueEntry> {
        let held = if config.paused_frees_place { 0 } else { paused };
        let free = active.saturating_add(held) < config.max_parallel as usize;
        self.entries.first().filter(|_| free)
    }

    fn place(&self, id: u64) -> Option<usize> {
        self.entries.iter().position(|entry| entry.id == id)
    }
}

/// The file that keeps a queue, held by one process at a time so that no run is started twice.
#[derive(Debug)]
pub struct QueueFile {
    path: PathBuf,
    _lock: File,
}

impl QueueFile {
    /// Opens the queue of a runs folder. `None`: another process has it, and starts its runs.
    ///
    /// # Errors
    /// When the folder cannot be written, or the file is there and cannot be understood; it is then
    /// left as it is.
    pub fn open(runs_folder: &Path) -> Result<Option<(Self, Queue)>> {
        fs::create_dir_all(runs_folder)
            .with_context(|| format!("cannot create the runs folder {}", runs_folder.display()))?;
        let lock_path = runs_folder.join("queue.lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .with_context(|| format!("cannot open {}", lock_path.display()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", lock_path.display()));
            }
        }
        let path = runs_folder.join("queue.json");
        let queue = match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).with_context(|| {
                format!(
                    "cannot understand the queue in {}; correct the file, or delete it to begin \
                     with an empty queue",
                    path.display()
                )
            })?,
            Err(error) if error.kind() == ErrorKind::NotFound => Queue::default(),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        Ok(Some((Self { path, _lock: lock }, queue)))
    }

    /// Writes the queue, aside and renamed.
    ///
    /// # Errors
    /// When the disk is full or the folder cannot be written; the queue before is then kept.
    pub fn save(&self, queue: &Queue) -> Result<()> {
        write_aside(&self.path, |file| {
            serde_json::to_writer_pretty(&mut *file, queue)?;
            Ok(file.write_all(b"\n")?)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spec(seed: u64) -> RunSpec {
        RunSpec { seed, ..RunSpec::default() }
    }

    fn seeds(queue: &Queue) -> Vec<u64> {
        queue.entries().iter().map(|entry| entry.spec.seed).collect()
    }

    #[test]
    fn a_paused_run_keeps_its_place_unless_the_user_says_otherwise() {
        let mut queue = Queue::default();
        queue.push(spec(1));
        let next = |config: &QueueConfig, active, paused| {
            queue.next(config, active, paused).map(|entry| entry.spec.seed)
        };
        let keeps = QueueConfig::default();
        assert_eq!(next(&keeps, 0, 0), Some(1));
        assert_eq!(next(&keeps, 1, 0), None);
        assert_eq!(next(&keeps, 0, 1), None);
        let frees = QueueConfig { paused_frees_place: true, ..keeps.clone() };
        assert_eq!(next(&frees, 0, 1), Some(1));
        assert_eq!(next(&frees, 1, 1), None);
        let two = QueueConfig { max_parallel: 2, ..keeps };
        assert_eq!(next(&two, 1, 0), Some(1));
        assert_eq!(next(&two, 1, 1), None);
    }

    #[test]
    fn a_queue_is_kept_and_held_by_one_process() {
        let folder = tempfile::tempdir().unwrap();
        let runs = folder.path().join("runs");
        let (file, mut queue) = QueueFile::open(&runs).unwrap().unwrap();
        assert_eq!(queue, Queue::default());
        queue.push(spec(1));
        queue.push(RunSpec { learning_rate: 0.1 + 0.2, ..spec(2) });
        file.save(&queue).unwrap();
        assert!(QueueFile::open(&runs).unwrap().is_none());
        drop(file);
        assert_eq!(QueueFile::open(&runs).unwrap().unwrap().1, queue);
    }

    #[test]
    fn a_broken_file_is_named_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("queue.json");
        fs::write(&path, "{\"entries\": [").unwrap();
        let error = format!("{:#}", QueueFile::open(folder.path()).unwrap_err());
        assert!(error.contains("queue.json") && error.contains("delete it"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"entries\": [");
    }

    #[derive(Clone, Debug)]
    enum Change {
        Push,
        Remove(u64),
        Shift(u64, isize),
    }

    fn change() -> impl Strategy<Value = Change> {
        prop_oneof![
            Just(Change::Push),
            (1..9u64).prop_map(Change::Remove),
            (1..9u64, any::<isize>()).prop_map(|(id, places)| Change::Shift(id, places)),
            (1..9u64, -2..3isize).prop_map(|(id, places)| Change::Shift(id, places)),
        ]
    }

    proptest! {
        #[test]
        fn no_run_is_lost_or_doubled(changes in prop::collection::vec(change(), 0..40)) {
            let mut queue = Queue::default();
            let mut waiting = Vec::new();
            for (seed, change) in (1..).zip(changes) {
                match change {
                    Change::Push => {
                        let id = queue.push(spec(seed));
                        waiting.push((id, seed));
                    }
                    Change::Remove(id) => {
                        let removed = queue.remove(id).map(|spec| spec.seed);
                        let known = waiting.iter().position(|(own, _)| *own == id);
                        prop_assert_eq!(removed, known.map(|place| waiting.remove(place).1));
                    }
                    Change::Shift(id, places) => {
                        let before = seeds(&queue);
                        queue.shift(id, places);
                        if let Some(place) = waiting.iter().position(|(own, _)| *own == id) {
                            let last = waiting.len() - 1;
                            let to = (place as i128 + places as i128).clamp(0, last as i128);
                            let entry = waiting.remove(place);
                            waiting.insert(to as usize, entry);
                        } else {
                            prop_assert_eq!(seeds(&queue), before);
                        }
                    }
                }
                let expected: Vec<u64> = waiting.iter().map(|(_, seed)| *seed).collect();
                prop_assert_eq!(seeds(&queue), expected);
            }
        }
    }
}
