//! The download of CIFAR-10 as the Setup screen shows it.

use crate::data::fetch::{FetchPhase, FetchProgress};

/// A download that is on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Download {
    /// How far it has come; `None` before its first word.
    pub progress: Option<FetchProgress>,
    /// The user wants it to end, and it has not yet.
    pub cancelling: bool,
}

/// What a download says.
#[derive(Clone, Debug)]
pub enum DownloadNews {
    /// It has come this far.
    Progress(FetchProgress),
    /// The images are there; in words.
    Done(String),
    /// It ended without them; in words.
    Failed(String),
    /// It ended because the user wanted it to; what was kept, in words.
    Cancelled(String),
}

impl Download {
    /// What it is doing, in words.
    pub fn words(&self) -> String {
        let Some(progress) = self.progress.as_ref().filter(|_| !self.cancelling) else {
            return if self.cancelling { "cancelling…" } else { "beginning…" }.to_owned();
        };
        match &progress.phase {
            FetchPhase::Connecting => "connecting…".to_owned(),
            FetchPhase::Downloading => "downloading".to_owned(),
            FetchPhase::Waiting { reason, pause } => {
                format!("again in {} s: {reason}", pause.as_secs())
            }
            FetchPhase::Checking => "checking".to_owned(),
            FetchPhase::Unpacking => "unpacking".to_owned(),
        }
    }

    /// The part that is done, 0 to 1.
    pub fn part(&self) -> f64 {
        self.progress.as_ref().map_or(0.0, |progress| {
            (progress.done as f64 / progress.total.max(1) as f64).clamp(0.0, 1.0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_download_tells_how_far_it_has_come() {
        let mut download = Download::default();
        assert_eq!((download.words().as_str(), download.part()), ("beginning…", 0.0));
        let phase = FetchPhase::Downloading;
        download.progress = Some(FetchProgress { phase, done: 50, total: 200 });
        assert_eq!((download.words().as_str(), download.part()), ("downloading", 0.25));
        download.cancelling = true;
        assert_eq!(download.words(), "cancelling…");
    }
}
