//! What lies over a screen and takes the keys first.

use crossterm::event::{KeyCode, KeyEvent};

use super::prompt::{self, Prompt};
use crate::config::keys::Action;
use crate::config::run::RunSpec;

/// Something over the screen.
#[derive(Clone, Debug)]
pub enum Overlay {
    /// The keys, from this line on.
    Help {
        /// Lines scrolled past.
        scroll: u16,
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
}

impl Confirm {
    /// Asks what becomes of the runs that are on.
    pub fn leave(active: usize) -> Self {
        let title = match active {
            1 => "A run is on".to_owned(),
            count => format!("{count} runs are on"),
        };
        let choice = |key, label, answer| Choice { key, label, answer };
        Self {
            title,
            text: "Both ways write a checkpoint, and the run can be resumed later.".to_owned(),
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
            Self::Help { scroll } => {
                match action {
                    Some(Action::Up) => *scroll = scroll.saturating_sub(1),
                    Some(Action::Down) => *scroll = scroll.saturating_add(1),
                    Some(Action::PageUp) => *scroll = scroll.saturating_sub(10),
                    Some(Action::PageDown) => *scroll = scroll.saturating_add(10),
                    Some(Action::First) => *scroll = 0,
                    Some(Action::Back | Action::Help | Action::Quit | Action::Accept) => {
                        return OverlayReply::Close;
                    }
                    _ => {}
                }
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
}
