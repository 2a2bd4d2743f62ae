//! Everything that can be set about a run, as data: the Setup screen is made from this list.

mod augmentation;
mod recipe;

use clap::ValueEnum;

use crate::config::recipe::nearest;
use crate::config::run::RunSpec;

/// A group of fields under one heading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Which network.
    Model,
    /// How it is trained.
    Training,
    /// The images.
    Data,
    /// What is done to the training images.
    Augmentation,
    /// Where it runs and what is kept.
    Machine,
}

impl Section {
    /// The heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Model => "Model",
            Self::Training => "Training",
            Self::Data => "Data",
            Self::Augmentation => "Augmentation",
            Self::Machine => "Machine",
        }
    }
}

/// How a value is changed.
#[derive(Clone, Copy, Debug)]
pub enum Entry {
    /// One of a few values.
    Choice(fn() -> Vec<String>),
    /// Typed; the listed values can be stepped through.
    Suggested(fn() -> Vec<String>),
    /// A whole number, stepped by this much.
    Integer(i64),
    /// A number, stepped by this much.
    Decimal(f64),
    /// A whole number, stepped by doubling and halving.
    Doubling,
    /// Typed text.
    Text,
}

/// One thing that can be set.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The key as the configuration file, the flags and the messages about values spell it.
    pub key: &'static str,
    /// The heading it stands under.
    pub section: Section,
    /// How it is changed.
    pub entry: Entry,
    /// What it means, in a sentence or two.
    pub help: &'static str,
    /// The value as text.
    pub get: fn(&RunSpec) -> String,
    /// Takes a value from text; the error says what is allowed.
    pub set: fn(&mut RunSpec, &str) -> Result<(), String>,
}

/// The run that the defaults of a set-up are taken from: of the recipes that have a name, the closest.
pub fn default_run(spec: &RunSpec) -> RunSpec {
    nearest(spec).0.spec()
}

/// Every field, in the order of the screen.
pub fn all() -> impl Iterator<Item = &'static Field> {
    recipe::BEFORE_AUGMENTATION.iter().chain(augmentation::FIELDS).chain(recipe::AFTER_AUGMENTATION)
}

impl Field {
    /// The name on the screen.
    pub fn label(&self) -> String {
        match self.key {
            "arch" => "version".to_owned(),
            "folder" => "data folder".to_owned(),
            key => key.replace('_', " "),
        }
    }

    /// Whether the value differs from the default, given the run that is closest to `spec` of those
    /// that have a name ([`default_run`]).
    pub fn is_changed(&self, spec: &RunSpec, default: &RunSpec) -> bool {
        (self.get)(spec) != self.default_value(default)
    }

    /// The default value in a set-up that is closest to the run `default`.
    pub fn default_value(&self, default: &RunSpec) -> String {
        match self.key {
            // The recipe itself has one default, whatever it is now.
            "recipe" => (self.get)(&RunSpec::default()),
            _ => (self.get)(default),
        }
    }

    /// Sets the default value.
    pub fn reset(&self, spec: &mut RunSpec) {
        // The default of every field can be read back; a test holds it.
        let _ = (self.set)(spec, &self.default_value(&default_run(spec)));
    }

    /// Whether the value is typed.
    pub fn is_typed(&self) -> bool {
        !matches!(self.entry, Entry::Choice(_))
    }

    /// Whether `letter` begins a value, so that typing it starts to edit.
    pub fn begins_with(&self, letter: char) -> bool {
        match self.entry {
            Entry::Integer(_) | Entry::Doubling => letter.is_ascii_digit(),
            Entry::Decimal(_) => letter.is_ascii_digit() || letter == '.' || letter == '-',
            Entry::Choice(_) | Entry::Suggested(_) | Entry::Text => false,
        }
    }

    /// Goes to the next value, or the one before. A step out of the allowed range is not taken.
    pub fn step(&self, spec: &mut RunSpec, forward: bool) {
        let Some(text) = self.stepped(&(self.get)(spec), forward) else { return };
        let mut changed = spec.clone();
        let allowed = (self.set)(&mut changed, &text).is_ok()
            && !changed.problems().iter().any(|problem| problem.key == self.key);
        if allowed {
            *spec = changed;
        }
    }

    fn stepped(&self, current: &str, forward: bool) -> Option<String> {
        match self.entry {
            Entry::Text => None,
            Entry::Choice(options) | Entry::Suggested(options) => {
                let options = options();
                let position = options.iter().position(|option| option == current);
                let next = match (position, forward) {
                    (Some(position), true) => (position + 1) % options.len(),
                    (Some(position), false) => (position + options.len() - 1) % options.len(),
                    (None, _) => 0,
                };
                options.get(next).cloned()
            }
            Entry::Integer(by) => {
                let value: i64 = current.parse().ok()?;
                let by = if forward { by } else { -by };
                Some(value.checked_add(by)?.to_string())
            }
            Entry::Doubling => {
                let value: i64 = current.parse().ok()?;
                Some(if forward { value.checked_mul(2)? } else { value / 2 }.to_string())
            }
            Entry::Decimal(by) => {
                let value: f64 = current.parse().ok()?;
                let value = if forward { value + by } else { value - by };
                // Adding tenths leaves dust in the last digits.
                let rounded: f64 = format!("{value:.9}").parse().ok()?;
                Some(if rounded == 0.0 { 0.0 } else { rounded }.to_string())
            }
        }
    }
}

/// The names of the values of a choice.
fn names<T: ValueEnum>() -> Vec<String> {
    T::value_variants().iter().map(name).collect()
}

/// The name of a value of a choice.
fn name<T: ValueEnum>(value: &T) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// Takes a value of a choice by its name.
fn choose<T: ValueEnum>(place: &mut T, text: &str) -> Result<(), String> {
    *place = T::from_str(text, true)
        .map_err(|_| format!("`{text}` is not one of {}", names::<T>().join(", ")))?;
    Ok(())
}

fn on_off() -> Vec<String> {
    vec!["off".to_owned(), "on".to_owned()]
}

fn switch(place: &mut bool, text: &str) -> Result<(), String> {
    *place = match text {
        "on" => true,
        "off" => false,
        _ => return Err(format!("`{text}` is not on or off")),
    };
    Ok(())
}

fn switched(value: bool) -> String {
    if value { "on" } else { "off" }.to_owned()
}

/// Takes a number. `kind` says what is expected.
fn number<T: std::str::FromStr>(place: &mut T, text: &str, kind: &str) -> Result<(), String> {
    let text = text.trim();
    *place = text.parse().map_err(|_| match text {
        "" => format!("needs {kind}"),
        _ => format!("`{text}` is not {kind}"),
    })?;
    Ok(())
}

/// A field that holds a whole number of at least 0.
macro_rules! whole {
    ($section:ident, $key:literal, $entry:expr, $($place:ident).+, $help:literal) => {
        Field {
            key: $key,
            section: Section::$section,
            entry: $entry,
            help: $help,
            get: |spec| spec.$($place).+.to_string(),
            set: |spec, text| number(&mut spec.$($place).+, text, "a whole number"),
        }
    };
}

/// A field that holds a number.
macro_rules! decimal {
    ($section:ident, $key:literal, $step:expr, $($place:ident).+, $help:literal) => {
        Field {
            key: $key,
            section: Section::$section,
            entry: Entry::Decimal($step),
            help: $help,
            get: |spec| spec.$($place).+.to_string(),
            set: |spec, text| number(&mut spec.$($place).+, text, "a number"),
        }
    };
}

/// A field that is on or off.
macro_rules! toggle {
    ($section:ident, $key:literal, $($place:ident).+, $help:literal) => {
        Field {
            key: $key,
            section: Section::$section,
            entry: Entry::Choice(on_off),
            help: $help,
            get: |spec| switched(spec.$($place).+),
            set: |spec, text| switch(&mut spec.$($place).+, text),
        }
    };
}

/// A field that takes one value of an enumeration.
macro_rules! choice {
    ($section:ident, $key:literal, $type:ty, $($place:ident).+, $help:literal) => {
        Field {
            key: $key,
            section: Section::$section,
            entry: Entry::Choice(names::<$type>),
            help: $help,
            get: |spec| name(&spec.$($place).+),
            set: |spec, text| choose(&mut spec.$($place).+, text),
        }
    };
}

use {choice, decimal, toggle, whole};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::recipe::Recipe;

    /// The keys of all values in a TOML table, those of inner tables included.
    fn leaves(table: &toml::Table, keys: &mut BTreeSet<String>) {
        for (key, value) in table {
            match value {
                toml::Value::Table(inner) => leaves(inner, keys),
                _ => drop(keys.insert(key.clone())),
            }
        }
    }

    #[test]
    fn everything_in_a_run_spec_has_a_field() {
        let table = toml::Table::try_from(RunSpec::default()).unwrap();
        let mut expected = BTreeSet::new();
        leaves(&table, &mut expected);
        // The model picks version and n together, the recipe all that belongs to one; they are no
        // values of their own.
        expected.extend(["model".to_owned(), "recipe".to_owned()]);
        let fields: BTreeSet<String> = all().map(|field| field.key.to_owned()).collect();
        assert_eq!(fields, expected);
        assert_eq!(all().count(), fields.len());
    }

    #[test]
    fn every_default_reads_back_and_every_step_can_be_undone_by_reset() {
        for field in all() {
            let mut spec = RunSpec::default();
            (field.set)(&mut spec, &field.default_value(&RunSpec::default())).unwrap();
            assert_eq!(spec, RunSpec::default(), "{}", field.key);
            for forward in [true, false] {
                field.step(&mut spec, forward);
                field.step(&mut spec, forward);
                assert_eq!(spec.problems(), [], "{}", field.key);
                field.reset(&mut spec);
                assert_eq!(spec, RunSpec::default(), "{}", field.key);
            }
        }
    }

    fn field(key: &str) -> &'static Field {
        all().find(|field| field.key == key).unwrap()
    }

    #[test]
    fn values_are_taken_from_text_or_refused_with_a_reason() {
        let mut spec = RunSpec::default();
        (field("n").set)(&mut spec, " 9 ").unwrap();
        (field("schedule").set)(&mut spec, "plateau").unwrap();
        (field("horizontal_flip").set)(&mut spec, "off").unwrap();
        let default = RunSpec::default();
        assert!(field("n").is_changed(&spec, &default));
        assert!(field("schedule").is_changed(&spec, &default));
        assert!(!spec.augmentation.horizontal_flip);
        let refused = |key: &str, text: &str| (field(key).set)(&mut RunSpec::default(), text);
        assert_eq!(refused("n", "").unwrap_err(), "needs a whole number");
        assert_eq!(refused("epochs", "-1").unwrap_err(), "`-1` is not a whole number");
        assert!(refused("device", "gpu").unwrap_err().contains("cuda:INDEX"));
        assert!(refused("fill_mode", "x").unwrap_err().contains("nearest, constant"));
    }

    #[test]
    fn the_model_goes_through_the_document() {
        let mut spec = RunSpec::default();
        field("model").step(&mut spec, true);
        assert_eq!((field("model").get)(&spec), "ResNet32v1");
        field("model").step(&mut spec, false);
        field("model").step(&mut spec, false);
        assert_eq!((field("model").get)(&spec), "ResNet1001v2");
        spec.n = 4;
        assert_eq!((field("model").get)(&spec), "ResNet38v2");
        (field("model").set)(&mut spec, "ResNet110v1").unwrap();
        assert_eq!(spec.n, 18);
        assert!((field("model").set)(&mut spec, "ResNet21v1").is_err());
        // What a key press can show can be set back.
        spec.n = 4;
        let shown = (field("model").get)(&spec);
        (field("model").set)(&mut spec, &shown).unwrap();
        assert_eq!(spec.n, 4);
    }

    #[test]
    fn a_recipe_sets_the_others_and_each_goes_back_to_it() {
        let mut spec = RunSpec { n: 5, ..RunSpec::default() };
        let recipe = field("recipe");
        recipe.step(&mut spec, true);
        recipe.step(&mut spec, true);
        assert_eq!(spec, RunSpec { n: 5, ..Recipe::Modern.spec() });
        let default = default_run(&spec);
        assert_eq!(default, Recipe::Modern.spec());
        assert!(recipe.is_changed(&spec, &default));
        assert!(!field("batch_size").is_changed(&spec, &default));
        (field("epochs").set)(&mut spec, "10").unwrap();
        assert_eq!((recipe.get)(&spec), "like modern");
        (recipe.set)(&mut spec, "like modern").unwrap();
        assert_eq!(spec.epochs, 10, "what is shown can be set");
        field("epochs").reset(&mut spec);
        assert_eq!(((recipe.get)(&spec).as_str(), spec.epochs), ("modern", 200));
        recipe.step(&mut spec, true);
        assert_eq!(spec, RunSpec { n: 5, ..RunSpec::default() });
        assert!((recipe.set)(&mut spec, "x").unwrap_err().contains("keras, paper, modern"));
    }

    #[test]
    fn steps_leave_no_dust_and_stay_in_range() {
        let mut spec = RunSpec::default();
        let width = field("width_shift_range");
        for _ in 0..4 {
            width.step(&mut spec, true);
        }
        assert_eq!((width.get)(&spec), "0.3");
        for _ in 0..40 {
            width.step(&mut spec, false);
        }
        assert_eq!((width.get)(&spec), "0");
        field("batch_size").step(&mut spec, true);
        assert_eq!(spec.batch_size, 64);
    }
}
