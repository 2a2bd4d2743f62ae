//! What can be done with a key, and which key does it.
//!
//! [`BINDINGS`] is the one table: the footer, the help and the configuration file are made from it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Where a key has a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// On every screen.
    Everywhere,
    /// On the Setup screen.
    Setup,
    /// On the Live screen.
    Live,
    /// On the Results screen.
    Results,
    /// On the Runs screen.
    Runs,
    /// Over a screen, where the queue is shown.
    Queue,
    /// On the Inspect screen.
    Inspect,
    /// On the Compare screen.
    Compare,
    /// On every screen that shows charts of runs.
    Charts,
}

impl Scope {
    /// The heading in the help.
    pub fn title(self) -> &'static str {
        match self {
            Self::Everywhere => "Everywhere",
            Self::Setup => "Setup",
            Self::Live => "Live",
            Self::Results => "Results",
            Self::Runs => "Runs",
            Self::Queue => "Queue",
            Self::Inspect => "Inspect",
            Self::Compare => "Compare",
            Self::Charts => "Charts, on Live and Compare",
        }
    }

    /// Whether its keys work on the screen whose own scope is `screen`.
    pub fn holds_on(self, screen: Self) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Charts => matches!(screen, Self::Live | Self::Compare | Self::Charts),
            own => own == screen,
        }
    }

    /// Whether one key cannot mean something different in each.
    fn overlaps(self, other: Self) -> bool {
        self.holds_on(other) || other.holds_on(self)
    }
}

/// What a key can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each is described in BINDINGS")]
pub enum Action {
    ShowSetup,
    ShowLive,
    ShowResults,
    ShowCompare,
    ShowRuns,
    ShowQueue,
    ShowInspect,
    NextScreen,
    PreviousScreen,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    First,
    Last,
    Accept,
    Back,
    Help,
    Palette,
    Log,
    Quit,
    Interrupt,
    Suspend,
    Redraw,
    Edit,
    Reset,
    ResetAll,
    ChooseModel,
    Preview,
    Download,
    SavePreset,
    OpenSetUp,
    InspectCheckpoint,
    MistakesAlone,
    Pause,
    StopAfterEpoch,
    Stop,
    Checkpoint,
    Resume,
    NextRun,
    PreviousRun,
    NextChart,
    PreviousChart,
    Expand,
    XAxis,
    Smoothing,
    SmoothingMore,
    SmoothingLess,
    ZoomIn,
    ZoomOut,
    ZoomReset,
    PanLeft,
    PanRight,
    ChooseRuns,
    RemoveRun,
    ReferenceRun,
    Arrange,
    Differences,
    TargetAccuracy,
    LogScale,
    Enqueue,
    StartRow,
    QueueRow,
    QueueMissing,
    FilterRuns,
    SortRuns,
    ReverseRuns,
    ResumeSelected,
    Duplicate,
    Rename,
    Tag,
    Note,
    Export,
    Delete,
    QueueEarlier,
    QueueLater,
    QueueRemove,
    QueueHold,
    QueuePausedFrees,
    QueueMore,
    QueueFewer,
}

/// An action with its place, its default keys and its description.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// The action.
    pub action: Action,
    /// Where it can be done.
    pub scope: Scope,
    /// The keys when the configuration names no others.
    pub keys: &'static [&'static str],
    /// One or two words for the footer.
    pub label: &'static str,
    /// A sentence for the help.
    pub help: &'static str,
}

const fn bind(
    action: Action,
    scope: Scope,
    keys: &'static [&'static str],
    label: &'static str,
    help: &'static str,
) -> Binding {
    Binding { action, scope, keys, label, help }
}

/// Every action, in the order of the help.
#[rustfmt::skip]
pub const BINDINGS: &[Binding] = &[
    bind(Action::ShowSetup, Scope::Everywhere, &["1"], "setup", "Show Setup: describe a run and start it"),
    bind(Action::ShowLive, Scope::Everywhere, &["2"], "live", "Show Live: watch a run and steer it"),
    bind(Action::ShowResults, Scope::Everywhere, &["3"], "results", "Show Results: the published tables with ours beside them"),
    bind(Action::ShowCompare, Scope::Everywhere, &["4"], "compare", "Show Compare: runs beside and over each other"),
    bind(Action::ShowRuns, Scope::Everywhere, &["5"], "runs", "Show Runs: every run on disk"),
    bind(Action::ShowQueue, Scope::Everywhere, &["Q"], "queue", "Show the runs that wait for their turn"),
    bind(Action::ShowInspect, Scope::Everywhere, &["6"], "inspect", "Show Inspect: what a run gets right and wrong"),
    bind(Action::NextScreen, Scope::Everywhere, &["tab"], "next screen", "Go to the next screen"),
    bind(Action::PreviousScreen, Scope::Everywhere, &["shift-tab"], "previous screen", "Go to the previous screen"),
    bind(Action::Up, Scope::Everywhere, &["up", "k"], "up", "Move up"),
    bind(Action::Down, Scope::Everywhere, &["down", "j"], "down", "Move down"),
    bind(Action::Left, Scope::Everywhere, &["left", "h"], "less", "Move left; on Setup, the value before; on charts, the cursor"),
    bind(Action::Right, Scope::Everywhere, &["right", "l"], "more", "Move right; on Setup, the value after; on charts, the cursor"),
    bind(Action::PageUp, Scope::Everywhere, &["pageup"], "page up", "Move up a page"),
    bind(Action::PageDown, Scope::Everywhere, &["pagedown"], "page down", "Move down a page"),
    bind(Action::First, Scope::Everywhere, &["home", "g"], "first", "Go to the beginning"),
    bind(Action::Last, Scope::Everywhere, &["end", "G"], "last", "Go to the end"),
    bind(Action::Accept, Scope::Everywhere, &["enter"], "accept", "Accept; on Setup, start the run"),
    bind(Action::Back, Scope::Everywhere, &["esc"], "back", "Close what is on top; go back one level"),
    bind(Action::Help, Scope::Everywhere, &["?", "f1"], "help", "Show this help"),
    bind(Action::Palette, Scope::Everywhere, &[":"], "commands", "Choose from everything that can be done, by name"),
    bind(Action::Log, Scope::Everywhere, &["@"], "log", "Show what libraries printed behind the screen"),
    bind(Action::Quit, Scope::Everywhere, &["q"], "quit", "Leave; asks first while a run is on"),
    bind(Action::Interrupt, Scope::Everywhere, &["ctrl-c"], "stop and leave", "Stop every run with a checkpoint and leave; twice: at once"),
    bind(Action::Suspend, Scope::Everywhere, &["ctrl-z"], "suspend", "Suspend the program, training included; `fg` goes on"),
    bind(Action::Redraw, Scope::Everywhere, &["ctrl-l"], "redraw", "Draw the whole screen anew"),
    bind(Action::Edit, Scope::Setup, &["space", "e"], "change", "Change the value: type it, or take the next one"),
    bind(Action::Reset, Scope::Setup, &["r"], "default", "Set this value back to its default"),
    bind(Action::ResetAll, Scope::Setup, &["R"], "all defaults", "Set every value back to its default"),
    bind(Action::Enqueue, Scope::Setup, &["a"], "queue", "Add this run to the queue"),
    bind(Action::ChooseModel, Scope::Setup, &["m"], "models", "Choose a model of the tables by its size and time"),
    bind(Action::Preview, Scope::Setup, &["v"], "pictures", "Show or hide a batch as it is after augmentation"),
    bind(Action::Download, Scope::Setup, &["d"], "download", "Download CIFAR-10 into the data folder, or cancel that"),
    bind(Action::SavePreset, Scope::Setup, &["w"], "save", "Save this set-up under a name"),
    bind(Action::OpenSetUp, Scope::Setup, &["o"], "set-ups", "Take a saved set-up, or one of the latest runs"),
    bind(Action::InspectCheckpoint, Scope::Inspect, &["c"], "checkpoint", "Inspect the weights of the checkpoint in place of the best"),
    bind(Action::MistakesAlone, Scope::Inspect, &["m"], "mistakes", "Show the mistakes alone, as pictures, or everything"),
    bind(Action::Pause, Scope::Live, &["p"], "pause", "Pause the run with a checkpoint, or go on with it"),
    bind(Action::StopAfterEpoch, Scope::Live, &["S"], "stop after epoch", "Train this epoch to its end, then stop"),
    bind(Action::Stop, Scope::Live, &["s"], "stop", "Stop the run now, with a checkpoint; it can be resumed"),
    bind(Action::Checkpoint, Scope::Live, &["c"], "checkpoint", "Write a checkpoint now"),
    bind(Action::Resume, Scope::Live, &["u"], "resume", "Go on with a run that was stopped or broke off"),
    bind(Action::NextRun, Scope::Live, &["]"], "next run", "Show the next run"),
    bind(Action::PreviousRun, Scope::Live, &["["], "previous run", "Show the previous run"),
    bind(Action::ChooseRuns, Scope::Compare, &["a"], "runs", "Choose the runs to compare"),
    bind(Action::RemoveRun, Scope::Compare, &["delete", "d"], "remove", "Take the selected run out of the comparison"),
    bind(Action::ReferenceRun, Scope::Compare, &["r"], "reference", "Measure the differences from the selected run"),
    bind(Action::Arrange, Scope::Compare, &["o"], "side by side", "Curves side by side, or over each other"),
    bind(Action::Differences, Scope::Compare, &["v"], "settings", "The settings that differ, or the results"),
    bind(Action::TargetAccuracy, Scope::Compare, &["t"], "accuracy to reach", "Type the accuracy whose first epoch and time are shown"),
    bind(Action::NextChart, Scope::Charts, &["n"], "next chart", "Select the next chart"),
    bind(Action::PreviousChart, Scope::Charts, &["N"], "previous chart", "Select the previous chart"),
    bind(Action::Expand, Scope::Charts, &["z"], "expand", "Show the selected chart alone, or everything"),
    bind(Action::LogScale, Scope::Charts, &["y"], "log y", "Logarithmic or linear y axis of the selected chart"),
    bind(Action::XAxis, Scope::Charts, &["x"], "x axis", "Count epochs, steps or the time trained along the x axis"),
    bind(Action::Smoothing, Scope::Charts, &["m"], "smoothing", "Smooth the curves: off, light, medium, heavy"),
    bind(Action::SmoothingMore, Scope::Charts, &["."], "smoother", "Smooth a little more"),
    bind(Action::SmoothingLess, Scope::Charts, &[","], "less smooth", "Smooth a little less"),
    bind(Action::ZoomIn, Scope::Charts, &["+", "="], "zoom in", "Show half of the x axis, as the mouse wheel does"),
    bind(Action::ZoomOut, Scope::Charts, &["-"], "zoom out", "Show twice as much of the x axis"),
    bind(Action::ZoomReset, Scope::Charts, &["0"], "show all", "Show the whole x axis"),
    bind(Action::PanLeft, Scope::Charts, &["<", "shift-left"], "earlier", "Move the part shown to the left"),
    bind(Action::PanRight, Scope::Charts, &[">", "shift-right"], "later", "Move the part shown to the right"),
    bind(Action::StartRow, Scope::Results, &["s"], "start", "Start a full run of this model with the Keras recipe"),
    bind(Action::QueueRow, Scope::Results, &["a"], "queue", "Add a full run of this model to the queue"),
    bind(Action::QueueMissing, Scope::Results, &["A"], "queue all missing", "Add a full run of every model that has none to the queue"),
    bind(Action::FilterRuns, Scope::Runs, &["/"], "filter", "Show only runs that match, such as `v2 best>92`"),
    bind(Action::SortRuns, Scope::Runs, &["o"], "sort", "Order the list by the next column"),
    bind(Action::ReverseRuns, Scope::Runs, &["O"], "reverse", "Turn the order round"),
    bind(Action::ResumeSelected, Scope::Runs, &["u"], "resume", "Go on with a run that was stopped or broke off"),
    bind(Action::Duplicate, Scope::Runs, &["d"], "copy to Setup", "Set up a new run like this one"),
    bind(Action::Rename, Scope::Runs, &["r"], "rename", "Give the run a title"),
    bind(Action::Tag, Scope::Runs, &["t"], "tags", "Give the run tags"),
    bind(Action::Note, Scope::Runs, &["n"], "note", "Write a note on the run"),
    bind(Action::Export, Scope::Runs, &["E"], "export", "Write the run's epochs and steps as CSV files"),
    bind(Action::Delete, Scope::Runs, &["D", "delete"], "delete", "Delete the run; asks for its name first"),
    bind(Action::QueueEarlier, Scope::Queue, &["K", "-"], "earlier", "Move the run towards the front"),
    bind(Action::QueueLater, Scope::Queue, &["J", "+"], "later", "Move the run towards the end"),
    bind(Action::QueueRemove, Scope::Queue, &["d", "delete"], "remove", "Take the run out of the queue"),
    bind(Action::QueueHold, Scope::Queue, &["space"], "hold", "Start nothing more, or go on"),
    bind(Action::QueuePausedFrees, Scope::Queue, &["f"], "paused frees", "Whether a paused run frees its place for the next one"),
    bind(Action::QueueMore, Scope::Queue, &[">"], "more", "Train one more run at a time"),
    bind(Action::QueueFewer, Scope::Queue, &["<"], "fewer", "Train one run fewer at a time"),
];

impl Action {
    /// The action's row of the table.
    pub fn binding(self) -> Option<&'static Binding> {
        BINDINGS.iter().find(|binding| binding.action == self)
    }
}

/// The name in the configuration file.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// A key with its modifiers, such as `ctrl-p`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

/// Keys with a name of their own.
const NAMED: &[(&str, KeyCode)] = &[
    ("space", KeyCode::Char(' ')),
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
];

const MODIFIERS: &[(&str, KeyModifiers)] = &[
    ("ctrl-", KeyModifiers::CONTROL),
    ("alt-", KeyModifiers::ALT),
    ("shift-", KeyModifiers::SHIFT),
];

impl Key {
    /// One spelling for each key, whichever way the terminal reports it: an upper-case letter says
    /// shift by itself, and shift-tab is tab with shift.
    fn new(code: KeyCode, modifiers: KeyModifiers) -> Self {
        let known = modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        match code {
            KeyCode::BackTab => Self { code: KeyCode::Tab, modifiers: known | KeyModifiers::SHIFT },
            KeyCode::Char(letter) if known.contains(KeyModifiers::SHIFT) => Self {
                code: KeyCode::Char(letter.to_ascii_uppercase()),
                modifiers: known - KeyModifiers::SHIFT,
            },
            _ => Self { code, modifiers: known },
        }
    }
}

impl From<KeyEvent> for Key {
    fn from(event: KeyEvent) -> Self {
        Self::new(event.code, event.modifiers)
    }
}

impl FromStr for Key {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = text;
        while let Some((name, modifier)) =
            MODIFIERS.iter().find(|(name, _)| rest.len() > name.len() && rest.starts_with(name))
        {
            modifiers |= *modifier;
            rest = &rest[name.len()..];
        }
        let named = NAMED.iter().find(|(name, _)| *name == rest).map(|(_, code)| *code);
        let function = || {
            let number = rest.strip_prefix('f')?.parse().ok()?;
            (1..=12).contains(&number).then_some(KeyCode::F(number))
        };
        let single = || {
            let mut letters = rest.chars();
            let letter = letters.next().filter(|letter| !letter.is_whitespace())?;
            letters.next().is_none().then_some(KeyCode::Char(letter))
        };
        named.or_else(function).or_else(single).map(|code| Self::new(code, modifiers)).ok_or_else(
            || {
                let names: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
                format!(
                    "`{text}` is not a key; a key is one character, f1 to f12 or one of {}, with \
                     ctrl-, alt- or shift- before it",
                    names.join(", ")
                )
            },
        )
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, modifier) in MODIFIERS {
            if self.modifiers.contains(*modifier) {
                f.write_str(name)?;
            }
        }
        match (NAMED.iter().find(|(_, code)| *code == self.code), self.code) {
            (Some((name, _)), _) => f.write_str(name),
            (None, KeyCode::Char(letter)) => write!(f, "{letter}"),
            (None, KeyCode::F(number)) => write!(f, "f{number}"),
            (None, other) => write!(f, "{other:?}"),
        }
    }
}

/// Which key does what. In the configuration file: `action = "key"` or `action = ["key", "key"]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<Action, Spelling>", into = "BTreeMap<Action, Spelling>")]
pub struct Keymap {
    keys: BTreeMap<Action, Vec<Key>>,
}

/// One key or several, as the file has them.
#[derive(Clone)]
struct Spelling(Vec<Key>);

impl Serialize for Spelling {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [key] => serializer.collect_str(key),
            keys => serializer.collect_seq(keys.iter().map(Key::to_string)),
        }
    }
}

impl<'de> Deserialize<'de> for Spelling {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SpellingVisitor)
    }
}

struct SpellingVisitor;

impl<'de> Visitor<'de> for SpellingVisitor {
    type Value = Spelling;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key such as \"p\" or a list of keys")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Spelling, E> {
        text.parse().map(|key| Spelling(vec![key])).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Spelling, A::Error> {
        let mut keys = Vec::new();
        while let Some(text) = list.next_element::<String>()? {
            keys.push(text.parse().map_err(de::Error::custom)?);
        }
        Ok(Spelling(keys))
    }
}

impl Default for Keymap {
    fn default() -> Self {
        let keys = BINDINGS.iter().map(|binding| {
            // A test holds every default key to be readable.
            let keys = binding.keys.iter().filter_map(|key| key.parse().ok()).collect();
            (binding.action, keys)
        });
        Self { keys: keys.collect() }
    }
}

impl Keymap {
    /// What `key` does in `scope`.
    pub fn action(&self, scope: Scope, key: KeyEvent) -> Option<Action> {
        let key = Key::from(key);
        BINDINGS
            .iter()
            .filter(|binding| binding.scope.holds_on(scope))
            .find(|binding| self.keys(binding.action).contains(&key))
            .map(|binding| binding.action)
    }

    /// The keys of an action; none where the configuration took them all away.
    pub fn keys(&self, action: Action) -> &[Key] {
        self.keys.get(&action).map_or(&[], Vec::as_slice)
    }

    /// The first key of an action, for hints.
    pub fn hint(&self, action: Action) -> Option<String> {
        self.keys(action).first().map(Key::to_string)
    }

    /// Two actions that one key would have to do, if there are such.
    fn duplicate(&self) -> Option<(Action, Action, Key)> {
        BINDINGS.iter().enumerate().find_map(|(index, first)| {
            let later = BINDINGS.get(index + 1..)?;
            later.iter().filter(|second| first.scope.overlaps(second.scope)).find_map(|second| {
                let shared = self
                    .keys(first.action)
                    .iter()
                    .find(|key| self.keys(second.action).contains(key))?;
                Some((first.action, second.action, *shared))
            })
        })
    }
}

impl TryFrom<BTreeMap<Action, Spelling>> for Keymap {
    type Error = String;

    fn try_from(changes: BTreeMap<Action, Spelling>) -> Result<Self, String> {
        let mut keymap = Self::default();
        for (action, Spelling(keys)) in changes {
            keymap.keys.insert(action, keys);
        }
        match keymap.duplicate() {
            None => Ok(keymap),
            Some((first, second, key)) => {
                Err(format!("`{key}` cannot be both {first} and {second}; give one another key"))
            }
        }
    }
}

impl From<Keymap> for BTreeMap<Action, Spelling> {
    fn from(keymap: Keymap) -> Self {
        keymap.keys.into_iter().map(|(action, keys)| (action, Spelling(keys))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(text: &str) -> KeyEvent {
        let key: Key = text.parse().unwrap();
        KeyEvent::new(key.code, key.modifiers)
    }

    #[test]
    fn every_action_is_in_the_table_once_with_readable_keys() {
        for (index, binding) in BINDINGS.iter().enumerate() {
            assert!(!BINDINGS[index + 1..].iter().any(|other| other.action == binding.action));
            for key in binding.keys {
                assert_eq!(key.parse::<Key>().unwrap().to_string(), *key);
            }
        }
        // QueueFewer is the last of the enumeration; serde refuses what is not in it.
        assert_eq!(BINDINGS.len(), Action::QueueFewer as usize + 1);
        assert_eq!(Keymap::default().duplicate(), None);
    }

    #[test]
    fn keys_are_the_same_however_the_terminal_reports_them() {
        let shifted = KeyEvent::new(KeyCode::Char('R'), KeyModifiers::SHIFT);
        assert_eq!(Key::from(shifted), "R".parse().unwrap());
        assert_eq!("shift-r".parse::<Key>(), "R".parse());
        let back_tab = KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT);
        assert_eq!(Key::from(back_tab), "shift-tab".parse().unwrap());
        assert_eq!(Key::from(back_tab).to_string(), "shift-tab");
        for text in ["-", "ctrl--", "ctrl-alt-x", "f12", "space", "é"] {
            assert_eq!(text.parse::<Key>().unwrap().to_string(), text);
        }
        for text in ["", "ctrl-", "f13", "page", " ", "ctrl-ab"] {
            assert!(text.parse::<Key>().unwrap_err().contains("is not a key"), "{text}");
        }
    }

    #[test]
    fn a_key_means_what_its_screen_says() {
        let keymap = Keymap::default();
        assert_eq!(keymap.action(Scope::Live, press("p")), Some(Action::Pause));
        assert_eq!(keymap.action(Scope::Setup, press("p")), None);
        assert_eq!(keymap.action(Scope::Setup, press("?")), Some(Action::Help));
    }

    #[test]
    fn a_rebound_key_replaces_the_default() {
        let keymap: Keymap =
            toml::from_str("pause = \"ctrl-p\"\nquit = [\"q\", \"X\"]\nhelp = []").unwrap();
        assert_eq!(keymap.action(Scope::Live, press("ctrl-p")), Some(Action::Pause));
        assert_eq!(keymap.action(Scope::Live, press("p")), None);
        assert_eq!(keymap.action(Scope::Live, press("X")), Some(Action::Quit));
        assert_eq!(keymap.hint(Action::Help), None);
        let written = toml::to_string(&keymap).unwrap();
        assert_eq!(toml::from_str::<Keymap>(&written).unwrap(), keymap);
    }

    #[test]
    fn what_cannot_be_bound_is_named() {
        let error = |text: &str| toml::from_str::<Keymap>(text).unwrap_err().to_string();
        assert!(error("pause = \"s\"").contains("`s` cannot be both pause and stop"));
        assert!(error("pause = \"?\"").contains("`?` cannot be both help and pause"));
        assert!(error("pause = \"pp\"").contains("`pp` is not a key"));
        assert!(error("pawse = \"p\"").contains("unknown variant `pawse`"));
        assert!(error("pause = \"m\"").contains("`m` cannot be both pause and smoothing"));
        // Setup and Live are never on the screen at once.
        assert!(toml::from_str::<Keymap>("pause = \"r\"").is_ok());
    }
}
