//! Reads a configuration file. Whatever is wrong in it is reported with the file, the line, the key
//! and what is allowed there.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use toml::de::{DeTable, DeValue};

use super::Config;
use super::paths::{config_file, expand_home};
use super::recipe::Recipe;
use super::run::RunSpec;

impl Config {
    /// Reads the file `named`, or else this user's configuration file, or else takes the defaults.
    ///
    /// # Errors
    /// When a named file is missing, or a file cannot be read, or something in it is wrong
    /// ([`Mistake`]).
    pub fn load(named: Option<&Path>) -> Result<Self> {
        let path = match named {
            Some(path) => path.to_owned(),
            None => match config_file() {
                Ok(path) if path.exists() => path,
                _ => return Ok(Self::default()),
            },
        };
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read the configuration file {}", path.display()))?;
        Ok(Self::parse(&text, &path)?)
    }

    /// Reads the text of the file at `path`.
    ///
    /// # Errors
    /// The first mistake in the text.
    pub fn parse(text: &str, path: &Path) -> Result<Self, Mistake> {
        let mistake = |message: String, key: Option<String>, span: Option<Range<usize>>| {
            Mistake::new(text, path, message, key, span)
        };
        let table = DeTable::parse(text)
            .map_err(|error| mistake(in_plain_words(error.message(), None), None, error.span()))?;
        let mut config: Self = toml::from_str(text).map_err(|error| {
            let key = error.span().and_then(|span| key_at(table.get_ref(), &span));
            mistake(in_plain_words(error.message(), key.as_deref()), key, error.span())
        })?;
        if config.recipe != Recipe::default() {
            config.run = over_recipe(config.recipe, &config.run, table.get_ref());
        }
        if let Some(problem) = config.problems().into_iter().next() {
            let (key, span) = find_key(table.get_ref(), problem.key)
                .map_or((problem.key.to_owned(), None), |(key, span)| (key, Some(span)));
            return Err(mistake(problem.message, Some(key), span));
        }
        config.run.data.folder = expand_home(&config.run.data.folder);
        Ok(config)
    }
}

/// A recipe with those settings of `run` that the file names.
fn over_recipe(recipe: Recipe, run: &RunSpec, file: &DeTable<'_>) -> RunSpec {
    let given = file.get("run").and_then(|run| run.get_ref().as_table());
    let tables = (toml::Table::try_from(recipe.spec()), toml::Table::try_from(run));
    // Both can be written, and the result read: they are runs, and a test holds it.
    let (Ok(mut settings), Ok(read), Some(given)) = (tables.0, tables.1, given) else {
        return recipe.spec();
    };
    overlay(&mut settings, &read, given);
    settings.try_into().unwrap_or_else(|_| recipe.spec())
}

/// Takes over the values whose keys are given, in inner tables too.
fn overlay(settings: &mut toml::Table, read: &toml::Table, given: &DeTable<'_>) {
    for (key, given) in given {
        let key = key.get_ref().as_ref();
        let Some(value) = read.get(key) else { continue };
        match (settings.get_mut(key), value, given.get_ref().as_table()) {
            (Some(toml::Value::Table(settings)), toml::Value::Table(read), Some(given)) => {
                overlay(settings, read, given);
            }
            (Some(setting), value, _) => *setting = value.clone(),
            (None, ..) => {}
        }
    }
}

/// What is wrong in a configuration file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    path: PathBuf,
    /// Line and column, counted from 1, and the text of the line.
    place: Option<(usize, usize, String)>,
    key: Option<String>,
    message: String,
}

impl std::error::Error for Mistake {}

impl Mistake {
    fn new(
        text: &str,
        path: &Path,
        message: String,
        key: Option<String>,
        span: Option<Range<usize>>,
    ) -> Self {
        let place = span.map(|span| {
            let before = text.get(..span.start).unwrap_or(text);
            let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
            let line = text.get(line_start..).and_then(|rest| rest.lines().next());
            let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
            (before.matches('\n').count() + 1, column, line.unwrap_or_default().to_owned())
        });
        Self { path: path.to_owned(), place, key, message }
    }
}

/// `file:line:column: key: message`, then the line with a mark under the place.
impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some((line, column, _)) = &self.place {
            write!(f, ":{line}:{column}")?;
        }
        if let Some(key) = &self.key {
            write!(f, ": {key}")?;
        }
        write!(f, ": {}", self.message)?;
        if let Some((number, column, line)) = &self.place {
            let number = number.to_string();
            let margin = " ".repeat(number.len());
            let indent = " ".repeat(column.saturating_sub(1));
            let line = line.replace('\t', " ");
            write!(f, "\n\n {number} | {line}\n {margin} | {indent}^")?;
        }
        Ok(())
    }
}

/// serde names Rust's types; a person writes numbers and words.
fn in_plain_words(message: &str, key: Option<&str>) -> String {
    if let Some((found, _)) = message.split_once("expected struct") {
        return format!("{found}allowed is a section");
    }
    let range = key.and_then(allowed_range);
    let count = range.clone().unwrap_or_else(|| "0 or more".to_owned());
    let count = format!("allowed is a whole number, {count}");
    let number = range.map_or_else(String::new, |range| format!(", {range}"));
    let number = format!("allowed is a number{number}");
    let words = [
        (
            "string values must be quoted, expected literal string",
            "no value, or a text without quotes",
        ),
        ("duplicate key", "this key was given before"),
        ("unknown field", "unknown key"),
        ("unknown variant", "unknown value"),
        ("expected u32", count.as_str()),
        ("expected u64", count.as_str()),
        ("expected f64", number.as_str()),
        ("expected a boolean", "allowed is true or false"),
        ("expected path string", "allowed is a path in quotes"),
        ("expected a string", "allowed is a text in quotes"),
        ("wanted string or table", "allowed is a text in quotes"),
        ("expected one of", "allowed is one of"),
        ("expected `", "allowed is `"),
    ];
    words.iter().fold(message.to_owned(), |text, (rust, plain)| text.replace(rust, plain))
}

/// The range of a number, from what is said about one that is too large; none where none is.
fn allowed_range(key: &str) -> Option<String> {
    let config: Config = toml::from_str(&format!("{key} = {}", u32::MAX)).ok()?;
    let problem = config.problems().into_iter().next()?;
    problem.message.split_once("allowed is ").map(|(_, range)| range.to_owned())
}

/// The full name of the innermost key whose value, or whose own name, holds `span`.
fn key_at(table: &DeTable<'_>, span: &Range<usize>) -> Option<String> {
    let holds = |outer: Range<usize>| outer.start <= span.start && span.end <= outer.end;
    table.iter().find_map(|(key, value)| {
        let name = key.get_ref();
        let within = value.get_ref().as_table().and_then(|table| key_at(table, span));
        match within {
            Some(rest) => Some(format!("{name}.{rest}")),
            None if holds(key.span()) || holds(value.span()) => Some(name.to_string()),
            None => None,
        }
    })
}

/// The full name and the value's place of the first key called `wanted`.
fn find_key(table: &DeTable<'_>, wanted: &str) -> Option<(String, Range<usize>)> {
    table.iter().find_map(|(key, value)| {
        let name = key.get_ref();
        if name == wanted {
            return Some((name.to_string(), value.span()));
        }
        let DeValue::Table(inner) = value.get_ref() else { return None };
        find_key(inner, wanted).map(|(rest, span)| (format!("{name}.{rest}"), span))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::EXAMPLE;

    fn run_of(text: &str) -> RunSpec {
        Config::parse(text, Path::new("file")).unwrap().run
    }

    #[test]
    fn a_recipe_is_where_the_file_begins() {
        assert_eq!(run_of("recipe = \"modern\"\n"), Recipe::Modern.spec());
        let text = "recipe = \"paper\"\n[run]\nn = 5\nbatch_size = 32\n[run.augmentation]\n\
            random_crop = 0\n[run.data]\nfolder = \"/images\"\n";
        let mut expected = RunSpec { n: 5, batch_size: 32, ..Recipe::Paper.spec() };
        expected.augmentation.random_crop = 0;
        expected.data.folder = PathBuf::from("/images");
        assert_eq!(run_of(text), expected);
        // A value that is the default of another recipe counts as given.
        assert_eq!(run_of("recipe = \"modern\"\n[run]\nepochs = 200\n").epochs, 200);
        let error = Config::parse("recipe = \"modern\"\n[run]\nepochs = 5\n", Path::new("file"));
        assert!(error.unwrap_err().to_string().contains("warm_up_epochs: 5 of 5 epochs"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_its_place_is_named(text in ".*") {
            if let Err(mistake) = Config::parse(&text, Path::new("file")) {
                prop_assert!(mistake.to_string().starts_with("file:"));
            }
        }

        #[test]
        fn any_change_to_one_value_is_read_or_its_key_is_named(
            line in 0..EXAMPLE.lines().count(),
            value in "-?(0|[1-9][0-9]{0,11})|-?[0-9]\\.[0-9]|true|nan|-inf|\"[a-zä]*\"|\\[\\]|\\{\\}",
        ) {
            let mut lines: Vec<String> = EXAMPLE.lines().map(str::to_owned).collect();
            let key = match lines[line].split_once(" = ") {
                Some((key, _)) if !key.starts_with('#') => key.to_owned(),
                _ => return Ok(()),
            };
            lines[line] = format!("{key} = {value}");
            if let Err(mistake) = Config::parse(&lines.join("\n"), Path::new("file")) {
                let text = mistake.to_string();
                if text.contains("cannot be both") {
                    // One key for two actions is a mistake of both lines.
                    prop_assert!(text.contains(&key), "{text}");
                    return Ok(());
                }
                prop_assert!(text.starts_with(&format!("file:{}:", line + 1)), "{text}");
                let named = [".", " "].iter().any(|it| text.contains(&format!("{it}{key}: ")));
                prop_assert!(named, "{text}");
            }
        }
    }
}
