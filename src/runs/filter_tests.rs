//! Tests of the filter line.

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
    for line in ["", "  ", "night", "long", "PAPER", "resnet56", "cifar-10", "paused", "long gpu"] {
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
    assert!(matches("recipe:keras") && !matches("recipe:modern"));
    assert!(matches("data:cifar") && matches("-tag:long") && !matches("tag:night"));
}

#[test]
fn errors_name_the_part_and_what_is_allowed() {
    let quantities = "only best, last, epoch, n, depth, seed, batch, lr can be compared";
    assert_eq!(error("night bets>92"), format!("`bets>92`: {quantities}"));
    assert_eq!(error("best>high"), "`best>high`: `high` is not a number");
    assert_eq!(error("best>nan"), "`best>nan`: `nan` is not a number");
    assert_eq!(error("foo:x"), "`foo:x`: before `:` can stand state, tag, model, data, recipe");
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
