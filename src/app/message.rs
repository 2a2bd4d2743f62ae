//! What can happen to the dashboard, and what it can ask for.

use std::path::PathBuf;

use crossterm::event::{KeyEvent, MouseEvent};
use jiff::Timestamp;

use super::compare::{CompareReply, CompareRequest};
use super::pointer::{Gesture, Target};
use crate::config::run::RunSpec;
use crate::monitor::Sample;
use crate::protocol::{LoggedEvent, TrainControl};
use crate::runs::RunHistory;

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
    /// The system asks the program to end.
    Terminate,
    /// A trainer spoke.
    Train {
        /// The run.
        run: String,
        /// What it said.
        event: LoggedEvent,
    },
    /// A trainer's last word was heard.
    TrainerGone {
        /// The run.
        run: String,
    },
    /// A run was started or resumed.
    RunStarted(Box<StartedRun>),
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
    /// Read runs from disk; the answer is a [`Msg::Compare`].
    Compare(CompareRequest),
    /// Draw everything anew.
    Redraw,
    /// Suspend the program.
    Suspend,
    /// End the program.
    Quit,
}
