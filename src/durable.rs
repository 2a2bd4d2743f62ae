//! Files that are found whole or not at all.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;

use anyhow::{Error, Result};

/// Writes a file aside, brings it to the disk and renames it to `path`: whoever looks finds the old
/// content or the new one, never a part.
///
/// # Errors
/// When the folder cannot be written or the disk is full; what was at `path` is then still there.
pub fn write_aside(path: &Path, write: impl FnOnce(&mut File) -> Result<()>) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let failed = |error: Error| {
        let full = is_out_of_room(&error);
        let advice = if full { ": there is no room for it; make some, then try again" } else { "" };
        error.context(format!("cannot write {}{advice}", path.display()))
    };
    let refused = |error: io::Error| failed(error.into());
    let mut aside = tempfile::NamedTempFile::new_in(folder).map_err(refused)?;
    write(aside.as_file_mut()).map_err(failed)?;
    aside.as_file().sync_all().map_err(refused)?;
    aside.persist(path).map_err(|error| refused(error.error))?;
    // The rename itself must survive a power cut as well.
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(refused)
}

/// Whether a write failed because the disk, the user's share of it, or what a file may hold is full.
pub fn is_out_of_room(error: &Error) -> bool {
    let kind = error.root_cause().downcast_ref::<io::Error>().map(io::Error::kind);
    matches!(
        kind,
        Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge)
    )
}
