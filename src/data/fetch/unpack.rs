//! Unpacks the checked archive: the expected files only, beside the target, which then appears at once.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, Write};
use std::path::{Component, Path};

use flate2::read::GzDecoder;
use tar::Entry;

use super::{Fetch, FetchError, FetchPhase, io_error};
use crate::data::cifar::{self, ARCHIVE_FOLDER};

/// The files that are unpacked, if the archive holds them.
const FILES: [&str; 7] = [
    "data_batch_1.bin",
    "data_batch_2.bin",
    "data_batch_3.bin",
    "data_batch_4.bin",
    "data_batch_5.bin",
    "test_batch.bin",
    "batches.meta.txt",
];
/// About twice the largest official file.
const FILE_LIMIT: u64 = 64 << 20;
/// About three times the official archive, unpacked. What unpacks to more is never read further.
const TOTAL_LIMIT: u64 = 512 << 20;
const TEMPORARY: &str = ".unpacking-";

impl Fetch<'_> {
    /// Unpacks `file`, which is at its beginning, so that `target` holds the data set. A previous `target` is
    /// replaced.
    pub(super) fn unpack(&mut self, file: &mut File, target: &Path) -> Result<(), FetchError> {
        remove_leftovers(self.folder);
        let temporary = tempfile::Builder::new()
            .prefix(TEMPORARY)
            .tempdir_in(self.folder)
            .map_err(io_error("write in", self.folder))?;
        let unpacked = temporary.path().join(ARCHIVE_FOLDER);
        fs::create_dir(&unpacked).map_err(io_error("create", &unpacked))?;
        self.unpack_files(file, &unpacked)?;
        cifar::read_folder(&unpacked).map_err(|error| {
            let message = error.to_string();
            self.wrong_archive(message.split(';').next().unwrap_or_default())
        })?;
        if target.exists() {
            let replaced = temporary.path().join("replaced");
            fs::rename(target, replaced).map_err(io_error("replace", target))?;
        }
        fs::rename(&unpacked, target).map_err(io_error("create", target))
    }

    fn unpack_files(&mut self, file: &mut File, unpacked: &Path) -> Result<(), FetchError> {
        let mut position = file.try_clone().map_err(io_error("read", unpacked))?;
        let content = GzDecoder::new(BufReader::new(file)).take(TOTAL_LIMIT);
        let mut archive = tar::Archive::new(content);
        let entries = archive.entries().map_err(|error| self.wrong_archive(damaged(&error)))?;
        for entry in entries {
            let mut entry = entry.map_err(|error| self.wrong_archive(damaged(&error)))?;
            self.check_cancelled(self.archive.bytes)?;
            self.report(FetchPhase::Unpacking, position.stream_position().unwrap_or(0));
            if let Some(name) = expected_name(&entry) {
                self.unpack_file(&mut entry, &unpacked.join(name))?;
            }
        }
        self.report(FetchPhase::Unpacking, self.archive.bytes);
        Ok(())
    }

    fn unpack_file(&self, entry: &mut impl Read, path: &Path) -> Result<(), FetchError> {
        let name = path.file_name().unwrap_or_default().display();
        let mut content = Vec::new();
        entry
            .take(FILE_LIMIT + 1)
            .read_to_end(&mut content)
            .map_err(|error| self.wrong_archive(damaged(&error)))?;
        if content.len() as u64 > FILE_LIMIT {
            return Err(self.wrong_archive(format!("{name} has more than {FILE_LIMIT} bytes")));
        }
        let mut output = match File::create_new(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(self.wrong_archive(format!("it holds {name} twice")));
            }
            output => output.map_err(io_error("write", path))?,
        };
        output.write_all(&content).map_err(io_error("write", path))?;
        // Or a power cut after the rename could leave a data set with holes.
        output.sync_all().map_err(io_error("write", path))
    }
}

fn damaged(error: &io::Error) -> String {
    format!("it cannot be unpacked ({error})")
}

/// The name under which an entry is unpacked: one of [`FILES`], for a plain file that lies in the archive
/// where the official one has it. Paths of the archive are only compared, never written to.
fn expected_name<R: Read>(entry: &Entry<R>) -> Option<&'static str> {
    if !entry.header().entry_type().is_file() {
        return None;
    }
    let path = entry.path().ok()?;
    let mut components = path.components().filter(|part| *part != Component::CurDir);
    let (folder, name, nothing) = (components.next()?, components.next()?, components.next());
    if folder.as_os_str() != ARCHIVE_FOLDER || nothing.is_some() {
        return None;
    }
    FILES.into_iter().find(|expected| name.as_os_str() == *expected)
}

/// Removes what a killed fetch left. The caller holds the lock, so nobody is working there.
fn remove_leftovers(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
            // They are in nobody's way; another fetch will try again.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
