//! The Runs screen: which runs it lists, in which order, and which one is selected.

use std::cmp::Ordering;

use crossterm::event::{Event, KeyCode, KeyEvent};
use tui_input::backend::crossterm::EventHandler;
use tui_input::{Input, InputRequest};

use super::library::Library;
use crate::config::keys::Action;
use crate::runs::filter::Filter;
use crate::runs::record::{RunRecord, UnreadableRun};
use crate::runs::state::RunState;

/// What the list is ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// When the run was created.
    #[default]
    Created,
    /// The best test accuracy.
    Best,
    /// The test accuracy of the last epoch.
    Last,
    /// Epochs completed.
    Epochs,
    /// Training time.
    Time,
    /// The model, by family and depth.
    Model,
    /// The state in words.
    State,
    /// The title, or the id where there is none.
    Title,
}

/// The orders as the key goes through them.
const ORDERS: [Order; 8] = [
    Order::Created,
    Order::Best,
    Order::Last,
    Order::Epochs,
    Order::Time,
    Order::Model,
    Order::State,
    Order::Title,
];

impl Order {
    /// What stands above the list.
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Best => "best accuracy",
            Self::Last => "last accuracy",
            Self::Epochs => "epochs",
            Self::Time => "training time",
            Self::Model => "model",
            Self::State => "state",
            Self::Title => "title",
        }
    }

    /// Whether the most interesting runs have the largest values.
    fn largest_first(self) -> bool {
        !matches!(self, Self::Model | Self::State | Self::Title)
    }

    fn next(self) -> Self {
        let place = ORDERS.iter().position(|order| *order == self).unwrap_or(0);
        ORDERS.get((place + 1) % ORDERS.len()).copied().unwrap_or_default()
    }

    fn compare(self, a: &RunRecord, b: &RunRecord) -> Ordering {
        let number = |of: fn(&RunRecord) -> f64| of(a).total_cmp(&of(b));
        match self {
            Self::Created => a.description.created.cmp(&b.description.created),
            Self::Best => number(best_accuracy),
            Self::Last => number(last_accuracy),
            Self::Epochs => number(|run| f64::from(epochs_done(run))),
            Self::Time => number(|run| run.history.train_seconds()),
            Self::Model => model_key(a).cmp(&model_key(b)),
            Self::State => a.state.word().cmp(b.state.word()),
            Self::Title => a.title().to_lowercase().cmp(&b.title().to_lowercase()),
        }
    }
}

fn best_accuracy(run: &RunRecord) -> f64 {
    run.history.best().map_or(-1.0, |epoch| epoch.test_accuracy)
}

fn last_accuracy(run: &RunRecord) -> f64 {
    run.history.epochs.last().map_or(-1.0, |epoch| epoch.test_accuracy)
}

fn model_key(run: &RunRecord) -> (String, u32) {
    let spec = &run.description.spec;
    (spec.version.to_string(), spec.n)
}

/// Epochs that a run has completed.
pub fn epochs_done(run: &RunRecord) -> u32 {
    run.history.epochs.last().map_or(0, |epoch| epoch.epoch)
}

/// Whether a run can be gone on with from its folder.
pub fn can_be_resumed(run: &RunRecord) -> bool {
    !run.state.is_live() && run.state != RunState::Finished
}

/// A row of the list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Row<'a> {
    /// A run.
    Run(&'a RunRecord),
    /// A folder that cannot be read.
    Unreadable(&'a UnreadableRun),
}

impl Row<'_> {
    /// The run's id: the name of its folder.
    pub fn id(&self) -> String {
        match self {
            Self::Run(run) => run.folder.id(),
            Self::Unreadable(run) => run.folder.id(),
        }
    }
}

/// How the list looks.
#[derive(Clone, Debug, Default)]
pub struct RunList {
    /// The order.
    pub order: Order,
    /// Whether the order is turned round.
    pub reversed: bool,
    /// The filter line as typed.
    pub line: Input,
    /// Whether it is being typed.
    pub typing: bool,
    /// Why the line is no filter; the last one that was holds until then.
    pub error: Option<String>,
    filter: Filter,
    /// The selected run, and its place for when it is gone.
    selected: Option<String>,
    place: usize,
}

/// Rows that page up and page down move by.
const PAGE: isize = 10;

impl RunList {
    /// The rows to show: the runs that match, in their order, then what cannot be read.
    pub fn rows<'a>(&self, library: &'a Library) -> Vec<Row<'a>> {
        let matching = library.runs.iter().filter(|run| self.filter.matches(run));
        let mut runs: Vec<&RunRecord> = matching.collect();
        let turned = self.order.largest_first() != self.reversed;
        runs.sort_by(|a, b| {
            let order = self.order.compare(a, b);
            // Equal ones stay in the order of their ids.
            (if turned { order.reverse() } else { order })
                .then_with(|| a.folder.id().cmp(&b.folder.id()))
        });
        let unreadable = library.unreadable.iter().filter(|_| self.filter.is_empty());
        runs.into_iter().map(Row::Run).chain(unreadable.map(Row::Unreadable)).collect()
    }

    /// The place of the selected row among `rows`.
    pub fn selection(&self, rows: &[Row]) -> usize {
        let found = self.selected.as_ref();
        let found = found.and_then(|id| rows.iter().position(|row| row.id() == *id));
        found.unwrap_or(self.place.min(rows.len().saturating_sub(1)))
    }

    /// The selected run, where one that can be read is selected.
    pub fn selected_run<'a>(&self, library: &'a Library) -> Option<&'a RunRecord> {
        let rows = self.rows(library);
        match rows.get(self.selection(&rows)) {
            Some(Row::Run(run)) => Some(*run),
            _ => None,
        }
    }

    /// Moves or orders the list.
    pub fn act(&mut self, action: Action, library: &Library) {
        match action {
            Action::Up => self.step(-1, library),
            Action::Down => self.step(1, library),
            Action::PageUp => self.step(-PAGE, library),
            Action::PageDown => self.step(PAGE, library),
            Action::First => self.step(isize::MIN, library),
            Action::Last => self.step(isize::MAX, library),
            Action::SortRuns => (self.order, self.reversed) = (self.order.next(), false),
            Action::ReverseRuns => self.reversed = !self.reversed,
            Action::FilterRuns => self.typing = true,
            Action::Back => self.set_filter(""),
            _ => {}
        }
    }

    fn step(&mut self, by: isize, library: &Library) {
        let place = self.selection(&self.rows(library));
        self.select(place.saturating_add_signed(by), library);
    }

    /// Selects the row at a place, the last one where there are fewer.
    pub fn select(&mut self, place: usize, library: &Library) {
        let rows = self.rows(library);
        self.place = place.min(rows.len().saturating_sub(1));
        self.selected = rows.get(self.place).map(Row::id);
    }

    /// Shows the runs that match `line` alone.
    pub fn set_filter(&mut self, line: &str) {
        self.line = Input::new(line.to_owned());
        self.typing = false;
        self.take_filter();
    }

    /// Takes a key while the filter is typed. Escape clears it, enter and the arrows keep it.
    pub fn type_key(&mut self, key: KeyEvent, library: &Library) {
        match key.code {
            KeyCode::Esc => self.set_filter(""),
            KeyCode::Enter => self.typing = false,
            KeyCode::Up => self.step(-1, library),
            KeyCode::Down => self.step(1, library),
            _ => {
                self.line.handle_event(&Event::Key(key));
                self.take_filter();
            }
        }
    }

    /// Takes text pasted into the filter line.
    pub fn paste(&mut self, text: &str) {
        for letter in text.chars().filter(|letter| !letter.is_control()) {
            self.line.handle(InputRequest::InsertChar(letter));
        }
        self.take_filter();
    }

    fn take_filter(&mut self) {
        match Filter::parse(self.line.value()) {
            Ok(filter) => (self.filter, self.error) = (filter, None),
            Err(error) => self.error = Some(error.to_string()),
        }
    }
}

#[cfg(test)]
#[path = "run_list_tests.rs"]
mod tests;
