//! Tests of the list of runs.

use super::*;
use crate::app::testing::record;

fn library() -> Library {
    let mut newest = record("c", 2, true);
    newest.labels.title = "Zebra".to_owned();
    let runs = vec![record("a", 10, false), record("b", 5, false), newest];
    Library::new(runs, Vec::new(), None)
}

fn ids(list: &RunList, library: &Library) -> String {
    list.rows(library).iter().map(Row::id).collect()
}

fn type_text(list: &mut RunList, library: &Library, text: &str) {
    text.chars().for_each(|letter| list.type_key(KeyCode::Char(letter).into(), library));
}

#[test]
fn every_order_can_be_turned_round() {
    let library = library();
    let mut list = RunList::default();
    // Created, best, last, epochs, time, model, state, title. Equal ones stay by id.
    let orders = ["cba", "abc", "abc", "abc", "abc", "abc", "abc", "abc"];
    for expected in orders {
        assert_eq!(ids(&list, &library), expected, "{}", list.order.name());
        list.act(Action::SortRuns, &library);
    }
    assert_eq!(list.order, Order::Created);
    list.act(Action::ReverseRuns, &library);
    assert_eq!(ids(&list, &library), "abc");
}

#[test]
fn the_filter_works_as_it_is_typed_and_says_what_is_wrong() {
    let library = library();
    let mut list = RunList::default();
    list.act(Action::FilterRuns, &library);
    assert!(list.typing);
    type_text(&mut list, &library, "epoch>4");
    assert_eq!((ids(&list, &library).as_str(), &list.error), ("ba", &None));
    type_text(&mut list, &library, "x");
    assert!(list.error.as_ref().unwrap().contains("not a number"));
    assert_eq!(ids(&list, &library), "ba", "the last filter that was one holds");
    list.type_key(KeyCode::Backspace.into(), &library);
    list.type_key(KeyCode::Enter.into(), &library);
    assert_eq!((list.typing, &list.error), (false, &None));
    list.act(Action::Back, &library);
    assert_eq!(ids(&list, &library), "cba");
    list.paste("zebra\n");
    assert_eq!(ids(&list, &library), "c");
}

#[test]
fn the_selection_stays_with_its_run() {
    let mut library = library();
    let mut list = RunList::default();
    list.act(Action::Down, &library);
    let selected =
        |list: &RunList, library: &Library| list.selected_run(library).unwrap().folder.id();
    assert_eq!(selected(&list, &library), "b");
    library.runs.push(record("d", 1, false));
    assert_eq!(selected(&list, &library), "b", "a newer run came above it");
    library.runs.remove(1);
    assert_eq!(selected(&list, &library), "c", "the one that took its place");
    list.act(Action::Last, &library);
    list.act(Action::PageDown, &library);
    assert_eq!(selected(&list, &library), "a");
    library.runs.clear();
    assert_eq!(list.selected_run(&library), None);
}

#[test]
fn a_folder_that_cannot_be_read_is_listed_last() {
    let folder = record("0", 1, false).folder;
    let unreadable = vec![UnreadableRun { folder, reason: "no".to_owned() }];
    let library = Library { unreadable, ..library() };
    let mut list = RunList::default();
    assert_eq!(ids(&list, &library), "cba0");
    list.act(Action::Last, &library);
    assert_eq!(list.selected_run(&library), None);
}

#[test]
fn what_ended_early_can_be_resumed() {
    assert!(!can_be_resumed(&record("a", 10, false)), "finished");
    assert!(!can_be_resumed(&record("a", 5, true)), "live");
    assert!(can_be_resumed(&record("a", 5, false)), "interrupted");
}
