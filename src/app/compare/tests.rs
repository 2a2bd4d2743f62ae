//! Choosing runs, and what the keys of the screen do.

use super::*;

fn listed(id: &str, version: Version, epochs: u32) -> ListedRun {
    let spec = RunSpec { version, ..RunSpec::default() };
    ListedRun { id: id.to_owned(), title: String::new(), spec, epochs, best: None, live: false }
}

fn three() -> Vec<ListedRun> {
    vec![
        listed("a", Version::V1, 5),
        listed("b", Version::V2, 5),
        listed("c", Version::V1, 5),
        listed("d", Version::V1, 0),
    ]
}

fn loaded(id: &str) -> CompareReply {
    CompareReply::Loaded(Box::new(LoadedRun {
        id: id.to_owned(),
        title: String::new(),
        spec: RunSpec::default(),
        history: RunHistory::default(),
    }))
}

fn press(screen: &mut CompareScreen, code: KeyCode, action: Option<Action>) {
    assert!(screen.key(action, code.into()));
}

#[test]
fn the_newest_v1_and_v2_with_results_are_compared_first() {
    let mut screen = CompareScreen::default();
    screen.take(CompareReply::Listed(three()));
    assert_eq!(screen.chosen(), ["c", "b"]);
    let asked: Vec<CompareRequest> =
        ["c", "b"].map(|id| CompareRequest::Load(id.to_owned())).into();
    assert_eq!(screen.ask(&[]), asked);
    assert_eq!(screen.ask(&[]), []);
    assert!(screen.compared(&[]).is_empty());
    screen.take(loaded("b"));
    screen.take(loaded("x"));
    let names: Vec<&str> = screen.compared(&[]).iter().map(|run| run.name).collect();
    assert_eq!(names, ["b"]);
}

#[test]
fn what_the_user_chose_is_left_alone() {
    let mut screen = CompareScreen::default();
    screen.select(Vec::new());
    screen.take(CompareReply::Listed(three()));
    assert!(screen.chosen().is_empty());
}

#[test]
fn runs_are_chosen_from_the_list_by_typing_and_space() {
    let mut screen = CompareScreen::default();
    screen.select(vec!["a".to_owned()]);
    screen.take(CompareReply::Listed(three()));
    screen.act(Action::ChooseRuns, Axis::Epoch, 1.0);
    "v2".chars().for_each(|letter| press(&mut screen, KeyCode::Char(letter), None));
    press(&mut screen, KeyCode::Char(' '), None);
    press(&mut screen, KeyCode::Enter, Some(Action::Accept));
    assert_eq!(screen.chosen(), ["a", "b"]);
    screen.act(Action::ChooseRuns, Axis::Epoch, 1.0);
    press(&mut screen, KeyCode::Char(' '), None);
    press(&mut screen, KeyCode::Esc, Some(Action::Back));
    assert_eq!(screen.chosen(), ["a", "b"]);
}

#[test]
fn a_run_can_be_taken_out_and_the_reference_falls_back_to_the_first() {
    let mut screen = CompareScreen::default();
    screen.select(["a", "b", "c"].map(str::to_owned).into());
    ["a", "b", "c"].iter().for_each(|id| {
        screen.take(loaded(id));
    });
    screen.act(Action::Up, Axis::Epoch, 1.0);
    screen.act(Action::ReferenceRun, Axis::Epoch, 1.0);
    assert_eq!(screen.reference_of(&screen.compared(&[])), 2);
    screen.act(Action::RemoveRun, Axis::Epoch, 1.0);
    assert_eq!((screen.chosen().len(), screen.selected), (2, 1));
    assert_eq!(screen.reference_of(&screen.compared(&[])), 0);
}

#[test]
fn a_run_that_cannot_be_read_is_taken_out_with_its_reason() {
    let mut screen = CompareScreen::default();
    screen.select(vec!["a".to_owned()]);
    let reply = CompareReply::Unreadable { id: "a".to_owned(), error: "no such file".to_owned() };
    assert_eq!(screen.take(reply), Some("no such file".to_owned()));
    assert!(screen.chosen().is_empty());
}

#[test]
fn only_an_accuracy_is_taken_as_one() {
    let mut screen = CompareScreen::default();
    screen.act(Action::TargetAccuracy, Axis::Epoch, 1.0);
    "920".chars().for_each(|digit| press(&mut screen, KeyCode::Char(digit), None));
    press(&mut screen, KeyCode::Enter, None);
    assert_eq!(screen.typed.as_deref(), Some("920"));
    press(&mut screen, KeyCode::Backspace, None);
    press(&mut screen, KeyCode::Enter, None);
    assert_eq!((screen.target, screen.typed.clone()), (92.0, None));
    assert!(!screen.key(None, KeyCode::Enter.into()));
}
