//! What lies over a screen and takes the keys first.

use crossterm::event::{Event, KeyCode, KeyEvent};
use tui_input::backend::crossterm::EventHandler;
use tui_input::{Input, InputRequest};

use super::picker::{self, Picker, PickerReply};
use super::prompt::{self, Prompt};
use super::scroll::Scroll;
use crate::config::keys::Action;
use crate::config::run::RunSpec;

/// Something over the screen.
#[derive(Clone, Debug)]
pub enum Overlay {
    /// The keys.
    Help(Help),
    /// A list to choose from.
    Picker(Picker),
    /// Asks for the name of a set-up.
    PresetName(Input),
    /// The end of the log.
    Log {
        /// Its lines.
        text: String,
        /// Which of them are shown.
        scroll: Scroll,
    },
    /// A question.
    Confirm(Confirm),
    /// A question with a line of text as its answer.
    Prompt(Box<Prompt>),
    /// The runs that wait for their turn.
    Queue,
    /// A message that waits to be read.
    Message {
        /// What it is about.
        title: String,
        /// The message.
        text: String,
    },
}

/// The keys, from a line on, with what is searched for among them.
#[derive(Clone, Debug)]
pub struct Help {
    /// Which lines are shown.
    pub scroll: Scroll,
    /// What is searched for.
    pub search: Input,
    /// Whether it is being typed.
    pub typing: bool,
}

/// A question with its answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Confirm {
    /// The question.
    pub title: String,
    /// What the answers mean.
    pub text: String,
    /// The answers.
    pub choices: Vec<Choice>,
    /// The selected answer.
    pub selected: usize,
}

/// One answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The letter that gives it.
    pub key: char,
    /// The answer in words.
    pub label: &'static str,
    /// What it stands for.
    pub answer: Answer,
}

/// What an answer stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Pause every run, then leave.
    PauseAndLeave,
    /// Stop every run, then leave.
    StopAndLeave,
    /// Put these runs into the queue.
    Enqueue(Vec<RunSpec>),
    /// Do nothing.
    Stay,
}

/// What a key did to an overlay.
#[derive(Clone, Debug, PartialEq)]
pub enum OverlayReply {
    /// It stays.
    Open,
    /// It is done with.
    Close,
    /// It is done with, and this was answered.
    Answer(Answer),
    /// It is done with, and this was answered in words about a run.
    Prompted(String, prompt::Outcome),
    /// The action is for the queue.
    Queue(Action),
    /// It is done with, and this was chosen.
    Chosen(picker::Choice),
    /// It is done with, and this was typed.
    Typed(String),
}

impl Default for Help {
    fn default() -> Self {
        Self { scroll: Scroll::at_start(), search: Input::default(), typing: false }
    }
}

impl Help {
    fn key(&mut self, action: Option<Action>, key: KeyEvent) -> OverlayReply {
        if self.typing {
            match key.code {
                KeyCode::Enter => self.typing = false,
                KeyCode::Esc => *self = Self::default(),
                _ => {
                    self.search.handle_event(&Event::Key(key));
                    self.scroll = Scroll::at_start();
                }
            }
            return OverlayReply::Open;
        }
        match action {
            Some(Action::Back | Action::Help | Action::Quit | Action::Accept) => {
                return OverlayReply::Close;
            }
            _ if key.code == KeyCode::Char('/') => self.typing = true,
            _ => self.scroll.act(action),
        }
        OverlayReply::Open
    }
}

impl Confirm {
    /// Asks what becomes of the runs that are on.
    pub fn leave(active: usize) -> Self {
        let title = match active {
            1 => "A run is not finished".to_owned(),
            count => format!("{count} runs are not finished"),
        };
        let choice = |key, label, answer| Choice { key, label, answer };
        Self {
            title,
            text: "Both ways write a checkpoint, and the run can be resumed later; the list of runs will say paused or stopped.".to_owned(),
            choices: vec![
                choice('p', "pause and quit", Answer::PauseAndLeave),
                choice('s', "stop and quit", Answer::StopAndLeave),
                choice('n', "stay", Answer::Stay),
            ],
            selected: 0,
        }
    }

    /// Asks whether runs are to be put into the queue.
    pub fn enqueue(title: String, text: String, specs: Vec<RunSpec>) -> Self {
        let choice = |key, label, answer| Choice { key, label, answer };
        Self {
            title,
            text,
            choices: vec![
                choice('a', "add to the queue", Answer::Enqueue(specs)),
                choice('n', "do nothing", Answer::Stay),
            ],
            selected: 0,
        }
    }

    fn key(&mut self, action: Option<Action>, key: KeyEvent) -> OverlayReply {
        if let KeyCode::Char(letter) = key.code
            && let Some(choice) = self.choices.iter().find(|choice| choice.key == letter)
        {
            return OverlayReply::Answer(choice.answer.clone());
        }
        let count = self.choices.len().max(1);
        match action {
            Some(Action::Up | Action::Left | Action::PreviousScreen) => {
                self.selected = (self.selected + count - 1) % count;
                OverlayReply::Open
            }
            Some(Action::Down | Action::Right | Action::NextScreen) => {
                self.selected = (self.selected + 1) % count;
                OverlayReply::Open
            }
            Some(Action::Accept) => match self.choices.get(self.selected) {
                Some(choice) => OverlayReply::Answer(choice.answer.clone()),
                None => OverlayReply::Close,
            },
            Some(Action::Back) => OverlayReply::Close,
            _ => OverlayReply::Open,
        }
    }
}

impl Overlay {
    /// Takes a key, whatever it means below.
    pub fn key(&mut self, action: Option<Action>, key: KeyEvent) -> OverlayReply {
        match self {
            Self::Help(help) => help.key(action, key),
            Self::Picker(picker) => match picker.key(key) {
                PickerReply::Open => OverlayReply::Open,
                PickerReply::Close => OverlayReply::Close,
                PickerReply::Chosen(choice) => OverlayReply::Chosen(choice),
            },
            Self::PresetName(input) => match key.code {
                KeyCode::Esc => OverlayReply::Close,
                KeyCode::Enter if input.value().trim().is_empty() => OverlayReply::Open,
                KeyCode::Enter => OverlayReply::Typed(input.value().trim().to_owned()),
                _ => {
                    input.handle_event(&Event::Key(key));
                    OverlayReply::Open
                }
            },
            Self::Log { scroll, .. } => {
                if matches!(
                    action,
                    Some(Action::Back | Action::Log | Action::Quit | Action::Accept)
                ) {
                    return OverlayReply::Close;
                }
                scroll.act(action);
                OverlayReply::Open
            }
            Self::Message { .. } => match action {
                Some(Action::Back | Action::Accept | Action::Quit) => OverlayReply::Close,
                _ => OverlayReply::Open,
            },
            Self::Confirm(confirm) => confirm.key(action, key),
            Self::Prompt(prompt) => match prompt.key(key) {
                prompt::Outcome::Open => OverlayReply::Open,
                prompt::Outcome::Dropped => OverlayReply::Close,
                outcome => OverlayReply::Prompted(prompt.run.clone(), outcome),
            },
            Self::Queue => match action {
                Some(Action::Back | Action::Quit | Action::ShowQueue | Action::Accept) => {
                    OverlayReply::Close
                }
                Some(action) => OverlayReply::Queue(action),
                None => OverlayReply::Open,
            },
        }
    }

    /// Takes pasted text where text is typed.
    pub fn paste(&mut self, text: &str) {
        let input = match self {
            Self::Picker(picker) => &mut picker.filter,
            Self::PresetName(input) => input,
            Self::Help(help) if help.typing => &mut help.search,
            Self::Prompt(prompt) => return prompt.paste(text),
            _ => return,
        };
        for letter in text.chars().filter(|letter| !letter.is_control()) {
            input.handle(InputRequest::InsertChar(letter));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_answered_by_letter_by_selection_or_not_at_all() {
        let mut confirm = Overlay::Confirm(Confirm::leave(1));
        let s = KeyCode::Char('s').into();
        let enter = KeyCode::Enter.into();
        assert_eq!(confirm.key(None, s), OverlayReply::Answer(Answer::StopAndLeave));
        assert_eq!(
            confirm.key(Some(Action::Accept), enter),
            OverlayReply::Answer(Answer::PauseAndLeave)
        );
        assert_eq!(confirm.key(Some(Action::Up), KeyCode::Up.into()), OverlayReply::Open);
        assert_eq!(confirm.key(Some(Action::Accept), enter), OverlayReply::Answer(Answer::Stay));
        assert_eq!(confirm.key(Some(Action::Back), KeyCode::Esc.into()), OverlayReply::Close);
    }

    #[test]
    fn a_search_takes_letters_until_enter_and_escape_clears_it() {
        let mut help = Help::default();
        let q = KeyCode::Char('q').into();
        help.key(None, KeyCode::Char('/').into());
        assert_eq!(help.key(Some(Action::Quit), q), OverlayReply::Open);
        assert_eq!((help.search.value(), help.typing), ("q", true));
        help.key(Some(Action::Accept), KeyCode::Enter.into());
        assert_eq!((help.search.value(), help.typing), ("q", false));
        assert_eq!(help.key(Some(Action::Quit), q), OverlayReply::Close);
        help.key(None, KeyCode::Char('/').into());
        help.key(Some(Action::Back), KeyCode::Esc.into());
        assert_eq!((help.search.value(), help.typing), ("", false));
    }

    #[test]
    fn a_name_is_needed_before_it_is_taken() {
        let mut name = Overlay::PresetName(Input::default());
        assert_eq!(name.key(None, KeyCode::Enter.into()), OverlayReply::Open);
        name.paste(" my set-up\n");
        let typed = OverlayReply::Typed("my set-up".to_owned());
        assert_eq!(name.key(None, KeyCode::Enter.into()), typed);
    }
}
