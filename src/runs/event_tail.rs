//! Following the event log of a run that another process trains.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::protocol::LoggedEvent;

/// At most this much of a log is read at a time.
const PIECE_BYTES: u64 = 4 << 20;

/// A place in an event log, up to which everything was read.
#[derive(Debug)]
pub struct EventTail {
    path: PathBuf,
    /// Open for as long as it is followed, so that no other file can get its identity.
    file: Option<File>,
    /// Where the next line begins.
    position: u64,
}

/// What was new in a log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct News {
    /// The log was replaced or cut: these events begin at its start, and what was read before is void.
    pub anew: bool,
    /// The events, in order.
    pub events: Vec<LoggedEvent>,
    /// There is more to read at once.
    pub more: bool,
}

impl EventTail {
    /// Follows the log at `path` from its start. The log need not exist yet.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), file: None, position: 0 }
    }

    /// Reads the lines that were completed since the last time. Lines that this version does not know
    /// are passed over.
    ///
    /// # Errors
    /// When the log cannot be read; the next call tries again.
    pub fn read_more(&mut self) -> Result<News> {
        let path = self.path.clone();
        self.read_piece().with_context(|| format!("cannot read {}", path.display()))
    }

    fn read_piece(&mut self) -> Result<News> {
        let mut news = News { anew: self.was_replaced()?, ..News::default() };
        if news.anew {
            self.file = None;
            self.position = 0;
        }
        let file = match &mut self.file {
            Some(file) => file,
            None => match File::open(&self.path) {
                Ok(file) => self.file.insert(file),
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(news),
                Err(error) => return Err(error.into()),
            },
        };
        file.seek(SeekFrom::Start(self.position))?;
        let mut piece = Vec::new();
        file.take(PIECE_BYTES).read_to_end(&mut piece)?;
        let complete = match piece.iter().rposition(|byte| *byte == b'\n') {
            Some(newline) => newline + 1,
            // No event is as long as a piece: this is no line of ours.
            None if piece.len() as u64 == PIECE_BYTES => piece.len(),
            None => 0,
        };
        let lines = piece.get(..complete).unwrap_or_default().split(|byte| *byte == b'\n');
        news.events = lines.filter_map(|line| serde_json::from_slice(line).ok()).collect();
        news.more = piece.len() as u64 == PIECE_BYTES;
        self.position += complete as u64;
        Ok(news)
    }

    /// Whether the path now leads to another file, or the file became shorter than what was read.
    fn was_replaced(&self) -> Result<bool> {
        let Some(file) = &self.file else { return Ok(false) };
        let followed = file.metadata()?;
        match std::fs::metadata(&self.path) {
            Ok(now) => {
                let same = (now.dev(), now.ino()) == (followed.dev(), followed.ino());
                Ok(!same || now.len() < self.position)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use jiff::Timestamp;

    use super::*;
    use crate::protocol::TrainEvent;
    use crate::runs::event_log::{EventLog, truncate_after};
    use crate::runs::sample;

    fn append(path: &Path, steps: std::ops::RangeInclusive<u64>) {
        let mut log = EventLog::open(path).unwrap();
        for step in steps {
            let event = TrainEvent::Step(sample::step(step, 1.0));
            log.append(&LoggedEvent { time: Timestamp::UNIX_EPOCH, event }).unwrap();
        }
    }

    /// The steps that are new, and whether they begin anew.
    fn news(tail: &mut EventTail) -> (Vec<u64>, bool) {
        let news = tail.read_more().unwrap();
        assert!(!news.more);
        (news.events.iter().map(|logged| logged.event.step()).collect(), news.anew)
    }

    #[test]
    fn each_line_is_given_once_and_only_when_complete() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        let mut tail = EventTail::new(&path);
        assert_eq!(news(&mut tail), (vec![], false), "not there yet");
        append(&path, 1..=2);
        assert_eq!(news(&mut tail), (vec![1, 2], false));
        assert_eq!(news(&mut tail), (vec![], false));
        append(&path, 3..=3);
        let whole = std::fs::read(&path).unwrap();
        let (first, second) = whole.split_at(whole.len() - 9);
        std::fs::write(&path, first).unwrap();
        assert_eq!(news(&mut tail), (vec![], false), "half a line");
        let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(second).unwrap();
        assert_eq!(news(&mut tail), (vec![3], false));
        file.write_all(b"{\"time\": nonsense}\n").unwrap();
        append(&path, 4..=4);
        assert_eq!(news(&mut tail), (vec![4], false));
    }

    #[test]
    fn a_log_that_went_back_is_read_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        append(&path, 1..=3);
        let mut tail = EventTail::new(&path);
        news(&mut tail);
        truncate_after(&path, 2, 0).unwrap();
        append(&path, 3..=6);
        assert_eq!(news(&mut tail), (vec![1, 2, 3, 4, 5, 6], true), "replaced and longer again");
        std::fs::write(&path, "").unwrap();
        assert_eq!(news(&mut tail), (vec![], true), "cut in place");
        append(&path, 1..=1);
        assert_eq!(news(&mut tail), (vec![1], false));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(news(&mut tail), (vec![], true));
        assert_eq!(news(&mut tail), (vec![], false));
    }

    #[test]
    fn a_long_log_comes_in_pieces() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        let event = TrainEvent::Step(sample::step(1, 1.0));
        let line = serde_json::to_string(&LoggedEvent { time: Timestamp::UNIX_EPOCH, event });
        let line = line.unwrap() + "\n";
        let count = PIECE_BYTES as usize / line.len() + 10;
        std::fs::write(&path, line.repeat(count)).unwrap();
        let mut tail = EventTail::new(&path);
        let first = tail.read_more().unwrap();
        let second = tail.read_more().unwrap();
        assert!(first.more && !second.more && !second.events.is_empty());
        assert_eq!(first.events.len() + second.events.len(), count);
    }
}
