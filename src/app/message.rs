//! What can happen to the dashboard, and what it can ask for.

use std::path::PathBuf;

use crossterm::event::{KeyEvent, MouseEvent};
use jiff::Timestamp;

use super::commands::Measured;
use super::compare::{CompareReply, CompareRequest};
use super::download::DownloadNews;
use super::library::Library;
use super::pointer::{Gesture, Target};
use crate::config::run::RunSpec;
use crate::monitor::Sample;
use crate::protocol::{LoggedEvent, TrainControl};
use crate::queue::{Queue, QueueEntry};
use crate::runs::{Labels, RunHistory};
use crate::training::inspection::{InspectionUpdate, WeightsChoice};
use crate::training::preview::{Preview, PreviewRequest};

/// Something happened.
#[derive(Clone, Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse was used; the terminal layer finds out on what and says [`Msg::Pointer`].
    Mouse(MouseEvent),
    /// The mouse was used on something.
    Pointer {
        /// On what.
        target: Target,
        /// How.
        gesture: Gesture,
    },
    /// What the machine is doing. Sent only while [`App::watches_machine`](super::App::watches_machine).
    Machine(Sample),
    /// What Compare wanted to know of the runs on disk.
    Compare(CompareReply),
    /// Text was pasted.
    Paste(String),
    /// The terminal has another size; the next drawing takes it from there.
    Resize,
    /// Time passed. Sent only while [`App::depends_on_time`](super::App::depends_on_time).
    Tick(Timestamp),
    /// The system asks the program to end; a second time, to end at once.
    Terminate,
    /// The terminal is gone, and with it whoever could ask for anything. It is noticed in several ways
    /// at the same time; all of them are one wish to end.
    TerminalGone,
    /// The system asks the program to suspend itself.
    Suspend,
    /// The program goes on after it was stopped, maybe by a signal that nobody can catch.
    Continued,
    /// A trainer spoke.
    Train {
        /// The run.
        run: String,
        /// What it said.
        event: Box<LoggedEvent>,
    },
    /// A trainer's last word was heard.
    TrainerGone {
        /// The run.
        run: String,
    },
    /// A run was started or resumed.
    RunStarted(Box<StartedRun>),
    /// The runs on disk were read.
    Library(Box<Library>),
    /// A run on disk was read to be shown. True: another process trains it.
    RunOpened(Box<StartedRun>, bool),
    /// A run of another process went on.
    Followed {
        /// The run.
        run: String,
        /// Whether the events begin anew, so that what was known before is void.
        anew: bool,
        /// What its trainer said.
        events: Vec<LoggedEvent>,
        /// Whether the other process still has it.
        live: bool,
    },
    /// A run is gone from the disk, as the user wished.
    Deleted {
        /// The run.
        run: String,
    },
    /// The queue of the runs folder was read, or cannot be used for a reason.
    QueueOpened(Result<Queue, String>),
    /// An entry of the queue was started, or could not be for a reason.
    QueueAnswered {
        /// The entry.
        entry: u64,
        /// Why it could not be started.
        error: Option<String>,
    },
    /// Something asked for was done, which the user should hear of.
    Notice {
        /// What was asked for.
        title: String,
        /// What was done.
        text: String,
    },
    /// The download of CIFAR-10 said something.
    Download(DownloadNews),
    /// The set-ups that can be recalled.
    SetUps {
        /// The names of the saved ones.
        presets: Vec<String>,
        /// Those of the latest runs, the newest first.
        recent: Vec<RunSpec>,
    },
    /// A saved set-up was read.
    SetUp(Box<RunSpec>),
    /// The set-up was saved under this name.
    PresetSaved(String),
    /// How fast runs were on this machine.
    Measured(Measured),
    /// Pictures for the Setup screen, or why there are none.
    Preview(Result<Box<Preview>, String>),
    /// An inspection said something.
    Inspection {
        /// The run inspected.
        run: String,
        /// What it said.
        update: InspectionUpdate,
    },
    /// The end of the log.
    Log(String),
    /// Something asked for could not be done.
    Error {
        /// What was asked for.
        title: String,
        /// What happened and what to do next.
        text: String,
    },
}

/// A run that a trainer has just been given.
#[derive(Clone, Debug)]
pub struct StartedRun {
    /// The run's id.
    pub id: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The recipe.
    pub spec: RunSpec,
    /// Its events so far, for one that goes on.
    pub history: RunHistory,
}

/// Something to be done outside of the dashboard.
#[derive(Clone, Debug, PartialEq)]
pub enum Cmd {
    /// Start a run.
    Start(Box<RunSpec>),
    /// Go on with the run of this id.
    Resume(String),
    /// Ask a trainer for something.
    Control {
        /// The run.
        run: String,
        /// The request.
        control: TrainControl,
    },
    /// Read a run from disk to show it.
    Open(String),
    /// Give a run other labels.
    Label {
        /// The run.
        run: String,
        /// Its labels.
        labels: Labels,
    },
    /// Write a run's epochs and steps as tables of comma-separated values.
    Export(String),
    /// Delete a run from the disk.
    Delete(String),
    /// Keep the queue for other days.
    SaveQueue(Queue),
    /// Start the run of an entry of the queue.
    StartQueued(Box<QueueEntry>),
    /// Download CIFAR-10 into this folder; into the user's data folder where it is empty.
    Download(PathBuf),
    /// End the download.
    CancelDownload,
    /// Tell which set-ups can be recalled.
    ListSetUps,
    /// Read a saved set-up.
    LoadPreset(String),
    /// Save a set-up.
    SavePreset {
        /// Under this name, in place of the one before.
        name: String,
        /// The set-up.
        spec: Box<RunSpec>,
    },
    /// Tell how fast runs were on the hardware that this one would be trained on.
    Measure(Box<RunSpec>),
    /// Make pictures.
    Preview(Box<PreviewRequest>),
    /// Inspect a run.
    Inspect {
        /// Its id.
        run: String,
        /// Its folder.
        folder: PathBuf,
        /// Which of its weights.
        choice: WeightsChoice,
    },
    /// End the inspection.
    CancelInspection,
    /// Read the end of the log.
    ReadLog,
    /// Read runs from disk; the answer is a [`Msg::Compare`].
    Compare(CompareRequest),
    /// Draw everything anew.
    Redraw,
    /// Suspend the program.
    Suspend,
    /// Take the terminal over again.
    Retake,
    /// End the program.
    Quit,
}
