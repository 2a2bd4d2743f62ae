//! What the dashboard knows, and the one place where it changes: [`update()`].
//!
//! Nothing here reads a file, a clock or a channel. Time comes in messages, and what is to be done
//! outside goes out as commands.

mod answers;

pub mod appearance;

pub mod charts;

pub mod commands;

pub mod compare;

pub mod download;

pub mod fields;

pub mod format;

pub mod hints;

pub mod library;

pub mod inspect;

pub mod live;

pub mod message;

pub mod overlay;

pub mod picker;

pub mod pointer;

pub mod preview;

pub mod progress;

pub mod prompt;

pub mod results;

pub mod run_list;

pub mod run_queue;

pub mod run_view;

pub mod scroll;

pub mod seeds;

pub mod setup;

pub mod summary;

mod update;

mod update_runs;

#[cfg(test)]
pub mod testing;

use jiff::Timestamp;

pub use message::{Cmd, Msg};
pub use update::update;

use crate::config::interface::InterfaceConfig;
use crate::config::keys::{Action, Keymap, Scope};
use crate::config::run::RunSpec;
use crate::config::theme::Theme;
use crate::monitor::Sample;
use appearance::Appearances;
use charts::{ChartSettings, CurveCache};
use commands::Measured;
use compare::CompareScreen;
use download::Download;
use inspect::InspectScreen;
use library::Library;
use live::LiveScreen;
use overlay::Overlay;
use results::ResultsScreen;
use run_list::RunList;
use run_queue::RunQueue;
use run_view::RunView;
use setup::SetupForm;

/// A screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// Describe a run and start it.
    Setup,
    /// Watch a run and steer it.
    Live,
    /// The document's tables with ours beside them.
    Results,
    /// Runs beside and over each other.
    Compare,
    /// Every run on disk.
    Runs,
    /// See what a run gets right and wrong.
    Inspect,
}

/// The screens in the order of their number keys.
pub const SCREENS: &[Screen] =
    &[Screen::Setup, Screen::Live, Screen::Results, Screen::Compare, Screen::Runs, Screen::Inspect];

impl Screen {
    /// The name on the tab.
    pub fn title(self) -> &'static str {
        match self {
            Self::Setup => "Setup",
            Self::Live => "Live",
            Self::Results => "Results",
            Self::Runs => "Runs",
            Self::Inspect => "Inspect",
            Self::Compare => "Compare",
        }
    }

    /// The action that shows the screen.
    pub fn action(self) -> Action {
        match self {
            Self::Setup => Action::ShowSetup,
            Self::Live => Action::ShowLive,
            Self::Results => Action::ShowResults,
            Self::Runs => Action::ShowRuns,
            Self::Inspect => Action::ShowInspect,
            Self::Compare => Action::ShowCompare,
        }
    }

    /// Where its keys have their meaning.
    pub fn scope(self) -> Scope {
        match self {
            Self::Setup => Scope::Setup,
            Self::Live => Scope::Live,
            Self::Results => Scope::Results,
            Self::Runs => Scope::Runs,
            Self::Inspect => Scope::Inspect,
            Self::Compare => Scope::Compare,
        }
    }
}

/// How the program is being left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// As soon as every run is paused.
    WhenPaused,
    /// As soon as every run has stopped.
    WhenStopped,
}

/// Everything the dashboard knows.
#[derive(Clone, Debug)]
pub struct App {
    /// Which key does what.
    pub keymap: Keymap,
    /// Colours and symbols.
    pub theme: Theme,
    /// What the user should know about this machine, such as why there is no GPU.
    pub notes: Vec<String>,
    /// The screen shown.
    pub screen: Screen,
    /// What lies over it, the top last.
    pub overlays: Vec<Overlay>,
    /// The Setup screen.
    pub setup: SetupForm,
    /// The Live screen.
    pub live: LiveScreen,
    /// The Compare screen.
    pub compare: CompareScreen,
    /// How all charts show their curves.
    pub charts: ChartSettings,
    /// The curves of the runs on Live and Compare, ready to be drawn.
    pub curves: CurveCache,
    /// The colours and signs of runs.
    pub appearances: Appearances,
    /// The Inspect screen.
    pub inspect: InspectScreen,
    /// The download of CIFAR-10, if one is on.
    pub download: Option<Download>,
    /// What estimates are made from, as far as it is known.
    pub measured: Measured,
    /// The Results screen.
    pub results: ResultsScreen,
    /// The Runs screen.
    pub run_list: RunList,
    /// Every run on disk, as last read; `None` before the first time.
    pub library: Option<Library>,
    /// The runs that wait for their turn.
    pub queue: RunQueue,
    /// The runs of this session and those opened in it, in the order of their first appearance.
    pub runs: Vec<RunView>,
    /// The run that is not trained but played from its log, if there is one.
    pub replay: Option<String>,
    /// How the program is being left, if it is.
    pub leaving: Option<Leaving>,
    /// What the machine was last seen doing.
    pub machine: Option<Sample>,
    /// The time, as far as the screen depends on it.
    pub now: Option<Timestamp>,
}

impl App {
    /// A dashboard on the Setup screen, which starts from `spec`.
    pub fn new(
        interface: &InterfaceConfig,
        no_colour: bool,
        spec: RunSpec,
        notes: Vec<String>,
    ) -> Self {
        Self {
            keymap: interface.keys.clone(),
            theme: Theme::new(interface, no_colour),
            notes,
            screen: Screen::Setup,
            overlays: Vec::new(),
            setup: SetupForm::new(spec),
            live: LiveScreen::default(),
            results: ResultsScreen::default(),
            run_list: RunList::default(),
            library: None,
            queue: RunQueue::default(),
            inspect: InspectScreen::default(),
            download: None,
            measured: Measured::default(),
            compare: CompareScreen::default(),
            charts: ChartSettings::default(),
            curves: CurveCache::default(),
            appearances: Appearances::default(),
            runs: Vec::new(),
            replay: None,
            leaving: None,
            machine: None,
            now: None,
        }
    }

    /// The run that the Live screen shows.
    pub fn shown_run(&self) -> Option<&RunView> {
        self.runs.get(self.live.run)
    }

    /// Whether a run is played from its log: nothing is trained, and nothing is lost.
    pub fn is_replay(&self, run: &RunView) -> bool {
        self.replay.as_deref() == Some(run.id.as_str())
    }

    /// The runs that trainers of this process have.
    pub fn active_runs(&self) -> impl Iterator<Item = &RunView> {
        self.runs.iter().filter(|run| run.is_active())
    }

    /// Whether something on the screen changes by time alone.
    pub fn depends_on_time(&self) -> bool {
        self.active_runs().any(|run| !run.is_paused())
    }

    /// Whether the runs on disk are to be read anew whenever they change.
    pub fn watches_library(&self) -> bool {
        matches!(self.screen, Screen::Results | Screen::Runs | Screen::Compare)
    }

    /// The run of another process whose events are to be followed.
    pub fn followed_run(&self) -> Option<&str> {
        let run = self.shown_run().filter(|run| run.elsewhere)?;
        (self.screen == Screen::Live).then_some(run.id.as_str())
    }

    /// Whether the load of the machine is on the screen and worth following.
    pub fn watches_machine(&self) -> bool {
        self.screen == Screen::Live && self.depends_on_time()
    }

    /// Seconds since the shown run last spoke, while it should be speaking.
    pub fn seconds_silent(&self) -> Option<f64> {
        let run = self.shown_run().filter(|run| run.is_active() && !run.is_paused())?;
        let seconds = self.now?.duration_since(run.history.last_event?).as_secs_f64();
        Some(seconds.max(0.0))
    }
}
