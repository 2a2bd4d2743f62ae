//! A run as the list of runs shows it.

use anyhow::Result;

use super::description::{Labels, RunDescription};
use super::history::RunHistory;
use super::state::RunState;
use super::store::{RunFolder, RunStore};

/// One run with all that a list needs of it.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRecord {
    /// Where it lies.
    pub folder: RunFolder,
    /// What it is.
    pub description: RunDescription,
    /// What the user calls it.
    pub labels: Labels,
    /// What it has done; of its steps the latest alone.
    pub history: RunHistory,
    /// The state it is in.
    pub state: RunState,
}

/// A folder that looks like a run and cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableRun {
    /// Where it lies.
    pub folder: RunFolder,
    /// What is wrong with it.
    pub reason: String,
}

impl RunRecord {
    /// Reads a run's folder. Whether it is live is asked before its events are read: a run that ends in
    /// between counts as live until it is read again, and never as interrupted.
    ///
    /// # Errors
    /// When the description, the labels or the log cannot be read.
    pub fn read(folder: RunFolder) -> Result<Self> {
        let live = folder.is_live();
        let history = folder.summary()?;
        Ok(Self {
            description: folder.description()?,
            labels: folder.labels()?,
            state: RunState::of(&history, live),
            history,
            folder,
        })
    }

    /// The title the user gave, or else the id.
    pub fn title(&self) -> &str {
        let title = self.labels.title.trim();
        if title.is_empty() { &self.description.id } else { title }
    }
}

/// Every run of a store, oldest first; one that cannot be read hides no other.
///
/// # Errors
/// When the folder of all runs cannot be read.
pub fn read_all(store: &RunStore) -> Result<Vec<Result<RunRecord, UnreadableRun>>> {
    let read = |folder: RunFolder| {
        RunRecord::read(folder.clone())
            .map_err(|error| UnreadableRun { folder, reason: format!("{error:#}") })
    };
    Ok(store.folders()?.into_iter().map(read).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::run::RunSpec;
    use crate::runs::sample;

    #[test]
    fn an_unreadable_run_is_listed_and_hides_no_other() {
        let root = tempfile::tempdir().unwrap();
        let store = RunStore::new(root.path().to_owned());
        for id in ["a", "b", "c"] {
            store.create(&mut sample::description(id, RunSpec::default())).unwrap();
        }
        std::fs::write(root.path().join("b/run.json"), "{").unwrap();
        let labels = Labels { title: " My run ".to_owned(), ..Labels::default() };
        store.find("c").unwrap().write_labels(&labels).unwrap();
        let runs = read_all(&store).unwrap();
        let [Ok(first), Err(second), Ok(third)] = &runs[..] else { panic!("{runs:?}") };
        assert_eq!((first.title(), third.title()), ("a", "My run"));
        assert_eq!(first.state, RunState::NeverBegun);
        assert_eq!(second.folder.id(), "b");
        assert!(second.reason.contains("run.json"), "{}", second.reason);
        let _lock = third.folder.lock().unwrap();
        assert!(RunRecord::read(third.folder.clone()).unwrap().state.is_live());
    }
}
