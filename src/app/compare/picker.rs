//! The list of runs to choose from.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::ListedRun;
use crate::config::keys::Action;

/// The list, narrowed down by what is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picker {
    /// What the shown runs contain.
    pub filter: String,
    /// The selected one of the shown runs.
    pub selected: usize,
    /// The runs chosen so far.
    pub chosen: Vec<String>,
}

/// What a key did to the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PickerReply {
    /// It stays open.
    Open,
    /// Nothing is to change.
    Cancelled,
    /// These runs are to be compared.
    Chosen(Vec<String>),
}

impl Picker {
    /// The list with these runs chosen.
    pub fn new(chosen: &[String]) -> Self {
        Self { filter: String::new(), selected: 0, chosen: chosen.to_vec() }
    }

    /// The runs that hold what was typed, the newest first.
    pub fn shown<'a>(&self, listed: &'a [ListedRun]) -> Vec<&'a ListedRun> {
        let wanted = self.filter.to_lowercase();
        let holds = |run: &&ListedRun| {
            let text = format!("{} {} {}", run.id, run.title, run.spec.architecture());
            wanted.split_whitespace().all(|word| text.to_lowercase().contains(word))
        };
        listed.iter().rev().filter(holds).collect()
    }

    /// Takes a key.
    pub fn key(
        &mut self,
        action: Option<Action>,
        key: KeyEvent,
        listed: &[ListedRun],
    ) -> PickerReply {
        let count = self.shown(listed).len();
        let last = count.saturating_sub(1);
        match (key.code, action) {
            (KeyCode::Char(' '), _) => self.toggle(listed),
            (KeyCode::Char(letter), _) if !key.modifiers.contains(KeyModifiers::CONTROL) => {
                self.filter.push(letter);
                self.selected = 0;
            }
            (KeyCode::Backspace, _) => {
                self.filter.pop();
                self.selected = 0;
            }
            (_, Some(Action::Accept)) => return PickerReply::Chosen(self.chosen.clone()),
            (_, Some(Action::Back)) => return PickerReply::Cancelled,
            (_, Some(Action::Up)) => self.selected = self.selected.saturating_sub(1),
            (_, Some(Action::Down)) => self.selected = (self.selected + 1).min(last),
            (_, Some(Action::PageUp)) => self.selected = self.selected.saturating_sub(10),
            (_, Some(Action::PageDown)) => self.selected = (self.selected + 10).min(last),
            (_, Some(Action::First)) => self.selected = 0,
            (_, Some(Action::Last)) => self.selected = last,
            _ => {}
        }
        PickerReply::Open
    }

    fn toggle(&mut self, listed: &[ListedRun]) {
        let Some(run) = self.shown(listed).get(self.selected).map(|run| run.id.clone()) else {
            return;
        };
        match self.chosen.iter().position(|id| *id == run) {
            Some(index) => {
                self.chosen.remove(index);
            }
            None => self.chosen.push(run),
        }
    }
}
