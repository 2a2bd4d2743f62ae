//! The filter line of the list of runs.
//!
//! Words separated by spaces; a run has to match every one:
//!
//! | word | matches |
//! | --- | --- |
//! | `jpeg` | a part of id, title, tag, model, data set or state |
//! | `v1`, `v2` | the version |
//! | `best>92`, `last>=90` | test accuracy in % |
//! | `epoch<50` | epochs completed |
//! | `n=3`, `depth>50`, `seed=1`, `batch=128`, `lr<0.01` | settings |
//! | `state:paused`, `tag:night`, `model:20v1`, `data:synthetic`, `recipe:paper` | a part of that alone |
//! | `-word`, `!word` | what does not match the rest of the word |
//!
//! Upper and lower case are the same.

use std::fmt;

use super::record::RunRecord;
use super::state::RunState;
use crate::config::recipe;
use crate::config::run::Version;

/// Runs that match every term. The empty filter matches all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq)]
struct Term {
    negated: bool,
    condition: Condition,
}

#[derive(Clone, Debug, PartialEq)]
enum Condition {
    /// In lower case.
    Anywhere(String),
    Version(Version),
    Number(Quantity, Comparison, f64),
    /// In lower case.
    Text(Field, String),
}

/// What a filter cannot make sense of, and what is allowed there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{part}`: {message}")]
pub struct FilterError {
    /// The word.
    pub part: String,
    /// What is wrong and what is allowed.
    pub message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quantity {
    Best,
    Last,
    Epoch,
    BlocksPerStage,
    Depth,
    Seed,
    BatchSize,
    LearningRate,
}

impl Quantity {
    const NAMES: [(&str, Self); 8] = [
        ("best", Self::Best),
        ("last", Self::Last),
        ("epoch", Self::Epoch),
        ("n", Self::BlocksPerStage),
        ("depth", Self::Depth),
        ("seed", Self::Seed),
        ("batch", Self::BatchSize),
        ("lr", Self::LearningRate),
    ];

    /// `None` where the run has no such number yet.
    fn of(self, run: &RunRecord) -> Option<f64> {
        let (spec, history) = (&run.description.spec, &run.history);
        Some(match self {
            Self::Best => 100.0 * history.best()?.test_accuracy,
            Self::Last => 100.0 * history.epochs.last()?.test_accuracy,
            Self::Epoch => history.epochs.last().map_or(0.0, |epoch| f64::from(epoch.epoch)),
            Self::BlocksPerStage => f64::from(spec.n),
            Self::Depth => f64::from(spec.architecture().depth()),
            Self::Seed => spec.seed as f64,
            Self::BatchSize => f64::from(spec.batch_size),
            Self::LearningRate => spec.learning_rate,
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Less,
    AtMost,
    Equal,
    Unequal,
    AtLeast,
    Greater,
}

impl Comparison {
    /// Longer signs before those they begin with.
    const SIGNS: [(&str, Self); 7] = [
        ("<=", Self::AtMost),
        (">=", Self::AtLeast),
        ("!=", Self::Unequal),
        ("==", Self::Equal),
        ("<", Self::Less),
        (">", Self::Greater),
        ("=", Self::Equal),
    ];

    fn holds(self, left: f64, right: f64) -> bool {
        // 100 · 0.9216 is not 92.16 to the last bit, and should be equal to it all the same.
        let equal = (left - right).abs() <= 1e-9 * right.abs();
        match self {
            Self::Less => left < right && !equal,
            Self::AtMost => left < right || equal,
            Self::Equal => equal,
            Self::Unequal => !equal && !left.is_nan(),
            Self::AtLeast => left > right || equal,
            Self::Greater => left > right && !equal,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    State,
    Tag,
    Model,
    Data,
    Recipe,
}

impl Field {
    const NAMES: [(&str, Self); 5] = [
        ("state", Self::State),
        ("tag", Self::Tag),
        ("model", Self::Model),
        ("data", Self::Data),
        ("recipe", Self::Recipe),
    ];

    fn contains(self, text: &str, run: &RunRecord) -> bool {
        match self {
            Self::State => run.state.word().contains(text),
            Self::Tag => run.labels.tags.iter().any(|tag| tag.to_lowercase().contains(text)),
            Self::Model => model(run).to_lowercase().contains(text),
            Self::Data => data(run).to_lowercase().contains(text),
            Self::Recipe => recipe::nearest(&run.description.spec).0.to_string().contains(text),
        }
    }
}

impl Filter {
    /// Reads a filter line. While a last word is being typed and still lacks its value (`best>`, `tag:`,
    /// `-`), it matches everything.
    ///
    /// # Errors
    /// The first word that makes no sense.
    pub fn parse(line: &str) -> Result<Self, FilterError> {
        let typing = line.chars().next_back().is_some_and(|last| !last.is_whitespace());
        let mut words = line.split_whitespace().peekable();
        let mut terms = Vec::new();
        while let Some(word) = words.next() {
            let unfinished = typing && words.peek().is_none();
            match parse_word(word) {
                Ok(term) => terms.push(term),
                Err(Problem::NoValue(_)) if unfinished => {}
                Err(Problem::NoValue(message) | Problem::Wrong(message)) => {
                    return Err(FilterError { part: word.to_owned(), message });
                }
            }
        }
        Ok(Self { terms })
    }

    /// Whether a run matches every term.
    pub fn matches(&self, run: &RunRecord) -> bool {
        self.terms.iter().all(|term| term.condition.holds(run) != term.negated)
    }

    /// Whether the filter matches every run.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }
}

impl Condition {
    fn holds(&self, run: &RunRecord) -> bool {
        match self {
            Self::Anywhere(text) => anywhere(text, run),
            Self::Version(version) => run.description.spec.version == *version,
            Self::Number(quantity, comparison, number) => {
                quantity.of(run).is_some_and(|value| comparison.holds(value, *number))
            }
            Self::Text(field, text) => field.contains(text, run),
        }
    }
}

fn anywhere(text: &str, run: &RunRecord) -> bool {
    [run.description.id.as_str(), run.labels.title.as_str()]
        .into_iter()
        .any(|name| name.to_lowercase().contains(text))
        || Field::NAMES.iter().any(|(_, field)| field.contains(text, run))
}

fn model(run: &RunRecord) -> String {
    run.description.spec.architecture().to_string()
}

/// The data set as it was found, or as it was asked for.
fn data(run: &RunRecord) -> String {
    match &run.description.environment {
        Some(environment) => environment.data.clone(),
        None => format!("{:?}", run.description.spec.data.source),
    }
}

enum Problem {
    /// The word is right so far.
    NoValue(String),
    Wrong(String),
}

fn parse_word(word: &str) -> Result<Term, Problem> {
    let rest = word.strip_prefix(['-', '!']);
    let (negated, rest) = rest.map_or((false, word), |rest| (true, rest));
    let rest = rest.to_lowercase();
    let condition = match rest.as_str() {
        "" => return Err(Problem::NoValue("what should not match is missing".to_owned())),
        "v1" => Condition::Version(Version::V1),
        "v2" => Condition::Version(Version::V2),
        rest => match (rest.find(['<', '>', '=', '!']), rest.find(':')) {
            (Some(sign), _) => parse_comparison(rest.split_at(sign))?,
            (None, Some(colon)) => parse_text(rest.split_at(colon))?,
            (None, None) => Condition::Anywhere(rest.to_owned()),
        },
    };
    Ok(Term { negated, condition })
}

fn parse_comparison((name, rest): (&str, &str)) -> Result<Condition, Problem> {
    let quantity = find(&Quantity::NAMES, name).ok_or_else(|| {
        Problem::Wrong(format!("only {} can be compared", names(&Quantity::NAMES)))
    })?;
    let sign =
        Comparison::SIGNS.iter().find_map(|(sign, it)| Some((rest.strip_prefix(sign)?, *it)));
    let Some((value, comparison)) = sign else {
        return Err(match rest {
            "!" => Problem::NoValue("`!` is the beginning of `!=`".to_owned()),
            _ => Problem::Wrong(format!("allowed signs are {}", names(&Comparison::SIGNS))),
        });
    };
    if matches!(value, "" | "-" | "." | "-.") {
        return Err(Problem::NoValue("a number is missing".to_owned()));
    }
    match value.trim_end_matches('%').parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(Condition::Number(quantity, comparison, number)),
        // `1e-` on the way to `1e-3`.
        _ if value.ends_with(['e', '-', '+'])
            && value.starts_with(|it: char| it.is_ascii_digit()) =>
        {
            Err(Problem::NoValue(format!("`{value}` is not a number")))
        }
        _ => Err(Problem::Wrong(format!("`{value}` is not a number"))),
    }
}

fn parse_text((name, rest): (&str, &str)) -> Result<Condition, Problem> {
    let field = find(&Field::NAMES, name)
        .ok_or_else(|| Problem::Wrong(format!("before `:` can stand {}", names(&Field::NAMES))))?;
    let text = rest.strip_prefix(':').unwrap_or(rest);
    if text.is_empty() {
        return Err(Problem::NoValue(format!("the {name} is missing")));
    }
    if field == Field::State && !RunState::WORDS.iter().any(|word| word.contains(text)) {
        return Err(Problem::Wrong(format!("a run is {}", RunState::WORDS.join(", "))));
    }
    Ok(Condition::Text(field, text.to_owned()))
}

fn find<T: Copy>(names: &[(&str, T)], wanted: &str) -> Option<T> {
    names.iter().find_map(|(name, value)| (*name == wanted).then_some(*value))
}

fn names<T>(names: &[(&str, T)]) -> impl fmt::Display {
    names.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
