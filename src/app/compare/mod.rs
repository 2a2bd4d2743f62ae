//! The Compare screen: which runs it compares, and how.

pub mod difference;

pub mod picker;

use std::collections::{BTreeMap, BTreeSet};

use crossterm::event::{KeyCode, KeyEvent};

use super::charts::{ChartView, x_axis};
use super::run_view::RunView;
use crate::config::keys::Action;
use crate::config::run::{RunSpec, Version};
use crate::runs::RunHistory;
use crate::runs::curve::{Axis, Metric};
use picker::{Picker, PickerReply};

/// What can be compared, in the order of the keys.
pub const METRICS: [Metric; 6] = [
    Metric::TestAccuracy,
    Metric::TestLoss,
    Metric::TrainAccuracy,
    Metric::TrainLoss,
    Metric::LearningRate,
    Metric::SecondsPerEpoch,
];

/// What the screen wants to know of the runs on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompareRequest {
    /// Which there are.
    List,
    /// Everything about one.
    Load(String),
}

/// The answer to a [`CompareRequest`].
#[derive(Clone, Debug)]
pub enum CompareReply {
    /// The runs on disk, oldest first.
    Listed(Vec<ListedRun>),
    /// A run.
    Loaded(Box<LoadedRun>),
    /// A run that cannot be read.
    Unreadable {
        /// Its id.
        id: String,
        /// Why.
        error: String,
    },
}

/// A run on disk in a few words.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedRun {
    /// The id.
    pub id: String,
    /// The title that the user gave it, or nothing.
    pub title: String,
    /// The recipe.
    pub spec: RunSpec,
    /// Epochs completed.
    pub epochs: u32,
    /// The test accuracy of its best epoch, 0 to 1.
    pub best: Option<f64>,
    /// Whether some process is training it.
    pub live: bool,
}

/// A run on disk with its curves.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadedRun {
    /// The id.
    pub id: String,
    /// The title that the user gave it, or nothing.
    pub title: String,
    /// The recipe.
    pub spec: RunSpec,
    /// Its events.
    pub history: RunHistory,
}

/// A run in the comparison.
#[derive(Clone, Copy, Debug)]
pub struct Compared<'a> {
    /// The id.
    pub id: &'a str,
    /// What to call it: the user's title, or the id.
    pub name: &'a str,
    /// The recipe.
    pub spec: &'a RunSpec,
    /// Its events.
    pub history: &'a RunHistory,
}

/// The Compare screen.
#[derive(Clone, Debug, PartialEq)]
pub struct CompareScreen {
    /// The runs to compare, in the order of the screen.
    chosen: Vec<String>,
    /// Whether the user chose them.
    chosen_by_user: bool,
    /// Runs that were read from disk.
    loaded: BTreeMap<String, LoadedRun>,
    /// Runs that were asked for.
    requested: BTreeSet<String>,
    /// The runs on disk.
    pub listed: Vec<ListedRun>,
    /// The list to choose from, while it is open.
    pub picker: Option<Picker>,
    /// The accuracy to reach as it is being typed.
    pub typed: Option<String>,
    /// The accuracy to reach, in percent.
    pub target: f64,
    /// What is compared, counted over [`METRICS`].
    pub metric: usize,
    /// Which metrics have a logarithmic y axis.
    pub log_scale: [bool; METRICS.len()],
    /// Whether curves stand side by side rather than over each other.
    pub side_by_side: bool,
    /// Whether the table shows the settings that differ rather than the results.
    pub settings: bool,
    /// Whether the chart is shown alone.
    pub expanded: bool,
    /// The selected run, counted over the chosen ones.
    pub selected: usize,
    /// The run that the others are measured from; the first one where it names none of them.
    pub reference: Option<String>,
    /// The part of the runs shown, and the cursor.
    pub view: ChartView,
}

impl Default for CompareScreen {
    fn default() -> Self {
        Self {
            chosen: Vec::new(),
            chosen_by_user: false,
            loaded: BTreeMap::new(),
            requested: BTreeSet::new(),
            listed: Vec::new(),
            picker: None,
            typed: None,
            target: 90.0,
            metric: 0,
            log_scale: METRICS.map(|metric| metric == Metric::LearningRate),
            side_by_side: false,
            settings: false,
            expanded: false,
            selected: 0,
            reference: None,
            view: ChartView::default(),
        }
    }
}

impl CompareScreen {
    /// Compares these runs.
    pub fn select(&mut self, runs: Vec<String>) {
        self.chosen = runs;
        self.chosen_by_user = true;
        self.selected = 0;
        self.view = ChartView::default();
        self.requested.retain(|run| self.chosen.contains(run));
        self.loaded.retain(|run, _| self.chosen.contains(run));
    }

    /// The ids of the runs to compare.
    pub fn chosen(&self) -> &[String] {
        &self.chosen
    }

    /// What is compared.
    pub fn metric(&self) -> Metric {
        METRICS.get(self.metric).copied().unwrap_or(Metric::TestAccuracy)
    }

    /// Whether its y axis is logarithmic.
    pub fn is_log(&self) -> bool {
        self.log_scale.get(self.metric).copied().unwrap_or(false)
    }

    /// The chosen runs whose curves are known. Those of this session are as they are now.
    pub fn compared<'a>(&'a self, session: &'a [RunView]) -> Vec<Compared<'a>> {
        let find = |id: &'a String| {
            let loaded = self.loaded.get(id);
            let listed = self.listed.iter().find(|run| run.id == *id).map(|run| &run.title);
            let title = loaded.map(|run| &run.title).or(listed).filter(|title| !title.is_empty());
            let name = title.unwrap_or(id);
            match session.iter().find(|run| run.id == *id) {
                Some(run) => Some(Compared { id, name, spec: &run.spec, history: &run.history }),
                None => {
                    loaded.map(|run| Compared { id, name, spec: &run.spec, history: &run.history })
                }
            }
        };
        self.chosen.iter().filter_map(find).collect()
    }

    /// The run that the others are measured from, counted over `compared`.
    pub fn reference_of(&self, compared: &[Compared]) -> usize {
        let named = compared.iter().position(|run| Some(run.id) == self.reference.as_deref());
        named.unwrap_or(0)
    }

    /// Where the longest of the compared runs has got to.
    pub fn end(&self, session: &[RunView], axis: Axis) -> f64 {
        let ends = self
            .compared(session)
            .iter()
            .map(|run| x_axis::end(axis, run.history))
            .fold(0.0, f64::max);
        if ends > 0.0 { ends } else { 1.0 }
    }

    /// The chosen runs that are neither of this session nor asked for yet; they are to be loaded.
    pub fn ask(&mut self, session: &[RunView]) -> Vec<CompareRequest> {
        let missing: Vec<String> = self
            .chosen
            .iter()
            .filter(|id| !self.requested.contains(*id) && session.iter().all(|run| run.id != **id))
            .cloned()
            .collect();
        self.requested.extend(missing.iter().cloned());
        missing.into_iter().map(CompareRequest::Load).collect()
    }

    /// Takes in an answer; gives back why a run cannot be compared, where it cannot.
    pub fn take(&mut self, reply: CompareReply) -> Option<String> {
        match reply {
            CompareReply::Listed(runs) => {
                // What another process is training, or was, has grown since.
                let loaded = &self.loaded;
                let grows = |run: &ListedRun| {
                    let known = loaded.get(&run.id).map(|known| known.history.epochs.len());
                    run.live || known.is_some_and(|known| known as u32 != run.epochs)
                };
                let grown = |id: &String| runs.iter().any(|run| run.id == *id && grows(run));
                self.requested.retain(|id| !grown(id));
                self.listed = runs;
                if !self.chosen_by_user && self.chosen.is_empty() {
                    self.chosen = first_choice(&self.listed);
                }
            }
            CompareReply::Loaded(run) => {
                if self.chosen.contains(&run.id) {
                    self.loaded.insert(run.id.clone(), *run);
                }
            }
            CompareReply::Unreadable { id, error } => {
                self.chosen.retain(|run| *run != id);
                return Some(error);
            }
        }
        None
    }

    /// Takes a key before it means anything else; whether it did.
    pub fn key(&mut self, action: Option<Action>, key: KeyEvent) -> bool {
        if let Some(mut picker) = self.picker.take() {
            match picker.key(action, key, &self.listed) {
                PickerReply::Open => self.picker = Some(picker),
                PickerReply::Cancelled => {}
                PickerReply::Chosen(runs) => self.select(runs),
            }
            return true;
        }
        let Some(typed) = &mut self.typed else { return false };
        match key.code {
            KeyCode::Char(letter)
                if typed.len() < 6 && (letter.is_ascii_digit() || letter == '.') =>
            {
                typed.push(letter);
            }
            KeyCode::Backspace => {
                typed.pop();
            }
            KeyCode::Enter => {
                // What is no accuracy stays in the field to be corrected.
                if let Some(target) = parse_target(typed) {
                    self.target = target;
                    self.typed = None;
                }
            }
            KeyCode::Esc => self.typed = None,
            _ => {}
        }
        true
    }

    /// Does what a key asks of the screen; `end` is where the longest run has got to on the axis.
    pub fn act(&mut self, action: Action, axis: Axis, end: f64) {
        let (runs, metrics) = (self.chosen.len().max(1), METRICS.len());
        match action {
            Action::ChooseRuns | Action::Accept => self.picker = Some(Picker::new(&self.chosen)),
            Action::NextChart => self.metric = (self.metric + 1) % metrics,
            Action::PreviousChart => self.metric = (self.metric + metrics - 1) % metrics,
            Action::Down => self.selected = (self.selected + 1) % runs,
            Action::Up => self.selected = (self.selected + runs - 1) % runs,
            Action::RemoveRun => self.remove(),
            Action::ReferenceRun => self.reference = self.chosen.get(self.selected).cloned(),
            Action::Arrange => self.side_by_side = !self.side_by_side,
            Action::Differences => self.settings = !self.settings,
            Action::TargetAccuracy => self.typed = Some(String::new()),
            Action::Expand => self.expanded = !self.expanded,
            Action::LogScale => {
                if let Some(log) = self.log_scale.get_mut(self.metric) {
                    *log = !*log;
                }
            }
            _ if self.view.act(action, axis, end) => {}
            Action::Back => self.expanded = false,
            _ => {}
        }
    }

    fn remove(&mut self) {
        if self.selected < self.chosen.len() {
            let mut left = self.chosen.clone();
            left.remove(self.selected);
            let selected = self.selected.min(left.len().saturating_sub(1));
            self.select(left);
            self.selected = selected;
        }
    }
}

/// The accuracy in percent that a text means.
pub fn parse_target(text: &str) -> Option<f64> {
    text.parse().ok().filter(|target| (0.0..=100.0).contains(target))
}

/// The newest v1 and v2 with results on the same images; else the newest of either; where one is missing,
/// the newest two runs.
fn first_choice(listed: &[ListedRun]) -> Vec<String> {
    let newest = || listed.iter().rev().filter(|run| run.epochs > 0);
    let of = |version: Version| newest().filter(move |run| run.spec.version == version);
    let same_images = of(Version::V1).find_map(|v1| {
        let v2 = of(Version::V2).find(|v2| v2.spec.data == v1.spec.data)?;
        Some(vec![v1, v2])
    });
    let runs =
        same_images.unwrap_or_else(|| match (of(Version::V1).next(), of(Version::V2).next()) {
            (Some(v1), Some(v2)) => vec![v1, v2],
            _ => newest().take(2).collect(),
        });
    runs.into_iter().map(|run| run.id.clone()).collect()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
