//! A list to choose from, narrowed by typing: models, set-ups, and the command palette.

use crossterm::event::{Event, KeyCode, KeyEvent};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use crate::config::keys::Action;
use crate::config::run::{Architecture, RunSpec};

/// Rows that page up and page down move by.
const PAGE: isize = 10;

/// A list with the text that narrows it.
#[derive(Clone, Debug)]
pub struct Picker {
    /// What is chosen.
    pub title: &'static str,
    /// Names the columns, where there are several.
    pub heading: String,
    /// What was typed to narrow the list.
    pub filter: Input,
    /// Every row.
    pub rows: Vec<PickerRow>,
    /// The selected row, counted over those that match.
    pub selected: usize,
}

/// One row.
#[derive(Clone, Debug)]
pub struct PickerRow {
    /// What stands in it.
    pub text: String,
    /// What it stands for.
    pub choice: Choice,
}

/// What a row stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Choice {
    /// Do this.
    Action(Action),
    /// Take this model.
    Model(Architecture),
    /// Take this set-up.
    SetUp(Box<RunSpec>),
    /// Take the set-up saved under this name.
    Preset(String),
}

/// What a key did to a list.
#[derive(Clone, Debug, PartialEq)]
pub enum PickerReply {
    /// It stays.
    Open,
    /// Nothing was chosen.
    Close,
    /// This was chosen.
    Chosen(Choice),
}

impl Picker {
    /// A list with its first row selected.
    pub fn new(title: &'static str, heading: String, rows: Vec<PickerRow>) -> Self {
        Self { title, heading, filter: Input::default(), rows, selected: 0 }
    }

    /// The rows that hold every word of the filter, whatever the case.
    pub fn matching(&self) -> impl Iterator<Item = &PickerRow> {
        let filter = self.filter.value().to_lowercase();
        self.rows.iter().filter(move |row| {
            let text = row.text.to_lowercase();
            filter.split_whitespace().all(|word| text.contains(word))
        })
    }

    /// Takes a key. Letters narrow the list, so only keys that are none move in it.
    pub fn key(&mut self, key: KeyEvent) -> PickerReply {
        match key.code {
            KeyCode::Esc => return PickerReply::Close,
            KeyCode::Enter => {
                let chosen = self.matching().nth(self.selected).map(|row| row.choice.clone());
                return chosen.map_or(PickerReply::Open, PickerReply::Chosen);
            }
            KeyCode::Up | KeyCode::BackTab => self.shift(-1),
            KeyCode::Down | KeyCode::Tab => self.shift(1),
            KeyCode::PageUp => self.shift(-PAGE),
            KeyCode::PageDown => self.shift(PAGE),
            _ => {
                let change = self.filter.handle_event(&Event::Key(key));
                if change.is_some_and(|change| change.value) {
                    self.selected = 0;
                }
            }
        }
        PickerReply::Open
    }

    /// Moves the selection by so many rows, no further than the ends.
    pub fn shift(&mut self, by: isize) {
        let last = self.matching().count().saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(by).min(last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::run::Version;

    fn picker() -> Picker {
        let row = |n| {
            let model = Architecture { version: Version::V1, n };
            PickerRow { text: format!("{model} depth"), choice: Choice::Model(model) }
        };
        Picker::new("Models", String::new(), [3, 5, 18].map(row).into())
    }

    fn model(n: u32) -> PickerReply {
        PickerReply::Chosen(Choice::Model(Architecture { version: Version::V1, n }))
    }

    #[test]
    fn typing_narrows_and_enter_takes_what_is_selected() {
        let mut picker = picker();
        picker.key(KeyCode::Down.into());
        assert_eq!(picker.key(KeyCode::Enter.into()), model(5));
        "110 DEPTH".chars().for_each(|letter| drop(picker.key(KeyCode::Char(letter).into())));
        assert_eq!(picker.matching().count(), 1);
        assert_eq!(picker.key(KeyCode::Enter.into()), model(18));
        picker.key(KeyCode::Char('x').into());
        assert_eq!(picker.key(KeyCode::Enter.into()), PickerReply::Open, "nothing matches");
        assert_eq!(picker.key(KeyCode::Esc.into()), PickerReply::Close);
    }

    #[test]
    fn the_selection_stays_in_the_list() {
        let mut picker = picker();
        picker.key(KeyCode::PageDown.into());
        assert_eq!(picker.selected, 2);
        picker.key(KeyCode::PageUp.into());
        assert_eq!(picker.selected, 0);
    }
}
