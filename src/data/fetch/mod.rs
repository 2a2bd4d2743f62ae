//! Gets the official CIFAR-10 archive: downloads or imports it, checks it and unpacks it.
//!
//! In the data folder lie, while it works, `cifar-10-binary.tar.gz.partial` (what has been downloaded; a
//! later fetch goes on from there) and `.unpacking-*`; at the end `cifar-10-batches-bin` appears in one
//! step.

mod download;

mod unpack;

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::DecimalBytes;
use md5::{Digest, Md5};

use super::cifar::{self, ARCHIVE_FOLDER};
use super::hexadecimal;

const PARTIAL: &str = "cifar-10-binary.tar.gz.partial";

/// An archive, where it is and how to recognise it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// An `http://` or `https://` address; or a file of this machine, as `file://` with an absolute path or
    /// as a plain path.
    pub url: String,
    /// Its size.
    pub bytes: u64,
    /// Its MD5, as 32 lower-case hexadecimal digits.
    pub md5: String,
}

impl Archive {
    /// The official archive at its official place.
    pub fn official() -> Self {
        Self {
            url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz".to_owned(),
            bytes: 170_052_171,
            md5: "c32a1d4ab5d03f1284b67883e8d87530".to_owned(),
        }
    }

    /// The same archive from another place.
    pub fn from_url(self, url: impl Into<String>) -> Self {
        Self { url: url.into(), ..self }
    }

    /// The file of this machine that `url` names, if it does.
    fn local_file(&self) -> Option<&Path> {
        match self.url.split_once("://") {
            Some(("file", path)) => Some(Path::new(path)),
            Some(_) => None,
            None => Some(Path::new(&self.url)),
        }
    }
}

/// How long a download waits before it gives up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For the connection, for the answer, and for each further piece of the archive.
    pub stall: Duration,
    /// The pauses before each new attempt. They are used up by attempts that bring nothing new; one that
    /// does starts them anew.
    pub pauses: Vec<Duration>,
}

impl Default for Patience {
    fn default() -> Self {
        Self { stall: Duration::from_secs(30), pauses: [1, 3, 6].map(Duration::from_secs).to_vec() }
    }
}

/// What a fetch is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchPhase {
    /// Asking the server.
    Connecting,
    /// Receiving the archive.
    Downloading,
    /// Pausing before the next attempt.
    Waiting {
        /// Why the last attempt ended.
        reason: String,
        /// How long.
        pause: Duration,
    },
    /// Comparing the archive's checksum.
    Checking,
    /// Unpacking.
    Unpacking,
}

/// How far a fetch has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchProgress {
    /// What it is doing.
    pub phase: FetchPhase,
    /// Bytes of the archive that this phase is done with; while connecting and waiting, those downloaded.
    pub done: u64,
    /// Bytes of the whole archive.
    pub total: u64,
}

/// How a fetch ended well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The files were put into this folder.
    New(PathBuf),
    /// This folder held a readable data set before; nothing was done.
    AlreadyThere(PathBuf),
}

/// Why a fetch did not succeed. The messages say what to do next.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The server could not be reached, or the connection broke again and again.
    #[error(
        "cannot download {url}: {reason} ({attempts} attempts{}). Without a connection, get \
         cifar-10-binary.tar.gz in another way and run `resnet-tui data fetch --url PATH`, or train on \
         the built-in images with `--synthetic`",
        kept_for_later(*kept, *total)
    )]
    Unreachable {
        /// The address.
        url: String,
        /// What went wrong the last time.
        reason: String,
        /// How often it was tried without any progress.
        attempts: usize,
        /// Bytes downloaded so far.
        kept: u64,
        /// Bytes of the whole archive.
        total: u64,
    },
    /// The server, or the address itself, makes a download impossible.
    #[error(
        "cannot download {url}: {reason}. Name another place of cifar-10-binary.tar.gz, an address or a \
         file, with `resnet-tui data fetch --url`"
    )]
    Refused {
        /// The address.
        url: String,
        /// Why.
        reason: String,
    },
    /// What came, or was to come, is not the archive.
    #[error(
        "{url} is not the CIFAR-10 binary archive: {reason}. Nothing of it was kept. Try again, or name \
         another place of cifar-10-binary.tar.gz with `resnet-tui data fetch --url`"
    )]
    WrongArchive {
        /// The address.
        url: String,
        /// What differs.
        reason: String,
    },
    /// The user cancelled.
    #[error("the fetch was cancelled{}", kept_for_later(*kept, *total))]
    Cancelled {
        /// Bytes downloaded so far.
        kept: u64,
        /// Bytes of the whole archive.
        total: u64,
    },
    /// Another process is at it.
    #[error("another process is fetching into {} right now; wait for it to end", folder.display())]
    Busy {
        /// The data folder.
        folder: PathBuf,
    },
    /// A file or folder of this machine cannot be read or written.
    #[error("cannot {action} {}: {source}{}", path.display(), space_hint(source))]
    Io {
        /// `read`, `write` and so on.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

fn kept_for_later(kept: u64, total: u64) -> String {
    if kept == 0 {
        return String::new();
    }
    let (kept, total) = (DecimalBytes(kept), DecimalBytes(total));
    format!("; {kept} of {total} are kept, and the next `resnet-tui data fetch` goes on from there")
}

fn space_hint(error: &io::Error) -> String {
    /// The official archive and its files.
    const NEEDED: u64 = 170_052_171 + 6 * 30_730_000;
    if error.kind() == io::ErrorKind::StorageFull {
        format!("; the archive and its files need {} of free space", DecimalBytes(NEEDED))
    } else {
        String::new()
    }
}

/// Adds what was done to which path to an error of the system.
fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FetchError {
    let path = path.to_owned();
    move |source| FetchError::Io { action, path, source }
}

/// One fetch: what, into where, and whom to tell.
struct Fetch<'a> {
    archive: &'a Archive,
    folder: &'a Path,
    patience: &'a Patience,
    cancel: &'a AtomicBool,
    progress: &'a mut dyn FnMut(FetchProgress),
}

/// Puts the files of `archive` into `folder`/`cifar-10-batches-bin`, unless a readable data set is there.
///
/// Blocks until done; `progress` is called on this thread, many times a second while bytes move. Setting
/// `cancel` ends it within a fraction of a second. A data set that is there but cannot be read is replaced.
pub fn fetch(
    archive: &Archive,
    folder: &Path,
    patience: &Patience,
    cancel: &AtomicBool,
    progress: &mut dyn FnMut(FetchProgress),
) -> Result<Fetched, FetchError> {
    let target = folder.join(ARCHIVE_FOLDER);
    if cifar::read_folder(&target).is_ok() {
        return Ok(Fetched::AlreadyThere(target));
    }
    let mut fetch = Fetch { archive, folder, patience, cancel, progress };
    fs::create_dir_all(folder).map_err(io_error("create", folder))?;
    let partial_path = folder.join(PARTIAL);
    // The lock on this file also says that nobody else works in the folder.
    let mut partial = open_locked(&partial_path, folder)?;
    if let Some(path) = archive.local_file() {
        let mut file = File::open(path).map_err(io_error("read", path))?;
        fetch.check(&mut file, path)?;
        fetch.unpack(&mut file, &target)?;
    } else {
        fetch.download(&mut partial, &partial_path)?;
        fetch.check(&mut partial, &partial_path).inspect_err(|error| {
            if matches!(error, FetchError::WrongArchive { .. }) {
                // Where even this fails, the next fetch finds the same bytes and says the same.
                let _ = partial.set_len(0);
            }
        })?;
        fetch.unpack(&mut partial, &target)?;
    }
    fs::remove_file(&partial_path).map_err(io_error("remove", &partial_path))?;
    Ok(Fetched::New(target))
}

fn open_locked(path: &Path, folder: &Path) -> Result<File, FetchError> {
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(io_error("write", path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(FetchError::Busy { folder: folder.to_owned() }),
        Err(TryLockError::Error(error)) => Err(io_error("lock", path)(error)),
    }
}

impl Fetch<'_> {
    fn report(&mut self, phase: FetchPhase, done: u64) {
        (self.progress)(FetchProgress { phase, done, total: self.archive.bytes });
    }

    fn check_cancelled(&self, kept: u64) -> Result<(), FetchError> {
        if self.cancel.load(Ordering::Relaxed) {
            return Err(FetchError::Cancelled { kept, total: self.archive.bytes });
        }
        Ok(())
    }

    fn wrong_archive(&self, reason: impl Into<String>) -> FetchError {
        FetchError::WrongArchive { url: self.archive.url.clone(), reason: reason.into() }
    }

    fn wrong_size(&self, bytes: u64) -> FetchError {
        self.wrong_archive(format!("it has {bytes} bytes instead of {}", self.archive.bytes))
    }

    /// Compares size and checksum of a whole file, and goes back to its beginning.
    fn check(&mut self, file: &mut File, path: &Path) -> Result<(), FetchError> {
        let bytes = file.metadata().map_err(io_error("read", path))?.len();
        if bytes != self.archive.bytes {
            return Err(self.wrong_size(bytes));
        }
        file.rewind().map_err(io_error("read", path))?;
        let mut digest = Md5::new();
        let mut buffer = vec![0; 1 << 20];
        let mut done = 0;
        loop {
            self.report(FetchPhase::Checking, done);
            self.check_cancelled(bytes)?;
            let read = file.read(&mut buffer).map_err(io_error("read", path))?;
            let Some(piece) = buffer.get(..read).filter(|piece| !piece.is_empty()) else { break };
            digest.update(piece);
            done += read as u64;
        }
        let md5 = hexadecimal(&digest.finalize());
        if md5 != self.archive.md5 {
            let reason = format!("its MD5 is {md5} instead of {}", self.archive.md5);
            return Err(self.wrong_archive(reason));
        }
        file.rewind().map_err(io_error("read", path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_files_are_told_apart() {
        let file = |url: &str| Archive::official().from_url(url).local_file().map(Path::to_owned);
        assert_eq!(Archive::official().local_file(), None);
        assert_eq!(file("http://localhost/a.tar.gz"), None);
        assert_eq!(file("ftp://host/a.tar.gz"), None);
        assert_eq!(file("file:///a b/c.tar.gz"), Some("/a b/c.tar.gz".into()));
        assert_eq!(file("../c.tar.gz"), Some("../c.tar.gz".into()));
    }

    #[test]
    fn a_second_fetch_at_the_same_time_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(PARTIAL);
        let _held = open_locked(&path, folder.path()).unwrap();
        let error = open_locked(&path, folder.path()).unwrap_err().to_string();
        assert!(error.contains("another process is fetching"), "{error}");
    }
}
