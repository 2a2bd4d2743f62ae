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
//! | `state:paused`, `tag:night`, `model:20v1`, `data:synthetic` | a part of that alone |
//! | `-word`, `!word` | what does not match the rest of the word |
//!
//! Upper and lower case are the same.

use std::fmt;

use super::record::RunRecord;
use super::state::RunState;
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
}

impl Field {
    const NAMES: [(&str, Self); 4] =
        [("state", Self::State), ("tag", Self::Tag), ("model", Self::Model), ("data", Self::Data)];

    fn contains(self, text: &str, run: &RunRecord) -> bool {
        match self {
            Self::State => run.state.word().contains(text),
            Self::Tag => run.labels.tags.iter().any(|tag| tag.to_lowercase().contains(text)),
            Self::Model => model(run).to_lowercase().contains(text),
            Self::Data => data(run).to_lowercase().contains(text),
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
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::run::RunSpec;
    use crate::runs::description::Labels;
    use crate::runs::{RunStore, sample};

    fn run() -> RunRecord {
        let spec = RunSpec { version: Version::V2, n: 6, batch_size: 128, ..RunSpec::default() };
        RunRecord {
            folder: RunStore::new("/runs".into()).folder("2026-night"),
            description: sample::description("2026-night", spec),
            labels: Labels {
                title: "Long Run".to_owned(),
                tags: vec!["Paper".to_owned(), "gpu".to_owned()],
                note: String::new(),
            },
            history: sample::history(40, 0.9216, 0.9),
            state: RunState::Paused,
        }
    }

    fn matches(line: &str) -> bool {
        Filter::parse(line).unwrap().matches(&run())
    }

    fn error(line: &str) -> String {
        Filter::parse(line).unwrap_err().to_string()
    }

    #[test]
    fn words_are_looked_for_everywhere() {
        for line in
            ["", "  ", "night", "long", "PAPER", "resnet56", "cifar-10", "paused", "long gpu"]
        {
            assert!(matches(line), "{line}");
        }
        for line in ["v1", "synthetic", "long cpu", "-long", "!night", "-v2", "finished"] {
            assert!(!matches(line), "{line}");
        }
    }

    #[test]
    fn numbers_are_compared() {
        let held = [
            "v2 best>92",
            "best=92.16",
            "best>=92.16",
            "best<=92.16%",
            "last>=90",
            "last=90",
            "epoch<50",
            "epoch=40",
            "n=6",
            "depth=56",
            "seed!=2",
            "batch==128",
            "lr<0.01",
            "lr=1e-3",
            "-best>93",
            "!n=3",
        ];
        for line in held {
            assert!(matches(line), "{line}");
        }
        for line in ["best>92.16", "best<92.16", "last>90", "n!=6", "depth>56", "best<0.93"] {
            assert!(!matches(line), "{line}");
        }
    }

    #[test]
    fn a_number_that_a_run_lacks_never_holds() {
        let unbegun = RunRecord { history: sample::history(0, 0.0, 0.0), ..run() };
        let matches = |line: &str| Filter::parse(line).unwrap().matches(&unbegun);
        assert!(!matches("best>0") && !matches("best<=100") && !matches("last!=3"));
        assert!(matches("epoch=0") && matches("-best>0"));
    }

    #[test]
    fn a_field_is_looked_into_alone() {
        assert!(matches("tag:gp") && matches("state:pau") && matches("model:56v2"));
        assert!(matches("data:cifar") && matches("-tag:long") && !matches("tag:night"));
    }

    #[test]
    fn errors_name_the_part_and_what_is_allowed() {
        let quantities = "only best, last, epoch, n, depth, seed, batch, lr can be compared";
        assert_eq!(error("night bets>92"), format!("`bets>92`: {quantities}"));
        assert_eq!(error("best>high"), "`best>high`: `high` is not a number");
        assert_eq!(error("best>nan"), "`best>nan`: `nan` is not a number");
        assert_eq!(error("foo:x"), "`foo:x`: before `:` can stand state, tag, model, data");
        assert!(error("state:gone").contains("a run is preparing, training"));
        assert_eq!(error("best>  v2"), "`best>`: a number is missing");
        assert_eq!(error("best> "), "`best>`: a number is missing");
        assert_eq!(error("best!92"), "`best!92`: allowed signs are <=, >=, !=, ==, <, >, =");
    }

    #[test]
    fn a_filter_can_be_typed_letter_by_letter() {
        let line = "-v1 best>=92.1 lr=1e-3 seed!=7 state:paused tag:gpu !synthetic";
        for end in 0..=line.len() {
            Filter::parse(&line[..end]).unwrap();
        }
        assert!(matches(line));
        assert!(Filter::parse("best>").unwrap().is_empty());
    }

    proptest! {
        #[test]
        fn any_line_is_a_filter_or_an_error(line in "\\PC{0,30}") {
            if let Ok(filter) = Filter::parse(&line) {
                filter.matches(&run());
            }
        }

        #[test]
        fn lines_of_the_grammar_never_panic(
            line in "([-!]?(best|n|lr|tag|state|x)?[<>=!:]{0,3}[0-9a-e.%-]{0,4} ?){0,4}",
        ) {
            if let Ok(filter) = Filter::parse(&line) {
                filter.matches(&run());
            }
        }

        #[test]
        fn a_negated_word_matches_the_others(word in "[a-z]{1,4}|n[<>=][0-9]|v[12]") {
            prop_assert_ne!(matches(&word), matches(&format!("-{word}")));
        }
    }
}
