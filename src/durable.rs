//! Files that are found whole or not at all.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result};

/// Writes a file aside, brings it to the disk and renames it to `path`: whoever looks finds the old
/// content or the new one, never a part.
///
/// # Errors
/// When the folder cannot be written or the disk is full; what was at `path` is then still there.
pub fn write_aside(path: &Path, write: impl FnOnce(&mut File) -> Result<()>) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let failed = || format!("cannot write {}", path.display());
    let mut aside = tempfile::NamedTempFile::new_in(folder).with_context(failed)?;
    write(aside.as_file_mut()).with_context(failed)?;
    aside.as_file().sync_all().with_context(failed)?;
    aside.persist(path).with_context(failed)?;
    // The rename itself must survive a power cut as well.
    File::open(folder).and_then(|folder| folder.sync_all()).with_context(failed)
}
