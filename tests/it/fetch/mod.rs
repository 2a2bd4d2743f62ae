//! Fetching the archive from a server that behaves well and from others that do not.

mod archives;

mod hostile;

mod journey;

mod server;

use std::fs;
use std::net::TcpListener;

use resnet_tui::data::fetch::{FetchError, FetchPhase, Fetched};

use archives::{described, good_archive, records};
use journey::{Journey, PARTIAL};
use server::{Answer, Server};

/// Fetches a good archive from a server with these answers.
fn fetch_from(answers: &[Answer]) -> (Journey, Server, Result<Fetched, FetchError>) {
    let content = good_archive();
    let server = Server::start(&content, answers);
    let mut journey = Journey::new();
    let result = journey.fetch(&described(&content, &server.url));
    (journey, server, result)
}

#[test]
fn a_good_server_gives_the_data_set_and_progress_on_the_way() {
    let (mut journey, server, result) = fetch_from(&[Answer::Rest]);
    assert_eq!(result.unwrap(), Fetched::New(journey.target()));
    journey.assert_complete();
    assert_eq!(server.ranges(), [None]);
    let mut phases: Vec<_> = journey.progress.iter().map(|step| step.phase.clone()).collect();
    phases.dedup();
    use FetchPhase::{Checking, Connecting, Downloading, Unpacking};
    assert_eq!(phases, [Connecting, Downloading, Checking, Unpacking]);
    let total = good_archive().len() as u64;
    for phase in [Downloading, Checking, Unpacking] {
        let last = journey.progress.iter().rfind(|step| step.phase == phase).unwrap();
        assert_eq!((last.done, last.total), (total, total), "{phase:?} ends at the whole");
    }

    let again = journey.fetch(&described(&good_archive(), &server.url)).unwrap();
    assert_eq!(again, Fetched::AlreadyThere(journey.target()));
    assert_eq!(server.ranges().len(), 1, "nothing is asked for twice");
}

#[test]
fn cuts_and_stalls_are_resumed_where_they_happened() {
    let (journey, server, result) =
        fetch_from(&[Answer::CutAfter(5_000), Answer::StallAfter(7_000), Answer::Rest]);
    result.unwrap();
    journey.assert_complete();
    assert_eq!(server.ranges(), [None, Some(5_000), Some(12_000)]);
    let waits = journey.waits();
    assert_eq!(waits.len(), 2);
    assert!(waits[1].contains("no data came for 0.3 seconds"), "{waits:?}");
}

#[test]
fn a_server_without_ranges_sends_all_again() {
    let (journey, server, result) = fetch_from(&[Answer::CutAfter(5_000), Answer::IgnoreRange]);
    result.unwrap();
    journey.assert_complete();
    assert_eq!(server.ranges(), [None, Some(5_000)]);
}

#[test]
fn a_download_that_gets_nowhere_ends_and_is_kept_for_the_next() {
    let (mut journey, server, result) = fetch_from(&[Answer::CutAfter(5_000), Answer::CutAfter(0)]);
    let message = result.unwrap_err().to_string();
    assert!(message.contains("(4 attempts; 5.00 kB of "), "{message}");
    assert!(
        message.contains("goes on from there") && message.contains("`--synthetic`"),
        "{message}"
    );
    assert_eq!(server.ranges().len(), 4);
    assert_eq!(journey.partial_bytes(), Some(5_000));
    journey.assert_nothing_unpacked();

    let content = good_archive();
    let other = Server::start(&content, &[Answer::Rest]);
    journey.fetch(&described(&content, &other.url)).unwrap();
    assert_eq!(other.ranges(), [Some(5_000)], "another process goes on, from another mirror too");
    journey.assert_complete();
}

#[test]
fn a_busy_server_is_asked_again_and_a_missing_file_is_not() {
    let (journey, server, result) =
        fetch_from(&[Answer::Status("503 Service Unavailable"), Answer::Rest]);
    result.unwrap();
    assert_eq!(server.ranges().len(), 2);
    assert!(journey.waits()[0].contains("503"));

    let (journey, server, result) = fetch_from(&[Answer::Status("404 Not Found")]);
    let message = result.unwrap_err().to_string();
    assert!(message.contains("404 Not Found") && message.contains("--url"), "{message}");
    assert_eq!(server.ranges().len(), 1);
    journey.assert_nothing_unpacked();
}

#[test]
fn a_range_the_server_cannot_give_begins_anew() {
    let (journey, server, result) = fetch_from(&[
        Answer::CutAfter(5_000),
        Answer::Status("416 Range Not Satisfiable"),
        Answer::Rest,
    ]);
    result.unwrap();
    journey.assert_complete();
    assert_eq!(server.ranges(), [None, Some(5_000), None]);
}

#[test]
fn wrong_bytes_are_thrown_away() {
    let content = good_archive();
    let answers = [Answer::WrongBytes, Answer::WrongLength, Answer::Endless, Answer::Rest];
    let server = Server::start(&content, &answers);
    let archive = described(&content, &server.url);
    let mut journey = Journey::new();
    for expected in ["its MD5 is ", "it has 5 bytes instead of", " bytes instead of"] {
        let error = journey.fetch(&archive).unwrap_err();
        assert!(matches!(error, FetchError::WrongArchive { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(journey.partial_bytes(), Some(0));
        journey.assert_nothing_unpacked();
    }
    journey.fetch(&archive).unwrap();
    journey.assert_complete();
    assert_eq!(server.ranges(), [None; 4], "nothing wrong was built upon");
}

#[test]
fn a_log_in_page_does_not_cost_what_was_downloaded() {
    let (mut journey, _, result) = fetch_from(&[Answer::CutAfter(5_000), Answer::WebPage]);
    let message = result.unwrap_err().to_string();
    assert!(message.contains("a web page comes instead"), "{message}");
    assert_eq!(journey.partial_bytes(), Some(5_000));
    let content = good_archive();
    let server = Server::start(&content, &[Answer::WrongLength]);
    journey.fetch(&described(&content, &server.url)).unwrap_err();
    assert_eq!(journey.partial_bytes(), Some(5_000));
}

#[test]
fn cancelling_works_while_data_comes_and_while_none_does() {
    let content = good_archive();
    for (answer, kept) in [(Answer::StallAfter(0), 0), (Answer::StallAfter(6_000), 6_000)] {
        let server = Server::start(&content, &[answer]);
        let mut journey = Journey::new();
        let error = journey
            .fetch_until(&described(&content, &server.url), |progress| {
                progress.phase == FetchPhase::Downloading && progress.done == kept
            })
            .unwrap_err();
        assert!(matches!(error, FetchError::Cancelled { .. }), "{error}");
        assert_eq!(journey.partial_bytes(), Some(kept));
        journey.fetch(&described(&content, &Server::start(&content, &[Answer::Rest]).url)).unwrap();
        journey.assert_complete();
    }
}

#[test]
fn without_a_network_the_message_names_the_other_ways() {
    // A port that was free a moment ago: nobody listens there.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let content = good_archive();
    let mut journey = Journey::new();
    let archive = described(&content, &format!("http://127.0.0.1:{port}/a.tar.gz"));
    let error = journey.fetch(&archive).unwrap_err();
    assert!(matches!(error, FetchError::Unreachable { .. }), "{error}");
    for part in ["(4 attempts)", "data fetch --url PATH", "`--synthetic`"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    for url in ["ftp://127.0.0.1/a.tar.gz", "http://", "http://a b/"] {
        let error = journey.fetch(&described(&content, url)).unwrap_err();
        assert!(matches!(error, FetchError::Refused { .. }), "{url}: {error}");
    }
}

#[test]
fn a_file_is_imported() {
    let content = good_archive();
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("my copy.tar.gz");
    fs::write(&file, &content).unwrap();
    for url in [file.display().to_string(), format!("file://{}", file.display())] {
        let mut journey = Journey::new();
        let fetched = journey.fetch(&described(&content, &url)).unwrap();
        assert_eq!(fetched, Fetched::New(journey.target()));
        journey.assert_complete();
        assert!(file.is_file(), "the user's file stays");
    }
    let mut journey = Journey::new();
    let mut archive = described(&content, &file.display().to_string());
    archive.md5 = "0".repeat(32);
    let message = journey.fetch(&archive).unwrap_err().to_string();
    assert!(message.contains("is not the CIFAR-10 binary archive: its MD5 is"), "{message}");
    assert_eq!(fs::read(&file).unwrap(), content, "the user's file is never changed");
    archive.url = place.path().join("none.tar.gz").display().to_string();
    let message = journey.fetch(&archive).unwrap_err().to_string();
    assert!(message.starts_with("cannot read ") && message.contains("none.tar.gz"), "{message}");
    journey.assert_nothing_unpacked();
}

#[test]
fn a_broken_data_set_and_a_killed_fetch_are_cleaned_up() {
    let content = good_archive();
    let mut journey = Journey::new();
    fs::create_dir(journey.target()).unwrap();
    fs::write(journey.target().join("test_batch.bin"), b"short").unwrap();
    let leftover = journey.folder.path().join(".unpacking-x");
    fs::create_dir(&leftover).unwrap();
    fs::write(leftover.join("data_batch_1.bin"), records(1, 1)).unwrap();
    // More than the whole archive cannot be the beginning of it.
    fs::write(journey.folder.path().join(PARTIAL), vec![1; content.len() + 1]).unwrap();
    let server = Server::start(&content, &[Answer::Rest]);
    journey.fetch(&described(&content, &server.url)).unwrap();
    journey.assert_complete();
    assert_eq!(server.ranges(), [None]);
}
