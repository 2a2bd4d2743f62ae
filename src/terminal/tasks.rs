//! Work that the screen does not wait for: disk, network, pictures and inspections, each on a thread
//! that answers with a message.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::app::commands::Measured;
use crate::app::download::DownloadNews;
use crate::app::{Cmd, Msg};
use crate::config::run::{DataSource, DataSpec, RunSpec};
use crate::data::fetch::{Archive, FetchError, FetchPhase, Fetched, Patience, fetch};
use crate::estimate::{Hardware, Measurement};
use crate::presets::{Presets, recent};
use crate::runs::{RunDescription, RunStore};
use crate::training::inspection::{self, InspectionJob, InspectionUpdate};
use crate::training::preview::{self, PreviewRequest};
use crate::training::worker::Decided;

/// The least time between two reports of a download.
const REPORT: Duration = Duration::from_millis(100);

/// How much of the log is read, in bytes.
const LOG_END: u64 = 64 * 1024;

/// Where things lie.
#[derive(Clone, Debug)]
pub struct Places {
    /// The runs.
    pub store: RunStore,
    /// CIFAR-10, for a run that names no folder.
    pub data: PathBuf,
    /// Named set-ups.
    pub presets: Presets,
    /// What libraries print.
    pub log: PathBuf,
}

/// The work that is on.
pub struct Tasks {
    places: Places,
    sender: Sender<Msg>,
    answers: Receiver<Msg>,
    cancel_download: Arc<AtomicBool>,
    /// Takes requests for pictures, once one was made.
    preview: Option<Sender<PreviewRequest>>,
    /// Dropped, it ends the inspection that is on.
    inspection: Option<Sender<()>>,
}

impl Tasks {
    /// No work yet.
    pub fn new(places: Places) -> Self {
        let (sender, answers) = unbounded();
        Self {
            places,
            sender,
            answers,
            cancel_download: Arc::default(),
            preview: None,
            inspection: None,
        }
    }

    /// What the work came to.
    pub fn answers(&self) -> &Receiver<Msg> {
        &self.answers
    }

    /// Names the folder of a data set of files that names none.
    pub fn complete(&self, data: &mut DataSpec) {
        if data.source == DataSource::Cifar10 && data.folder.as_os_str().is_empty() {
            data.folder.clone_from(&self.places.data);
        }
    }

    /// Begins what a command asks for; the commands of others are no work for here.
    pub fn perform(&mut self, command: Cmd) {
        let places = self.places.clone();
        match command {
            Cmd::Download(folder) => self.download(folder),
            Cmd::CancelDownload => self.cancel_download.store(true, Ordering::Relaxed),
            Cmd::ListSetUps => self.answer("The set-ups could not be read", move || {
                let presets = places.presets.names()?;
                let recent = recent(&descriptions(&places.store)?);
                Ok(Msg::SetUps { presets, recent })
            }),
            Cmd::LoadPreset(name) => self.answer("The set-up could not be read", move || {
                Ok(Msg::SetUp(Box::new(places.presets.load(&name)?)))
            }),
            Cmd::SavePreset { name, spec } => {
                self.answer("The set-up could not be saved", move || {
                    places.presets.save(&name, &spec)?;
                    Ok(Msg::PresetSaved(name))
                });
            }
            Cmd::Measure(spec) => self.answer("The runs could not be read", move || {
                Ok(Msg::Measured(measure(&places.store, &spec)?))
            }),
            Cmd::ReadLog => self
                .answer("The log could not be read", move || Ok(Msg::Log(log_end(&places.log)?))),
            Cmd::Preview(mut request) => {
                self.complete(&mut request.spec.data);
                self.preview(*request);
            }
            Cmd::Inspect { run, folder, choice } => {
                self.inspect(run, move || {
                    let folder = places.store.find(&folder.to_string_lossy())?;
                    let description = folder.description()?;
                    Ok(InspectionJob {
                        decided: description.environment.as_ref().map(|environment| Decided {
                            precision: environment.precision.clone(),
                            data_fingerprint: environment.data_fingerprint.clone(),
                        }),
                        spec: description.spec,
                        best: folder.best_path(),
                        checkpoint: folder.checkpoint_path(),
                        choice,
                    })
                });
            }
            Cmd::CancelInspection => self.inspection = None,
            _ => {}
        }
    }

    /// Does something on a thread; where it fails, the answer is a message under `title`.
    fn answer(&self, title: &str, work: impl FnOnce() -> Result<Msg> + Send + 'static) {
        let (sender, title) = (self.sender.clone(), title.to_owned());
        let failed = title.clone();
        let spawned = thread::Builder::new().name("task".to_owned()).spawn(move || {
            let answer =
                work().unwrap_or_else(|error| Msg::Error { title, text: format!("{error:#}") });
            // Nobody listens once the dashboard was left.
            let _ = sender.send(answer);
        });
        self.say_if_failed(&failed, spawned.map(drop));
    }

    fn say_if_failed(&self, title: &str, spawned: io::Result<()>) {
        if let Err(error) = spawned {
            let _ = self.sender.send(Msg::Error {
                title: title.to_owned(),
                text: format!("cannot start a thread: {error}"),
            });
        }
    }

    fn download(&mut self, folder: PathBuf) {
        let folder = if folder.as_os_str().is_empty() { self.places.data.clone() } else { folder };
        let cancel = Arc::new(AtomicBool::new(false));
        self.cancel_download = Arc::clone(&cancel);
        let sender = self.sender.clone();
        let spawned = thread::Builder::new().name("download".to_owned()).spawn(move || {
            let news = download(&folder, &cancel, &sender);
            let _ = sender.send(Msg::Download(news));
        });
        if let Err(error) = spawned {
            let text = format!("cannot start a thread: {error}");
            let _ = self.sender.send(Msg::Download(DownloadNews::Failed(text)));
        }
    }

    fn preview(&mut self, request: PreviewRequest) {
        if let Some(requests) = &self.preview
            && requests.send(request.clone()).is_ok()
        {
            return;
        }
        let spawned = preview::spawn().and_then(|worker| {
            let sender = self.sender.clone();
            let _ = worker.requests.send(request);
            self.preview = Some(worker.requests);
            thread::Builder::new().name("pictures".to_owned()).spawn(move || {
                for answer in worker.answers {
                    if sender.send(Msg::Preview(answer.map(Box::new))).is_err() {
                        return;
                    }
                }
            })
        });
        self.say_if_failed("There are no pictures", spawned.map(drop));
    }

    /// Inspects on a thread of its own, which passes on what is found until it is cancelled.
    fn inspect(
        &mut self,
        run: String,
        job: impl FnOnce() -> Result<InspectionJob> + Send + 'static,
    ) {
        let (keep, cancelled) = unbounded::<()>();
        self.inspection = Some(keep);
        let sender = self.sender.clone();
        let spawned = thread::Builder::new().name("inspection".to_owned()).spawn(move || {
            let say = |update| {
                let _ = sender.send(Msg::Inspection { run: run.clone(), update });
            };
            let begun =
                job().and_then(|job| inspection::spawn(job).context("cannot start a thread"));
            match begun {
                Err(error) => say(InspectionUpdate::Failed(format!("{error:#}"))),
                Ok(updates) => loop {
                    crossbeam_channel::select! {
                        recv(updates) -> update => match update {
                            Ok(update) => say(update),
                            Err(_) => return,
                        },
                        // Nothing is ever sent: this is the end of the other side.
                        recv(cancelled) -> _ => return,
                    }
                },
            }
        });
        self.say_if_failed("The run could not be inspected", spawned.map(drop));
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.cancel_download.store(true, Ordering::Relaxed);
    }
}

fn download(folder: &Path, cancel: &AtomicBool, sender: &Sender<Msg>) -> DownloadNews {
    let mut said: Option<(Instant, FetchPhase)> = None;
    let mut report = |progress: crate::data::fetch::FetchProgress| {
        let fresh = said.as_ref().is_none_or(|(at, phase)| {
            *phase != progress.phase || at.elapsed() >= REPORT || progress.done == progress.total
        });
        if fresh {
            said = Some((Instant::now(), progress.phase.clone()));
            let _ = sender.send(Msg::Download(DownloadNews::Progress(progress)));
        }
    };
    let archive = Archive::official();
    match fetch(&archive, folder, &Patience::default(), cancel, &mut report) {
        Ok(Fetched::New(folder)) => {
            DownloadNews::Done(format!("The images are in {}.", folder.display()))
        }
        Ok(Fetched::AlreadyThere(folder)) => {
            DownloadNews::Done(format!("The images are in {} already.", folder.display()))
        }
        Err(error @ FetchError::Cancelled { .. }) => DownloadNews::Cancelled(error.to_string()),
        Err(error) => DownloadNews::Failed(error.to_string()),
    }
}

/// The descriptions of the runs on disk; one that cannot be read is left out.
fn descriptions(store: &RunStore) -> Result<Vec<RunDescription>> {
    Ok(store.folders()?.iter().filter_map(|folder| folder.description().ok()).collect())
}

fn measure(store: &RunStore, spec: &RunSpec) -> Result<Measured> {
    let folders = store.folders()?;
    let speeds = folders
        .iter()
        .filter_map(|folder| Measurement::of(&folder.description().ok()?, &folder.summary().ok()?));
    // Without the device that was asked for there is nothing to estimate; the start says why.
    Ok(Measured { speeds: speeds.collect(), hardware: Hardware::of(spec).ok() })
}

/// The last lines of the log; none where there is no log.
fn log_end(path: &Path) -> Result<String> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        opened => opened.with_context(|| format!("cannot read {}", path.display()))?,
    };
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LOG_END)))?;
    let mut bytes = Vec::new();
    file.take(LOG_END).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let whole =
        if length > LOG_END { text.split_once('\n').map_or("", |(_, rest)| rest) } else { &text };
    // Escape sequences would move the cursor.
    Ok(whole.replace(|letter: char| letter.is_control() && letter != '\n', " "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::inspection::WeightsChoice;

    fn tasks() -> (tempfile::TempDir, Tasks) {
        let root = tempfile::tempdir().unwrap();
        let places = Places {
            store: RunStore::new(root.path().join("runs")),
            data: root.path().join("data"),
            presets: Presets::new(root.path().join("presets")),
            log: root.path().join("log"),
        };
        (root, Tasks::new(places))
    }

    #[test]
    fn a_set_up_is_saved_listed_and_read_back() {
        let (_root, mut tasks) = tasks();
        let spec = Box::new(RunSpec { seed: 9, ..RunSpec::default() });
        tasks.perform(Cmd::SavePreset { name: "nine".to_owned(), spec: spec.clone() });
        assert!(matches!(tasks.answers.recv().unwrap(), Msg::PresetSaved(name) if name == "nine"));
        tasks.perform(Cmd::ListSetUps);
        let Msg::SetUps { presets, recent } = tasks.answers.recv().unwrap() else { panic!() };
        assert_eq!((presets, recent), (vec!["nine".to_owned()], Vec::new()));
        tasks.perform(Cmd::LoadPreset("nine".to_owned()));
        assert!(matches!(tasks.answers.recv().unwrap(), Msg::SetUp(read) if read == spec));
        tasks.perform(Cmd::LoadPreset("ten".to_owned()));
        assert!(matches!(tasks.answers.recv().unwrap(), Msg::Error { .. }));
    }

    #[test]
    fn the_log_is_read_from_its_end_without_escape_sequences() {
        let (root, _tasks) = tasks();
        let path = root.path().join("log");
        assert_eq!(log_end(&path).unwrap(), "");
        std::fs::write(&path, "one\n\x1b[2Jtwo\n").unwrap();
        assert_eq!(log_end(&path).unwrap(), "one\n [2Jtwo\n");
        std::fs::write(&path, "line\n".repeat(20_000)).unwrap();
        assert!(log_end(&path).unwrap().starts_with("line\n"));
    }

    #[test]
    fn a_run_that_is_not_there_cannot_be_inspected() {
        let (root, mut tasks) = tasks();
        let folder = root.path().join("none");
        let choice = WeightsChoice::Best;
        tasks.perform(Cmd::Inspect { run: "a".to_owned(), folder, choice });
        let answer = tasks.answers.recv().unwrap();
        let Msg::Inspection { run, update: InspectionUpdate::Failed(reason) } = answer else {
            panic!("{answer:?}")
        };
        assert_eq!(run, "a");
        assert!(reason.contains("no runs"), "{reason}");
    }
}
