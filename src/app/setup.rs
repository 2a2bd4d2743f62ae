//! The Setup screen: a form for a run.

use crossterm::event::{Event, KeyCode, KeyEvent};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::fields::{self, Field};
use super::preview::PreviewPanel;
use super::seeds;
use crate::config::keys::Action;
use crate::config::run::RunSpec;

/// The form.
#[derive(Clone, Debug)]
pub struct SetupForm {
    /// The run as set so far.
    pub spec: RunSpec,
    /// Seeds of further runs that are the same else.
    pub further_seeds: Vec<u64>,
    /// The selected field, counted over all of them.
    pub focus: usize,
    /// The value being typed, if one is.
    pub edit: Option<Edit>,
    /// Pictures of a batch, while they are to be shown.
    pub preview: Option<PreviewPanel>,
    /// The names of the saved set-ups, as last read.
    pub presets: Vec<String>,
}

/// A value being typed.
#[derive(Clone, Debug)]
pub struct Edit {
    /// The text with its cursor.
    pub input: Input,
    /// Why the text is no value; the field keeps the last that was one.
    pub error: Option<String>,
    /// The run and the further seeds before, for who changes their mind.
    before: (RunSpec, Vec<u64>),
}

/// What the form asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetupRequest {
    /// Start the run.
    Start,
    /// Put the run into the queue.
    Enqueue,
    /// Tell what estimates are made from, and offer the models.
    ChooseModel,
    /// Download the images, or end the download.
    Download,
    /// Ask for a name and save the set-up.
    SavePreset,
    /// Offer the set-ups that can be recalled.
    OpenSetUp,
}

/// Rows that page up and page down move by.
const PAGE: usize = 10;

/// The key of the one field that takes several values.
const SEED: &str = "seed";

impl SetupForm {
    /// A form that starts from `spec`.
    pub fn new(spec: RunSpec) -> Self {
        Self {
            spec,
            further_seeds: Vec::new(),
            focus: 0,
            edit: None,
            preview: None,
            presets: Vec::new(),
        }
    }

    /// Takes a whole set-up in place of the present one.
    pub fn recall(&mut self, spec: RunSpec) {
        self.spec = spec;
        self.further_seeds.clear();
        self.edit = None;
    }

    /// The run of each seed.
    pub fn runs(&self) -> Vec<RunSpec> {
        let further = self.further_seeds.iter().map(|&seed| RunSpec { seed, ..self.spec.clone() });
        std::iter::once(self.spec.clone()).chain(further).collect()
    }

    /// The value of a field as text.
    pub fn value(&self, field: &Field) -> String {
        if field.key != SEED {
            return (field.get)(&self.spec);
        }
        let seeds: Vec<u64> = self.runs().iter().map(|run| run.seed).collect();
        seeds::text(&seeds)
    }

    /// Whether a field differs from its default; `default` is [`fields::default_run`].
    pub fn is_changed(&self, field: &Field, default: &RunSpec) -> bool {
        self.value(field) != field.default_value(default)
    }

    /// The selected field.
    pub fn field(&self) -> Option<&'static Field> {
        fields::all().nth(self.focus)
    }

    /// What stands beside a field: why its value cannot be used.
    pub fn message(&self, index: usize, field: &Field) -> Option<String> {
        let typed = self.edit.as_ref().filter(|_| index == self.focus);
        typed.and_then(|edit| edit.error.clone()).or_else(|| {
            let problems = self.spec.problems();
            problems.into_iter().find(|problem| problem.key == field.key).map(|p| p.message)
        })
    }

    /// Does what a key asks for outside of typing.
    pub fn act(&mut self, action: Action) -> Option<SetupRequest> {
        match action {
            Action::Up => self.move_focus(-1),
            Action::Down => self.move_focus(1),
            Action::PageUp => self.move_focus(-(PAGE as isize)),
            Action::PageDown => self.move_focus(PAGE as isize),
            Action::First => self.focus = 0,
            Action::Last => self.focus = fields::all().count().saturating_sub(1),
            Action::Left => self.step(false),
            Action::Right => self.step(true),
            Action::Edit => self.begin(),
            Action::Reset => {
                if let Some(field) = self.field() {
                    field.reset(&mut self.spec);
                    self.forget_further_seeds(field);
                }
            }
            Action::ResetAll => self.recall(RunSpec::default()),
            Action::Accept => return self.begin_run(SetupRequest::Start),
            Action::Enqueue => return self.begin_run(SetupRequest::Enqueue),
            Action::Preview => {
                self.preview = if self.preview.is_some() { None } else { Some(Default::default()) };
            }
            Action::ChooseModel => return Some(SetupRequest::ChooseModel),
            Action::Download => return Some(SetupRequest::Download),
            Action::SavePreset => return Some(SetupRequest::SavePreset),
            Action::OpenSetUp => return Some(SetupRequest::OpenSetUp),
            _ => {}
        }
        None
    }

    /// Takes a key that has no meaning of its own. True: it began a value.
    pub fn begin_typing(&mut self, key: KeyEvent) -> bool {
        let KeyCode::Char(letter) = key.code else { return false };
        let begins = self.field().is_some_and(|field| field.begins_with(letter));
        if begins {
            self.edit = Some(self.edit_from(Input::default()));
            self.type_key(key);
        }
        begins
    }

    /// Takes a key while a value is typed.
    pub fn type_key(&mut self, key: KeyEvent) {
        let Some(edit) = &mut self.edit else { return };
        match key.code {
            KeyCode::Esc => {
                (self.spec, self.further_seeds) = edit.before.clone();
                self.edit = None;
            }
            KeyCode::Enter => self.finish(0),
            KeyCode::Up | KeyCode::BackTab => self.finish(-1),
            KeyCode::Down | KeyCode::Tab => self.finish(1),
            _ => {
                edit.input.handle_event(&Event::Key(key));
                self.take();
            }
        }
    }

    /// Takes text pasted into the value being typed.
    pub fn paste(&mut self, text: &str) {
        let Some(edit) = &mut self.edit else { return };
        for letter in text.chars().filter(|letter| !letter.is_control()) {
            edit.input.handle(tui_input::InputRequest::InsertChar(letter));
        }
        self.take();
    }

    /// Sets the field to the typed text, or says why that cannot be.
    fn take(&mut self) {
        let field = self.field();
        let (Some(edit), Some(field)) = (&mut self.edit, field) else { return };
        let text = edit.input.value();
        edit.error = if field.key == SEED {
            let take = |seeds: Vec<u64>| {
                if let Some((first, further)) = seeds.split_first() {
                    (self.spec.seed, self.further_seeds) = (*first, further.to_vec());
                }
            };
            seeds::parse(text).map(take).err()
        } else {
            (field.set)(&mut self.spec, text).err()
        };
    }

    fn edit_from(&self, input: Input) -> Edit {
        Edit { input, error: None, before: (self.spec.clone(), self.further_seeds.clone()) }
    }

    fn forget_further_seeds(&mut self, field: &Field) {
        if field.key == SEED {
            self.further_seeds.clear();
        }
    }

    /// Ends typing and moves on, unless the text is no value.
    fn finish(&mut self, by: isize) {
        if self.edit.as_ref().is_some_and(|edit| edit.error.is_none()) {
            self.edit = None;
            self.move_focus(by);
        }
    }

    fn begin(&mut self) {
        match self.field() {
            Some(field) if field.is_typed() => {
                self.edit = Some(self.edit_from(Input::new(self.value(field))));
            }
            _ => self.step(true),
        }
    }

    fn step(&mut self, forward: bool) {
        if let Some(field) = self.field() {
            field.step(&mut self.spec, forward);
            self.forget_further_seeds(field);
        }
    }

    fn move_focus(&mut self, by: isize) {
        let last = fields::all().count().saturating_sub(1);
        self.focus = self.focus.saturating_add_signed(by).min(last);
    }

    /// Gives the request, or goes to the first value that prevents the run.
    fn begin_run(&mut self, request: SetupRequest) -> Option<SetupRequest> {
        let Some(problem) = self.spec.problems().into_iter().next() else {
            return Some(request);
        };
        if let Some(index) = fields::all().position(|field| field.key == problem.key) {
            self.focus = index;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form_at(key: &str) -> SetupForm {
        let focus = fields::all().position(|field| field.key == key).unwrap();
        SetupForm { focus, ..SetupForm::new(RunSpec::default()) }
    }

    fn press(form: &mut SetupForm, code: KeyCode) {
        form.type_key(code.into());
    }

    fn type_text(form: &mut SetupForm, text: &str) {
        for letter in text.chars() {
            press(form, KeyCode::Char(letter));
        }
    }

    #[test]
    fn a_digit_begins_a_number_and_every_letter_is_checked() {
        let mut form = form_at("epochs");
        assert!(form.begin_typing(KeyCode::Char('3').into()));
        assert_eq!(form.spec.epochs, 3);
        type_text(&mut form, "x");
        assert_eq!(
            form.edit.as_ref().unwrap().error.as_deref(),
            Some("`3x` is not a whole number")
        );
        assert_eq!(
            form.message(form.focus, form.field().unwrap()).unwrap(),
            "`3x` is not a whole number"
        );
        press(&mut form, KeyCode::Enter);
        assert!(form.edit.is_some(), "a text that is no value is not left behind");
        press(&mut form, KeyCode::Backspace);
        press(&mut form, KeyCode::Enter);
        assert!(form.edit.is_none());
        assert_eq!(form.spec.epochs, 3);
    }

    #[test]
    fn escape_brings_the_value_back() {
        let mut form = form_at("epochs");
        form.begin_typing(KeyCode::Char('7').into());
        press(&mut form, KeyCode::Esc);
        assert_eq!((form.spec.epochs, form.edit.is_none()), (200, true));
    }

    #[test]
    fn letters_begin_nothing_on_a_choice_or_a_number() {
        assert!(!form_at("schedule").begin_typing(KeyCode::Char('1').into()));
        assert!(!form_at("epochs").begin_typing(KeyCode::Char('q').into()));
    }

    #[test]
    fn a_value_out_of_range_prevents_the_start_and_is_shown() {
        let mut form = form_at("batch_size");
        form.begin_typing(KeyCode::Char('1').into());
        press(&mut form, KeyCode::Enter);
        form.focus = 0;
        assert_eq!(form.act(Action::Accept), None);
        let field = form.field().unwrap();
        assert_eq!(field.key, "batch_size");
        assert_eq!(form.message(form.focus, field).unwrap(), "1 images; allowed is 2 to 8192");
        form.act(Action::Reset);
        assert_eq!(form.act(Action::Accept), Some(SetupRequest::Start));
    }

    #[test]
    fn several_seeds_make_several_runs() {
        let mut form = form_at("seed");
        form.begin_typing(KeyCode::Char('1').into());
        type_text(&mut form, "-3, 7");
        press(&mut form, KeyCode::Enter);
        let seeds = |form: &SetupForm| form.runs().iter().map(|run| run.seed).collect::<Vec<_>>();
        assert_eq!(seeds(&form), [1, 2, 3, 7]);
        let field = form.field().unwrap();
        assert_eq!(
            (form.value(field).as_str(), form.is_changed(field, &RunSpec::default())),
            ("1-3, 7", true)
        );
        // Who changes their mind has them back; a value that is no list changes nothing.
        form.act(Action::Edit);
        type_text(&mut form, "-");
        assert!(form.edit.as_ref().unwrap().error.is_some());
        press(&mut form, KeyCode::Esc);
        assert_eq!(seeds(&form), [1, 2, 3, 7]);
        form.act(Action::Right);
        assert_eq!(seeds(&form), [2]);
        form.further_seeds = vec![5];
        form.act(Action::Reset);
        assert_eq!(seeds(&form), [1]);
        form.further_seeds = vec![5];
        form.recall(RunSpec::default());
        assert_eq!(seeds(&form), [1]);
    }

    #[test]
    fn edit_types_text_and_switches_choices() {
        let mut form = form_at("folder");
        form.act(Action::Edit);
        form.paste("/data\n");
        press(&mut form, KeyCode::Down);
        assert_eq!(form.spec.data.folder.to_str(), Some("/data"));
        assert_eq!(form.field().unwrap().key, "synthetic_train_images");
        let mut form = form_at("shuffle");
        form.act(Action::Edit);
        assert!(!form.spec.shuffle && form.edit.is_none());
        form.act(Action::ResetAll);
        assert_eq!(form.spec, RunSpec::default());
    }
}
