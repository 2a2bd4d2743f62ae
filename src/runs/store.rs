//! The folder of all runs, and the folder of one.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::description::{Labels, RunDescription};
use super::event_log;
use super::history::RunHistory;
use crate::durable::write_aside;
use crate::protocol::{LoggedEvent, TrainEvent};

/// The folder that holds all runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunStore {
    root: PathBuf,
}

impl RunStore {
    /// The runs under `root`, which need not exist yet.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The folder of all runs.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Creates the folder of a new run. Where a run has its id already, it gets `id-2`, `id-3` and so on.
    ///
    /// The folder appears with its description in place, so no crash leaves a run without one.
    ///
    /// # Errors
    /// When the folder of all runs cannot be written.
    pub fn create(&self, description: &mut RunDescription) -> Result<RunFolder> {
        fs::create_dir_all(&self.root)
            .with_context(|| format!("cannot create the runs folder {}", self.root.display()))?;
        let unfinished = tempfile::Builder::new()
            .prefix(".new-")
            .tempdir_in(&self.root)
            .with_context(|| format!("cannot write in {}", self.root.display()))?;
        let folder = RunFolder { path: unfinished.path().to_owned() };
        let wanted = description.id.clone();
        for number in 1.. {
            if number > 1 {
                description.id = format!("{wanted}-{number}");
            }
            let path = self.root.join(&description.id);
            if path.exists() {
                continue;
            }
            folder.write_description(description)?;
            match fs::rename(folder.path(), &path) {
                Ok(()) => return Ok(RunFolder { path }),
                // Another process was faster.
                Err(_) if path.exists() => {}
                Err(error) => {
                    return Err(error).with_context(|| format!("cannot create {}", path.display()));
                }
            }
        }
        bail!("no free id for a run named {wanted}")
    }

    /// The folder of the run with this id, whether or not there is one.
    pub fn folder(&self, id: &str) -> RunFolder {
        RunFolder { path: self.root.join(id) }
    }

    /// All run folders, oldest first by their ids.
    pub fn folders(&self) -> Result<Vec<RunFolder>> {
        let entries = match fs::read_dir(&self.root) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", self.root.display()));
            }
        };
        let mut folders: Vec<RunFolder> = entries
            .filter_map(|entry| Some(RunFolder { path: entry.ok()?.path() }))
            .filter(|folder| {
                folder.path.join(DESCRIPTION).is_file() && !folder.id().starts_with('.')
            })
            .collect();
        folders.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(folders)
    }

    /// The run that `name` means: a folder, an id, the unique beginning of one, or `latest`.
    pub fn find(&self, name: &str) -> Result<RunFolder> {
        if let Some(folder) = RunFolder::at(Path::new(name)) {
            return Ok(folder);
        }
        let folders = self.folders()?;
        if folders.is_empty() {
            bail!("there are no runs in {}", self.root.display());
        }
        if name == "latest" {
            let newest = folders
                .iter()
                .filter_map(|folder| Some((folder.description().ok()?.created, folder)))
                .max_by_key(|(created, _)| *created);
            return newest
                .map(|(_, folder)| folder.clone())
                .ok_or_else(|| anyhow!("no run in {} can be read", self.root.display()));
        }
        if let Some(folder) = folders.iter().find(|folder| folder.id() == name) {
            return Ok(folder.clone());
        }
        let matching: Vec<&RunFolder> =
            folders.iter().filter(|folder| folder.id().starts_with(name)).collect();
        match matching[..] {
            [folder] => Ok(folder.clone()),
            [] => bail!(
                "no run `{name}` in {}; the latest is `{}`",
                self.root.display(),
                folders.last().map(RunFolder::id).unwrap_or_default(),
            ),
            _ => bail!(
                "`{name}` could be any of {}",
                matching.iter().map(|folder| folder.id()).collect::<Vec<_>>().join(", ")
            ),
        }
    }
}

const DESCRIPTION: &str = "run.json";
const LABELS: &str = "labels.json";
const EVENTS: &str = "events.jsonl";
const LOCK_ATTEMPTS: u32 = 5;
const LOCK_PAUSE: Duration = Duration::from_millis(2);

/// The folder of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// The run at a path, if one is there.
    pub fn at(path: &Path) -> Option<Self> {
        path.join(DESCRIPTION).is_file().then(|| Self { path: path.to_owned() })
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The run's id: the name of the folder.
    pub fn id(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The event log.
    pub fn events_path(&self) -> PathBuf {
        self.path.join(EVENTS)
    }

    /// The latest checkpoint.
    pub fn checkpoint_path(&self) -> PathBuf {
        self.path.join("checkpoint.safetensors")
    }

    /// The weights of the best epoch.
    pub fn best_path(&self) -> PathBuf {
        self.path.join("best.safetensors")
    }

    /// Reads the description.
    pub fn description(&self) -> Result<RunDescription> {
        read_json(&self.path.join(DESCRIPTION))
    }

    /// Writes the description.
    pub fn write_description(&self, description: &RunDescription) -> Result<()> {
        write_json(&self.path.join(DESCRIPTION), description)
    }

    /// Reads the labels; empty ones where none were given.
    pub fn labels(&self) -> Result<Labels> {
        let path = self.path.join(LABELS);
        if path.exists() { read_json(&path) } else { Ok(Labels::default()) }
    }

    /// Writes the labels.
    pub fn write_labels(&self, labels: &Labels) -> Result<()> {
        write_json(&self.path.join(LABELS), labels)
    }

    /// Reads the whole history.
    pub fn history(&self) -> Result<RunHistory> {
        let mut history = RunHistory::default();
        event_log::read(&self.events_path(), |event| history.apply(&event))?;
        Ok(history)
    }

    /// Reads the history with the latest of its step events alone: enough for a list, and quick.
    pub fn summary(&self) -> Result<RunHistory> {
        let mut history = RunHistory::default();
        let latest =
            event_log::read_without_steps(&self.events_path(), |event| history.apply(&event))?;
        if let Some(LoggedEvent { time, event: TrainEvent::Step(step) }) = latest
            && step.step >= history.step()
        {
            history.steps.push(step);
            history.last_event = history.last_event.max(Some(time));
        }
        Ok(history)
    }

    /// Takes the lock that the training process holds. `None`: another process trains this run.
    pub fn lock(&self) -> Result<Option<RunLock>> {
        let path = self.path.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))?;
        // Whoever asks `is_live` holds the lock for a moment; only a trainer holds it for longer.
        for _ in 0..LOCK_ATTEMPTS {
            match file.try_lock() {
                Ok(()) => return Ok(Some(RunLock { _file: file })),
                Err(TryLockError::WouldBlock) => thread::sleep(LOCK_PAUSE),
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("cannot lock {}", path.display()));
                }
            }
        }
        Ok(None)
    }

    /// Whether some process is training this run now.
    pub fn is_live(&self) -> bool {
        let Ok(file) = File::open(self.path.join("lock")) else { return false };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }

    /// Deletes the run and everything in it.
    pub fn delete(&self) -> Result<()> {
        // Held until all is gone, so that nobody resumes the run meanwhile.
        let Some(_lock) = self.lock()? else {
            bail!("{} is being trained; stop it first", self.id());
        };
        fs::remove_dir_all(&self.path)
            .with_context(|| format!("cannot delete {}", self.path.display()))
    }
}

/// The right to train a run; given back when dropped or when the process ends, however it ends.
#[derive(Debug)]
pub struct RunLock {
    _file: File,
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("cannot understand {}", path.display()))
}

fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    write_aside(path, |file| {
        serde_json::to_writer_pretty(&mut *file, value)?;
        Ok(file.write_all(b"\n")?)
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::config::run::RunSpec;
    use crate::runs::sample;

    fn description(id: &str, second: i64) -> RunDescription {
        RunDescription {
            id: id.to_owned(),
            created: Timestamp::from_second(second).unwrap(),
            spec: RunSpec::default(),
            program_version: "0".to_owned(),
            initial_weights: None,
            environment: None,
        }
    }

    #[test]
    fn a_run_is_found_by_id_beginning_path_and_latest() {
        let root = tempfile::tempdir().unwrap();
        let store = RunStore::new(root.path().join("runs"));
        assert!(store.find("x").unwrap_err().to_string().contains("no runs"));
        for (id, second) in [("aa", 2), ("ab", 3), ("b", 1)] {
            store.create(&mut description(id, second)).unwrap();
        }
        assert_eq!(store.find("aa").unwrap().id(), "aa");
        assert_eq!(store.find("b").unwrap().id(), "b");
        assert_eq!(store.find("latest").unwrap().id(), "ab");
        let path = store.find("aa").unwrap().path().to_owned();
        assert_eq!(store.find(path.to_str().unwrap()).unwrap().id(), "aa");
        assert_eq!(store.find("a").unwrap_err().to_string(), "`a` could be any of aa, ab");
        assert!(store.find("c").unwrap_err().to_string().contains("no run `c`"));
    }

    #[test]
    fn a_description_reads_back_equal() {
        let root = tempfile::tempdir().unwrap();
        let store = RunStore::new(root.path().to_owned());
        let mut description = description("run", 5);
        let folder = store.create(&mut description).unwrap();
        assert_eq!(folder.description().unwrap(), description);
        assert_eq!(store.folders().unwrap(), [folder]);
    }

    #[test]
    fn runs_created_at_once_get_ids_of_their_own() {
        let root = tempfile::tempdir().unwrap();
        let store = RunStore::new(root.path().to_owned());
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| store.create(&mut description("run", 1)).unwrap());
            }
        });
        let ids: Vec<String> = store.folders().unwrap().iter().map(RunFolder::id).collect();
        assert_eq!(ids.len(), 8, "{ids:?}");
        for folder in store.folders().unwrap() {
            assert_eq!(folder.description().unwrap().id, folder.id());
        }
    }

    #[test]
    fn only_one_holder_of_the_lock() {
        let root = tempfile::tempdir().unwrap();
        let folder =
            RunStore::new(root.path().to_owned()).create(&mut description("r", 1)).unwrap();
        assert!(!folder.is_live());
        let lock = folder.lock().unwrap();
        assert!(lock.is_some());
        assert!(folder.is_live());
        assert!(folder.lock().unwrap().is_none());
        assert!(folder.delete().unwrap_err().to_string().contains("stop it first"));
        drop(lock);
        assert!(!folder.is_live());
        folder.delete().unwrap();
        assert!(!folder.path().exists());
    }

    #[test]
    fn a_summary_has_all_but_the_steps() {
        let root = tempfile::tempdir().unwrap();
        let folder =
            RunStore::new(root.path().to_owned()).create(&mut description("r", 1)).unwrap();
        let mut log = event_log::EventLog::open(&folder.events_path()).unwrap();
        let steps = (1..=10).map(|step| TrainEvent::Step(sample::step(step, 1.0)));
        let started = [TrainEvent::Started(sample::started())].into_iter();
        let epoch = [TrainEvent::Epoch(sample::epoch(1, 0.5, true))];
        let later = [TrainEvent::Step(sample::step(13, 1.0))];
        for event in started.chain(steps).chain(epoch).chain(later) {
            log.append(&LoggedEvent { time: Timestamp::UNIX_EPOCH, event }).unwrap();
        }
        let (summary, history) = (folder.summary().unwrap(), folder.history().unwrap());
        assert_eq!((summary.steps.len(), history.steps.len()), (1, 11));
        assert_eq!((summary.step(), summary.train_seconds()), (13, history.train_seconds()));
        assert_eq!(
            RunHistory { steps: Vec::new(), ..summary },
            RunHistory { steps: Vec::new(), ..history }
        );
    }
}
