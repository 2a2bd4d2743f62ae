//! placeholder until the trainer lands
use anyhow::Result;
use std::path::Path;
/// Where in a run a checkpoint lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Steps trained.
    pub step: u64,
    /// Epochs completed, evaluation included.
    pub epochs: u32,
}
/// Reads the position; the beginning where there is no file.
pub fn position(_path: &Path) -> Result<Position> {
    Ok(Position::default())
}
