//! A line of text that is asked for over a screen.

use crossterm::event::{Event, KeyCode, KeyEvent};
use tui_input::backend::crossterm::EventHandler;
use tui_input::{Input, InputRequest};

use crate::runs::Labels;
use crate::runs::record::RunRecord;

/// What the text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The run's title.
    Title,
    /// Its tags.
    Tags,
    /// Its note.
    Note,
    /// Its name again, to delete it.
    Delete,
}

/// A question with a line of text as its answer.
#[derive(Clone, Debug)]
pub struct Prompt {
    /// What the text is for.
    pub purpose: Purpose,
    /// The run's id.
    pub run: String,
    /// What is asked.
    pub title: String,
    /// What the answer does.
    pub text: String,
    /// The line with its cursor.
    pub input: Input,
    /// What stands in the way of the answer, if something does.
    pub error: Option<String>,
    labels: Labels,
    name: String,
}

/// What an answer leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Nothing yet.
    Open,
    /// Nothing at all.
    Dropped,
    /// The run gets these labels.
    Label(Labels),
    /// The run is deleted.
    Delete,
}

impl Prompt {
    /// Asks for one of the labels of a run, or for its name to delete it.
    pub fn new(purpose: Purpose, run: &RunRecord) -> Self {
        let labels = run.labels.clone();
        let name = short_name(run);
        let (title, text, before) = match purpose {
            Purpose::Title => (
                "Title",
                "Shown in place of the id; empty takes it away.".to_owned(),
                labels.title.clone(),
            ),
            Purpose::Tags => (
                "Tags",
                "Words to filter by, separated by spaces or commas.".to_owned(),
                labels.tags.join(" "),
            ),
            Purpose::Note => {
                ("Note", "Anything worth knowing about it.".to_owned(), labels.note.clone())
            }
            Purpose::Delete => ("Delete", deletion(run, &name), String::new()),
        };
        Self {
            purpose,
            run: run.folder.id(),
            title: format!("{title}: {}", run.title()),
            text,
            input: Input::new(before),
            error: None,
            labels,
            name,
        }
    }

    /// Takes a key.
    pub fn key(&mut self, key: KeyEvent) -> Outcome {
        match key.code {
            KeyCode::Esc => Outcome::Dropped,
            KeyCode::Enter => self.answer(),
            _ => {
                self.input.handle_event(&Event::Key(key));
                self.error = None;
                Outcome::Open
            }
        }
    }

    /// Takes pasted text; its lines become one, with spaces between them.
    pub fn paste(&mut self, text: &str) {
        let lines: Vec<&str> = text.split(char::is_control).filter(|it| !it.is_empty()).collect();
        for letter in lines.join(" ").chars() {
            self.input.handle(InputRequest::InsertChar(letter));
        }
    }

    fn answer(&mut self) -> Outcome {
        let text = self.input.value().trim().to_owned();
        let mut labels = self.labels.clone();
        match self.purpose {
            Purpose::Title => labels.title = text,
            Purpose::Tags => labels.tags = tags(&text),
            Purpose::Note => labels.note = text,
            Purpose::Delete if text == self.name => return Outcome::Delete,
            Purpose::Delete => {
                self.error = Some(format!("that is not `{}`; nothing is deleted", self.name));
                return Outcome::Open;
            }
        }
        Outcome::Label(labels)
    }
}

/// The words of a line, each once.
fn tags(text: &str) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    for word in text.split([' ', ',']).filter(|word| !word.is_empty()) {
        if !tags.iter().any(|tag| tag == word) {
            tags.push(word.to_owned());
        }
    }
    tags
}

/// The title, or the id without the time it begins with.
fn short_name(run: &RunRecord) -> String {
    let title = run.labels.title.trim();
    if !title.is_empty() {
        return title.to_owned();
    }
    let id = run.folder.id();
    let timed = |letter: char| letter.is_ascii_digit() || letter == '-';
    let name = id.trim_start_matches(timed);
    if name.is_empty() { id } else { name.to_owned() }
}

fn deletion(run: &RunRecord, name: &str) -> String {
    format!(
        "{} with its curves, its {} epochs and its weights will be gone for good. \
         Type `{name}` to delete it.",
        run.folder.id(),
        run.history.epochs.last().map_or(0, |epoch| epoch.epoch),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::record;

    fn type_text(prompt: &mut Prompt, text: &str) {
        for letter in text.chars() {
            assert_eq!(prompt.key(KeyCode::Char(letter).into()), Outcome::Open);
        }
    }

    #[test]
    fn a_run_is_deleted_only_by_its_name() {
        let run = record("2026-11-24-0312-resnet20v1-seed1", 3, false);
        let mut prompt = Prompt::new(Purpose::Delete, &run);
        type_text(&mut prompt, "resnet20v1");
        assert_eq!(prompt.key(KeyCode::Enter.into()), Outcome::Open);
        assert!(prompt.error.as_ref().unwrap().contains("nothing is deleted"));
        type_text(&mut prompt, "-seed1");
        assert_eq!(prompt.error, None);
        assert_eq!(prompt.key(KeyCode::Enter.into()), Outcome::Delete);
    }

    #[test]
    fn labels_are_changed_one_at_a_time() {
        let mut run = record("a", 3, false);
        run.labels.note = "kept".to_owned();
        run.labels.tags = vec!["one".to_owned()];
        let mut prompt = Prompt::new(Purpose::Tags, &run);
        assert_eq!(prompt.input.value(), "one");
        prompt.paste(" two,\none,three\nfour");
        let tags = ["one", "two", "three", "four"].map(str::to_owned).to_vec();
        let expected = Labels { tags, ..run.labels.clone() };
        assert_eq!(prompt.key(KeyCode::Enter.into()), Outcome::Label(expected));
        assert_eq!(Prompt::new(Purpose::Note, &run).key(KeyCode::Esc.into()), Outcome::Dropped);
    }

    #[test]
    fn a_run_with_a_title_is_named_by_it() {
        let mut run = record("2026-11-24-0312", 3, false);
        assert_eq!(short_name(&run), "2026-11-24-0312");
        run.labels.title = " The best ".to_owned();
        assert_eq!(short_name(&run), "The best");
    }
}
