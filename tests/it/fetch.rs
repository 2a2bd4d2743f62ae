//! Fetching the archive from a server that behaves well and from others that do not.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use md5::{Digest, Md5};
use resnet_tui::data::cifar::ARCHIVE_FOLDER;
use resnet_tui::data::fetch::{
    Archive, FetchError, FetchPhase, FetchProgress, Fetched, Patience, fetch,
};
use tar::{EntryType, Header};
use tempfile::TempDir;

const PARTIAL: &str = "cifar-10-binary.tar.gz.partial";

/// What the server does with one request; without a range asked for, `from` is 0.
#[derive(Clone, Copy)]
enum Answer {
    /// The rest of the file from the asked byte on.
    Rest,
    /// The whole file, whatever was asked.
    IgnoreRange,
    /// Announces the rest, sends this many bytes of it and closes.
    CutAfter(usize),
    /// Announces the rest, sends this many bytes of it and falls silent.
    StallAfter(usize),
    /// A bare status line.
    Status(&'static str),
    /// The log-in page of a network.
    WebPage,
    /// The rest without a length, and then other bytes without end.
    Endless,
    /// As many bytes as the file has, but others.
    WrongBytes,
    /// Another file's size.
    WrongLength,
}

/// Serves a file with one planned answer per request; the last one repeats.
struct Server {
    url: String,
    /// The ranges asked for, in order.
    ranges: Arc<Mutex<Vec<Option<usize>>>>,
}

impl Server {
    fn start(content: &[u8], answers: &[Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/cifar-10-binary.tar.gz", listener.local_addr().unwrap());
        let ranges = Arc::new(Mutex::new(Vec::new()));
        let (content, answers, seen) = (content.to_vec(), answers.to_vec(), Arc::clone(&ranges));
        thread::spawn(move || {
            for (request, stream) in listener.incoming().enumerate() {
                let answer = answers[request.min(answers.len() - 1)];
                let stream = stream.unwrap();
                let range = read_request(&stream);
                seen.lock().unwrap().push(range);
                let content = content.clone();
                // A client that has seen enough closes the connection.
                thread::spawn(move || answer_with(answer, &content, range, stream).ok());
            }
        });
        Self { url, ranges }
    }

    fn ranges(&self) -> Vec<Option<usize>> {
        self.ranges.lock().unwrap().clone()
    }
}

/// Reads the head of a request; the first byte of the range it asks for.
fn read_request(stream: &TcpStream) -> Option<usize> {
    let mut range = None;
    for line in BufReader::new(stream).lines() {
        let line = line.unwrap().to_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(asked) = line.strip_prefix("range: bytes=") {
            range = Some(asked.trim_end_matches('-').parse().unwrap());
        }
    }
    range
}

fn answer_with(
    answer: Answer,
    content: &[u8],
    range: Option<usize>,
    mut stream: TcpStream,
) -> std::io::Result<()> {
    let from = range.unwrap_or(0);
    let rest = &content[from..];
    let whole = content.len();
    let head = match range {
        Some(from) => format!(
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {from}-{}/{whole}\r\n\
             Content-Length: {}\r\n\r\n",
            whole - 1,
            rest.len()
        ),
        None => format!("HTTP/1.1 200 OK\r\nContent-Length: {whole}\r\n\r\n"),
    };
    let mut send = |head: &str, body: &[u8]| {
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)
    };
    match answer {
        Answer::Rest => send(&head, rest),
        Answer::IgnoreRange => {
            send(&format!("HTTP/1.1 200 OK\r\nContent-Length: {whole}\r\n\r\n"), content)
        }
        Answer::CutAfter(bytes) => send(&head, &rest[..bytes]),
        Answer::StallAfter(bytes) => {
            send(&head, &rest[..bytes])?;
            thread::sleep(Duration::from_secs(60));
            Ok(())
        }
        Answer::Status(status) => {
            send(&format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n"), b"")
        }
        Answer::WebPage => send(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n",
            b"<html>Please log in</html>",
        ),
        Answer::Endless => {
            send("HTTP/1.1 200 OK\r\n\r\n", content)?;
            loop {
                send("", &[0; 4096])?;
            }
        }
        Answer::WrongBytes => send(&head, &vec![7; rest.len()]),
        Answer::WrongLength => send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", b"short"),
    }
}

/// An entry of a test archive, with any path the format can hold.
fn append(tar: &mut tar::Builder<Vec<u8>>, path: &str, kind: EntryType, content: &[u8]) {
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_entry_type(kind);
    header.set_size(content.len() as u64);
    header.set_mode(0o777);
    if matches!(kind, EntryType::Symlink | EntryType::Link) {
        header.as_old_mut().linkname[..11].copy_from_slice(b"/etc/passwd");
    }
    header.set_cksum();
    tar.append(&header, content).unwrap();
}

fn records(count: usize, label: u8) -> Vec<u8> {
    // Not compressible to nothing, so that the archive is long enough to be cut in the middle.
    let mut state = u32::from(label) + 1;
    let mut pixel = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..count)
        .flat_map(|_| std::iter::once(label).chain((0..3072).map(|_| pixel()).collect::<Vec<_>>()))
        .collect()
}

/// The data set that a good archive holds: five training files and a test file.
fn append_data_set(tar: &mut tar::Builder<Vec<u8>>) {
    append(tar, "cifar-10-batches-bin/", EntryType::Directory, b"");
    append(tar, "cifar-10-batches-bin/readme.html", EntryType::Regular, b"<html>");
    append(tar, "cifar-10-batches-bin/batches.meta.txt", EntryType::Regular, b"airplane\n");
    for number in 1..=5 {
        let path = format!("cifar-10-batches-bin/data_batch_{number}.bin");
        append(tar, &path, EntryType::Regular, &records(4, number));
    }
    append(tar, "./cifar-10-batches-bin/test_batch.bin", EntryType::Regular, &records(3, 0));
}

fn compressed(tar: tar::Builder<Vec<u8>>) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&tar.into_inner().unwrap()).unwrap();
    gzip.finish().unwrap()
}

fn good_archive() -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    append_data_set(&mut tar);
    compressed(tar)
}

fn described(content: &[u8], url: &str) -> Archive {
    let md5 = Md5::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
    Archive { url: url.to_owned(), bytes: content.len() as u64, md5 }
}

/// A data folder, and what happened on the way to filling it.
struct Journey {
    folder: TempDir,
    progress: Vec<FetchProgress>,
}

impl Journey {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), progress: Vec::new() }
    }

    fn fetch(&mut self, archive: &Archive) -> Result<Fetched, FetchError> {
        self.fetch_until(archive, |_| false)
    }

    /// Cancels as soon as `enough` says so of a progress report.
    fn fetch_until(
        &mut self,
        archive: &Archive,
        enough: impl Fn(&FetchProgress) -> bool,
    ) -> Result<Fetched, FetchError> {
        let patience = Patience {
            stall: Duration::from_millis(300),
            pauses: vec![Duration::from_millis(1); 3],
        };
        let cancel = AtomicBool::new(false);
        fetch(archive, self.folder.path(), &patience, &cancel, &mut |progress| {
            cancel.fetch_or(enough(&progress), Ordering::Relaxed);
            self.progress.push(progress);
        })
    }

    fn target(&self) -> PathBuf {
        self.folder.path().join(ARCHIVE_FOLDER)
    }

    fn partial_bytes(&self) -> Option<u64> {
        Some(fs::metadata(self.folder.path().join(PARTIAL)).ok()?.len())
    }

    fn waits(&self) -> Vec<String> {
        let reason = |progress: &FetchProgress| match &progress.phase {
            FetchPhase::Waiting { reason, .. } => Some(reason.clone()),
            _ => None,
        };
        self.progress.iter().filter_map(reason).collect()
    }

    /// The data set is there and nothing else is.
    fn assert_complete(&self) {
        assert_eq!(names(self.folder.path()), [ARCHIVE_FOLDER]);
        assert_eq!(
            names(&self.target()),
            [
                "batches.meta.txt",
                "data_batch_1.bin",
                "data_batch_2.bin",
                "data_batch_3.bin",
                "data_batch_4.bin",
                "data_batch_5.bin",
                "test_batch.bin"
            ]
        );
        assert_eq!(fs::read(self.target().join("data_batch_4.bin")).unwrap(), records(4, 4));
        assert_eq!(fs::read(self.target().join("test_batch.bin")).unwrap(), records(3, 0));
    }

    /// Neither a data set nor half of one is there.
    fn assert_nothing_unpacked(&self) {
        let names = names(self.folder.path());
        assert!(names.iter().all(|name| name == PARTIAL), "{names:?}");
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

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
    assert!(message.contains("(after 4 attempts)"), "{message}");
    assert!(message.contains("5.00 kB of") && message.contains("`--synthetic`"), "{message}");
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
    for part in ["(after 4 attempts)", "data fetch --url PATH", "`--synthetic`"] {
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

/// Imports an archive made by `fill`.
fn import(fill: impl FnOnce(&mut tar::Builder<Vec<u8>>)) -> (Journey, Result<Fetched, FetchError>) {
    let mut tar = tar::Builder::new(Vec::new());
    fill(&mut tar);
    import_bytes(&compressed(tar))
}

fn import_bytes(content: &[u8]) -> (Journey, Result<Fetched, FetchError>) {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("archive.tar.gz");
    fs::write(&file, content).unwrap();
    let mut journey = Journey::new();
    let result = journey.fetch(&described(content, &file.display().to_string()));
    (journey, result)
}

#[test]
fn hostile_entries_beside_the_expected_ones_are_not_unpacked() {
    let (journey, result) = import(|tar| {
        for path in [
            "../escaped",
            "cifar-10-batches-bin/../../escaped",
            "cifar-10-batches-bin/deeper/data_batch_1.bin",
            "cifar-10-batches-bin/data_batch_6.bin",
            "/tmp/resnet-tui-escaped",
            "data_batch_1.bin",
            "other/test_batch.bin",
        ] {
            append(tar, path, EntryType::Regular, b"escaped");
        }
        append(tar, "cifar-10-batches-bin/link", EntryType::Symlink, b"");
        append(tar, "cifar-10-batches-bin/test_batch.bin", EntryType::Symlink, b"");
        append(tar, "cifar-10-batches-bin/data_batch_1.bin", EntryType::Link, b"");
        append(tar, "cifar-10-batches-bin/data_batch_2.bin", EntryType::Char, b"");
        append(tar, "cifar-10-batches-bin/data_batch_3.bin", EntryType::Directory, b"");
        append_data_set(tar);
    });
    result.unwrap();
    journey.assert_complete();
    let around = journey.folder.path().parent().unwrap();
    assert!(!around.join("escaped").exists());
    assert!(!Path::new("/tmp/resnet-tui-escaped").exists());
}

#[test]
fn archives_that_hold_no_data_set_are_refused_whole() {
    let batch = "cifar-10-batches-bin/data_batch_1.bin";
    let test = "cifar-10-batches-bin/test_batch.bin";
    let refused = |(journey, result): (Journey, Result<Fetched, FetchError>), expected: &str| {
        let error = result.unwrap_err();
        assert!(matches!(error, FetchError::WrongArchive { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
        journey.assert_nothing_unpacked();
    };
    refused(import(|_| {}), "no CIFAR-10 files");
    refused(
        import(|tar| append(tar, batch, EntryType::Regular, &records(1, 1))),
        "test_batch.bin is missing",
    );
    refused(
        import(|tar| {
            append(tar, batch, EntryType::Regular, &records(1, 10));
            append(tar, test, EntryType::Regular, &records(1, 1));
        }),
        "record 1 has the label 10",
    );
    refused(
        import(|tar| {
            append_data_set(tar);
            append(tar, test, EntryType::Regular, &records(1, 1));
        }),
        "it holds test_batch.bin twice",
    );
    refused(
        import(|tar| append(tar, batch, EntryType::Regular, &vec![0; (64 << 20) + 1])),
        "data_batch_1.bin has more than",
    );
    refused(import_bytes(b"not gzip at all"), "it cannot be unpacked");
    let good = good_archive();
    refused(import_bytes(&good[..good.len() / 2]), "it cannot be unpacked");
}

#[test]
fn an_archive_that_swells_without_end_is_not_followed() {
    // 1 GiB of zeros in one entry that is to be skipped: under 5 MB of gzip.
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    let mut header = Header::new_gnu();
    header.set_path("cifar-10-batches-bin/filler").unwrap();
    header.set_size(1 << 30);
    header.set_cksum();
    gzip.write_all(header.as_bytes()).unwrap();
    for _ in 0..1024 {
        gzip.write_all(&[0; 1 << 20]).unwrap();
    }
    let (journey, result) = import_bytes(&gzip.finish().unwrap());
    let message = result.unwrap_err().to_string();
    assert!(message.contains("it cannot be unpacked"), "{message}");
    journey.assert_nothing_unpacked();
}
