//! Reads runs from disk for the Compare screen.

use anyhow::Result;

use crate::app::Msg;
use crate::app::compare::{CompareReply, CompareRequest, ListedRun, LoadedRun};
use crate::runs::{RunFolder, RunStore};

/// The answer to a request. Takes as long as the disk does.
pub fn answer(store: &RunStore, request: CompareRequest) -> Msg {
    match request {
        CompareRequest::List => match store.folders() {
            // A folder that cannot be read is the Runs screen's to report.
            Ok(folders) => {
                let runs = folders.iter().filter_map(|folder| listed(folder).ok()).collect();
                Msg::Compare(CompareReply::Listed(runs))
            }
            Err(error) => Msg::Error {
                title: "Cannot read the runs on disk".to_owned(),
                text: format!("{error:#}"),
            },
        },
        CompareRequest::Load(id) => Msg::Compare(match loaded(store, &id) {
            Ok(run) => CompareReply::Loaded(Box::new(run)),
            Err(error) => {
                let error = format!("{id}: {error:#}");
                CompareReply::Unreadable { id, error }
            }
        }),
    }
}

fn listed(folder: &RunFolder) -> Result<ListedRun> {
    let history = folder.summary()?;
    Ok(ListedRun {
        id: folder.id(),
        title: folder.labels().unwrap_or_default().title,
        spec: folder.description()?.spec,
        epochs: history.epochs.last().map_or(0, |epoch| epoch.epoch),
        best: history.best().map(|epoch| epoch.test_accuracy),
        live: folder.is_live(),
    })
}

fn loaded(store: &RunStore, id: &str) -> Result<LoadedRun> {
    let folder = store.find(id)?;
    Ok(LoadedRun {
        id: id.to_owned(),
        title: folder.labels().unwrap_or_default().title,
        spec: folder.description()?.spec,
        history: folder.history()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::run::RunSpec;
    use crate::runs::RunDescription;

    fn store(root: &std::path::Path) -> RunStore {
        let store = RunStore::new(root.to_owned());
        let mut description = RunDescription {
            id: "run".to_owned(),
            created: jiff::Timestamp::UNIX_EPOCH,
            spec: RunSpec { n: 9, ..RunSpec::default() },
            program_version: "0".to_owned(),
            environment: None,
            initial_weights: None,
        };
        let folder = store.create(&mut description).unwrap();
        std::fs::write(folder.events_path(), "").unwrap();
        store
    }

    #[test]
    fn runs_on_disk_are_listed_and_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let Msg::Compare(CompareReply::Listed(runs)) = answer(&store, CompareRequest::List) else {
            panic!("no list");
        };
        assert_eq!((runs.len(), runs[0].spec.n, runs[0].epochs), (1, 9, 0));
        let load = CompareRequest::Load(runs[0].id.clone());
        let Msg::Compare(CompareReply::Loaded(run)) = answer(&store, load) else {
            panic!("not loaded");
        };
        assert_eq!((run.id.as_str(), run.spec.n), (runs[0].id.as_str(), 9));
    }

    #[test]
    fn a_run_that_is_gone_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let request = CompareRequest::Load("lost".to_owned());
        let Msg::Compare(CompareReply::Unreadable { id, error }) =
            answer(&store(folder.path()), request)
        else {
            panic!("found");
        };
        assert_eq!(id, "lost");
        assert!(error.starts_with("lost: "), "{error}");
    }
}
