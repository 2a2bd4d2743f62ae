//! A data folder that archives are fetched into.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use resnet_tui::data::cifar::ARCHIVE_FOLDER;
use resnet_tui::data::fetch::{
    Archive, FetchError, FetchPhase, FetchProgress, Fetched, Patience, fetch,
};
use tempfile::TempDir;

use super::archives::records;

/// What has been downloaded of an archive that is not yet there whole.
pub const PARTIAL: &str = "cifar-10-binary.tar.gz.partial";

/// A data folder, and what happened on the way to filling it.
pub struct Journey {
    pub folder: TempDir,
    pub progress: Vec<FetchProgress>,
}

impl Journey {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), progress: Vec::new() }
    }

    pub fn fetch(&mut self, archive: &Archive) -> Result<Fetched, FetchError> {
        self.fetch_until(archive, |_| false)
    }

    /// Cancels as soon as `enough` says so of a progress report.
    pub fn fetch_until(
        &mut self,
        archive: &Archive,
        enough: impl Fn(&FetchProgress) -> bool,
    ) -> Result<Fetched, FetchError> {
        let patience = Patience {
            stall: Duration::from_millis(300),
            pauses: vec![Duration::from_millis(1); 3],
        };
        let cancel = AtomicBool::new(false);
        fetch(archive, self.folder.path(), &patience, &cancel, &mut |progress| {
            cancel.fetch_or(enough(&progress), Ordering::Relaxed);
            self.progress.push(progress);
        })
    }

    pub fn target(&self) -> PathBuf {
        self.folder.path().join(ARCHIVE_FOLDER)
    }

    pub fn partial_bytes(&self) -> Option<u64> {
        Some(fs::metadata(self.folder.path().join(PARTIAL)).ok()?.len())
    }

    pub fn waits(&self) -> Vec<String> {
        let reason = |progress: &FetchProgress| match &progress.phase {
            FetchPhase::Waiting { reason, .. } => Some(reason.clone()),
            _ => None,
        };
        self.progress.iter().filter_map(reason).collect()
    }

    /// The data set is there and nothing else is.
    pub fn assert_complete(&self) {
        assert_eq!(names(self.folder.path()), [ARCHIVE_FOLDER]);
        assert_eq!(
            names(&self.target()),
            [
                "batches.meta.txt",
                "data_batch_1.bin",
                "data_batch_2.bin",
                "data_batch_3.bin",
                "data_batch_4.bin",
                "data_batch_5.bin",
                "test_batch.bin"
            ]
        );
        assert_eq!(fs::read(self.target().join("data_batch_4.bin")).unwrap(), records(4, 4));
        assert_eq!(fs::read(self.target().join("test_batch.bin")).unwrap(), records(3, 0));
    }

    /// Neither a data set nor half of one is there.
    pub fn assert_nothing_unpacked(&self) {
        let names = names(self.folder.path());
        assert!(names.iter().all(|name| name == PARTIAL), "{names:?}");
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
