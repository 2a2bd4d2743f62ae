//! Tests of the thread that reads and changes the runs folder.

use super::*;
use crate::app::testing::{epoch, finished, phase, started, step};
use crate::protocol::{LoggedEvent, Outcome, Phase};
use crate::runs::event_log::EventLog;
use crate::runs::sample;

struct Folder {
    root: tempfile::TempDir,
    jobs: Sender<Job>,
    words: Receiver<Msg>,
}

fn run_in(root: &Path, id: &str, events: &[LoggedEvent]) -> RunFolder {
    let store = RunStore::new(root.to_owned());
    let folder = store.create(&mut sample::description(id, RunSpec::default())).unwrap();
    append(&folder, events);
    folder
}

fn append(folder: &RunFolder, events: &[LoggedEvent]) {
    let mut log = EventLog::open(&folder.events_path()).unwrap();
    events.iter().for_each(|event| log.append(event).unwrap());
}

fn begin(root: tempfile::TempDir) -> Folder {
    let (sender, words) = unbounded();
    let store = RunStore::new(root.path().to_owned());
    let jobs = spawn(store, RunSpec::default(), sender);
    Folder { root, jobs, words }
}

impl Folder {
    /// The first word that is as wanted; others are passed over.
    fn hear<T>(&self, wanted: impl Fn(Msg) -> Option<T>) -> T {
        loop {
            let msg = self.words.recv_timeout(Duration::from_secs(60)).unwrap();
            if let Some(found) = wanted(msg) {
                return found;
            }
        }
    }

    fn library(&self) -> Library {
        self.hear(|msg| match msg {
            Msg::Library(library) => Some(*library),
            _ => None,
        })
    }

    fn watch(&self, library: bool, run: Option<&str>) {
        let run = run.map(str::to_owned);
        self.jobs.send(Job::Watch(Watched { library, run })).unwrap();
    }
}

fn trained() -> Vec<LoggedEvent> {
    vec![started(10, 100, 0), phase(Phase::Training, 0), step(50, 1, 1.0), epoch(1, 100)]
}

#[test]
fn runs_are_told_when_they_change() {
    let folder = begin(tempfile::tempdir().unwrap());
    assert_eq!(folder.library().runs, [], "the runs are told once without being asked for");
    let run = run_in(folder.root.path(), "a", &trained());
    folder.watch(true, None);
    let library = folder.library();
    assert_eq!(library.runs[0].state.word(), "interrupted");
    append(&run, &[epoch(2, 200), finished(Outcome::Stopped, 200)]);
    let library = folder.library();
    assert_eq!(
        (library.runs[0].history.epochs.len(), library.runs[0].state.word()),
        (2, "stopped")
    );
    let labels = Labels { title: "Mine".to_owned(), ..Labels::default() };
    folder.jobs.send(Job::Label("a".to_owned(), labels.clone())).unwrap();
    assert_eq!(folder.library().runs[0].labels, labels);
    assert_eq!(run.labels().unwrap(), labels);
    folder.jobs.send(Job::Delete("a".to_owned())).unwrap();
    folder.hear(|msg| matches!(msg, Msg::Deleted { run } if run == "a").then_some(()));
    assert_eq!(folder.library().runs.len(), 0);
    assert!(!run.path().exists());
}

#[test]
fn a_run_of_another_process_is_followed_to_its_end() {
    let folder = begin(tempfile::tempdir().unwrap());
    let run = run_in(folder.root.path(), "a", &trained());
    let lock = run.lock().unwrap();
    folder.jobs.send(Job::Open("a".to_owned())).unwrap();
    let live = folder.hear(|msg| match msg {
        Msg::RunOpened(opened, live) => Some((opened.history.epochs.len(), live)),
        _ => None,
    });
    assert_eq!(live, (1, true));
    folder.watch(false, Some("a"));
    let news = || {
        folder.hear(|msg| match msg {
            Msg::Followed { anew, events, live, .. } => Some((anew, events.len(), live)),
            _ => None,
        })
    };
    assert_eq!(news(), (true, 4, true));
    append(&run, &[epoch(2, 200)]);
    assert_eq!(news(), (false, 1, true));
    drop(lock);
    assert_eq!(news(), (false, 0, false));
}

#[test]
fn an_export_says_where_it_went_and_what_fails_says_why() {
    let folder = begin(tempfile::tempdir().unwrap());
    let run = run_in(folder.root.path(), "a", &trained());
    folder.jobs.send(Job::Export("a".to_owned())).unwrap();
    let text = folder.hear(|msg| match msg {
        Msg::Notice { text, .. } => Some(text),
        _ => None,
    });
    assert!(text.contains(&run.path().display().to_string()), "{text}");
    let epochs = fs::read_to_string(run.path().join("epochs.csv")).unwrap();
    assert_eq!(epochs.lines().count(), 2, "{epochs}");
    let error = |job| {
        folder.jobs.send(job).unwrap();
        folder.hear(|msg| match msg {
            Msg::Error { title, text } => Some(format!("{title}: {text}")),
            _ => None,
        })
    };
    let _lock = run.lock().unwrap();
    assert!(error(Job::Delete("a".to_owned())).contains("being trained"));
    assert!(error(Job::Open("b".to_owned())).contains("no run `b`"));
    assert!(run.path().exists());
}

#[test]
fn the_queue_is_kept_and_belongs_to_one_dashboard() {
    let folder = begin(tempfile::tempdir().unwrap());
    let opened = |words: &Receiver<Msg>| match words.recv_timeout(Duration::from_secs(60)) {
        Ok(Msg::QueueOpened(queue)) => queue,
        other => panic!("{other:?}"),
    };
    let mut queue = opened(&folder.words).unwrap();
    queue.push(RunSpec { seed: 7, ..RunSpec::default() });
    folder.jobs.send(Job::SaveQueue(queue.clone())).unwrap();
    let Folder { root, jobs, words } = folder;
    let (sender, other) = unbounded();
    let second = spawn(RunStore::new(root.path().to_owned()), RunSpec::default(), sender);
    assert!(opened(&other).unwrap_err().contains("Another dashboard"));
    drop((jobs, second));
    // The thread gives the file back when it has done its last job.
    while words.recv_timeout(Duration::from_secs(60)).is_ok() {}
    assert_eq!(opened(&begin(root).words).unwrap(), queue);
}
