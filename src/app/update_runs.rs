//! What the Runs and Results screens, the queue and the answers about runs do to the dashboard.

use super::format;
use super::message::{Cmd, StartedRun};
use super::overlay::{Confirm, Overlay};
use super::prompt::{Outcome, Prompt, Purpose};
use super::results::{missing, recipe};
use super::run_list::{Row, can_be_resumed};
use super::run_queue::{self, Standing};
use super::run_view::RunView;
use super::{App, Screen};
use crate::config::keys::Action;
use crate::config::run::RunSpec;
use crate::protocol::{LoggedEvent, TrainEvent};
use crate::queue::Queue;
use crate::runs::RunHistory;
use crate::runs::record::RunRecord;

/// Does what a key asks on the Runs screen.
pub fn act_on_runs(app: &mut App, action: Action) -> Vec<Cmd> {
    let Some(library) = &app.library else { return Vec::new() };
    let run = app.run_list.selected_run(library).cloned();
    match (action, run) {
        (Action::Accept, Some(run)) => open(app, &run),
        (Action::Accept, None) => explain(app),
        (Action::ResumeSelected, Some(run)) => resume(app, &run),
        (Action::Duplicate, Some(run)) => {
            app.setup.recall(run.description.spec);
            app.screen = Screen::Setup;
            Vec::new()
        }
        (Action::Rename, Some(run)) => ask(app, Purpose::Title, &run),
        (Action::Tag, Some(run)) => ask(app, Purpose::Tags, &run),
        (Action::Note, Some(run)) => ask(app, Purpose::Note, &run),
        (Action::Export, Some(run)) => vec![Cmd::Export(run.folder.id())],
        (Action::Delete, Some(run)) if run.state.is_live() => {
            tell(app, "The run is being trained", "Stop it first; then it can be deleted.")
        }
        (Action::Delete, Some(run)) => ask(app, Purpose::Delete, &run),
        _ => {
            app.run_list.act(action, library);
            Vec::new()
        }
    }
}

/// A click selects a row of Results or Runs; one on the selected row opens it, as enter does.
pub fn row_clicked(app: &mut App, row: usize) -> Vec<Cmd> {
    let Some(library) = &app.library else { return Vec::new() };
    match app.screen {
        Screen::Results if app.results.selection(library) == row => {
            return act_on_results(app, Action::Accept);
        }
        Screen::Results => app.results.selected = row,
        Screen::Runs => {
            // Whoever clicks is done with typing the filter.
            app.run_list.typing = false;
            if app.run_list.selection(&app.run_list.rows(library)) == row {
                return act_on_runs(app, Action::Accept);
            }
            app.run_list.select(row, library);
        }
        _ => {}
    }
    Vec::new()
}

fn ask(app: &mut App, purpose: Purpose, run: &RunRecord) -> Vec<Cmd> {
    app.overlays.push(Overlay::Prompt(Box::new(Prompt::new(purpose, run))));
    Vec::new()
}

fn tell(app: &mut App, title: &str, text: &str) -> Vec<Cmd> {
    app.overlays.push(Overlay::Message { title: title.to_owned(), text: text.to_owned() });
    Vec::new()
}

/// Shows the run on Live: at once where this session has it, else as soon as it is read.
fn open(app: &mut App, run: &RunRecord) -> Vec<Cmd> {
    let id = run.folder.id();
    match app.runs.iter().position(|view| view.id == id && !view.opened) {
        Some(place) => {
            app.live.run = place;
            app.screen = Screen::Live;
            Vec::new()
        }
        None => vec![Cmd::Open(id)],
    }
}

/// Says why a folder cannot be read.
fn explain(app: &mut App) -> Vec<Cmd> {
    let Some(library) = &app.library else { return Vec::new() };
    let rows = app.run_list.rows(library);
    let Some(Row::Unreadable(run)) = rows.get(app.run_list.selection(&rows)) else {
        return Vec::new();
    };
    let title = format!("{} cannot be read", run.folder.id());
    let text = run.reason.clone();
    tell(app, &title, &text)
}

fn resume(app: &mut App, run: &RunRecord) -> Vec<Cmd> {
    if !can_be_resumed(run) || app.leaving.is_some() {
        return Vec::new();
    }
    if run_queue::is_full(app) {
        let text = "Pause or stop it first, or let more runs be trained at a time in the queue.";
        return tell(app, "A run is training", text);
    }
    vec![Cmd::Resume(run.folder.id())]
}

/// Does what a key asks on the Results screen.
pub fn act_on_results(app: &mut App, action: Action) -> Vec<Cmd> {
    let Some(library) = &app.library else { return Vec::new() };
    let Some(row) = app.results.row(library) else { return Vec::new() };
    let spec = row.architecture.map(|architecture| recipe(architecture, &app.setup.spec));
    match (action, spec) {
        (Action::Accept, _) => {
            let filter = format!("model:{}", row.model);
            app.run_list.set_filter(&filter);
            app.screen = Screen::Runs;
            Vec::new()
        }
        (Action::StartRow | Action::QueueRow, None) => {
            let text = "No number of blocks gives this depth in this family; the document has \
                        no figures for it either, or those of the paper alone.";
            tell(app, "This model cannot be built", text)
        }
        (Action::StartRow, Some(spec)) if app.leaving.is_none() => start(app, spec),
        (Action::QueueRow, Some(spec)) => enqueue(app, vec![spec]),
        (Action::QueueMissing, _) => ask_for_missing(app),
        _ => {
            app.results.act(action, library);
            Vec::new()
        }
    }
}

/// Starts the run of Setup; several go through the queue, which starts the first if it can.
pub fn start_set_up(app: &mut App) -> Vec<Cmd> {
    match &app.setup.runs()[..] {
        [run] => start(app, run.clone()),
        runs => enqueue(app, runs.to_vec()),
    }
}

/// Starts a run where there is a place for it; else asks whether it is to wait.
pub fn start(app: &mut App, spec: RunSpec) -> Vec<Cmd> {
    if !run_queue::is_full(app) {
        return vec![Cmd::Start(Box::new(spec))];
    }
    let title = match app.active_runs().count() {
        1 => "A run is training".to_owned(),
        count => format!("{count} runs are training"),
    };
    let text = format!(
        "{} can wait in the queue until there is a place. Trained at a time: {}.",
        spec.architecture(),
        app.queue.config.max_parallel
    );
    app.overlays.push(Overlay::Confirm(Confirm::enqueue(title, text, vec![spec])));
    Vec::new()
}

/// Puts runs into the queue, or says why that cannot be.
pub fn enqueue(app: &mut App, specs: Vec<RunSpec>) -> Vec<Cmd> {
    match app.queue.add(specs) {
        Ok(save) => {
            app.overlays.push(Overlay::Queue);
            vec![save]
        }
        Err(reason) => tell(app, "The queue cannot be used", &reason),
    }
}

fn ask_for_missing(app: &mut App) -> Vec<Cmd> {
    let specs = missing(app);
    if specs.is_empty() {
        let text = "Every model of the tables that can be built has a full run, or one on its way.";
        return tell(app, "Nothing is missing", text);
    }
    let title = match specs.len() {
        1 => "One run is missing".to_owned(),
        count => format!("{count} runs are missing"),
    };
    let text = format!("{} {}", names(&specs), time_of_all(app, &specs));
    app.overlays.push(Overlay::Confirm(Confirm::enqueue(title, text, specs)));
    Vec::new()
}

fn names(specs: &[RunSpec]) -> String {
    let names: Vec<String> = specs.iter().map(|spec| spec.architecture().to_string()).collect();
    format!("{}, 200 epochs each on CIFAR-10.", names.join(", "))
}

/// How long the runs take one after another, and where that is known from.
fn time_of_all(app: &App, specs: &[RunSpec]) -> String {
    let library = app.library.as_ref();
    let seconds: Option<f64> =
        specs.iter().map(|spec| library.and_then(|library| library.run_seconds(spec))).sum();
    match (seconds, library.and_then(|library| library.hardware.as_ref())) {
        (Some(seconds), Some(hardware)) => format!(
            "About {} one after another, judged by the runs on this {} ({}).",
            format::duration(seconds),
            hardware.device_name,
            hardware.precision
        ),
        _ => {
            "How long they take is not known: no run was measured on this hardware yet.".to_owned()
        }
    }
}

/// Does what was answered about a run.
pub fn prompted(app: &mut App, run: String, outcome: Outcome) -> Vec<Cmd> {
    match outcome {
        Outcome::Label(labels) => {
            if let Some(library) = &mut app.library
                && let Some(record) = library.runs.iter_mut().find(|it| it.folder.id() == run)
            {
                record.labels = labels.clone();
            }
            vec![Cmd::Label { run, labels }]
        }
        Outcome::Delete => vec![Cmd::Delete(run)],
        Outcome::Open | Outcome::Dropped => Vec::new(),
    }
}

/// Takes in a run read from disk and shows it.
pub fn run_opened(app: &mut App, opened: StartedRun, elsewhere: bool) -> Vec<Cmd> {
    let mut view = RunView::new(opened.id, opened.folder, opened.spec);
    view.history = opened.history;
    (view.attached, view.elsewhere, view.opened) = (false, elsewhere, true);
    match app.runs.iter().position(|run| run.id == view.id) {
        // What a trainer of this session says is newer than the disk.
        Some(place) if app.runs.get(place).is_some_and(|run| !run.opened) => app.live.run = place,
        Some(place) => {
            app.live.run = place;
            app.runs.splice(place..=place, [view]);
        }
        None => {
            app.live.run = app.runs.len();
            app.runs.push(view);
        }
    }
    app.screen = Screen::Live;
    Vec::new()
}

/// Takes in what a run of another process went on to do.
pub fn followed(
    app: &mut App,
    run: &str,
    anew: bool,
    events: &[LoggedEvent],
    live: bool,
) -> Vec<Cmd> {
    let view = app.runs.iter_mut().find(|view| view.id == run && view.opened);
    let Some(view) = view else { return Vec::new() };
    if anew {
        view.history = RunHistory::default();
    }
    events.iter().for_each(|event| view.apply(event));
    view.elsewhere = live;
    app.now = app.now.max(view.history.last_event);
    Vec::new()
}

/// Takes a deleted run off the screens.
pub fn deleted(app: &mut App, run: &str) -> Vec<Cmd> {
    let Some(place) = app.runs.iter().position(|view| view.id == run && !view.is_active()) else {
        return Vec::new();
    };
    app.runs.remove(place);
    if app.live.run > place {
        app.live.run -= 1;
    }
    app.live.run = app.live.run.min(app.runs.len().saturating_sub(1));
    Vec::new()
}

/// Takes in the queue that the runs folder keeps, or why there is none.
pub fn queue_opened(app: &mut App, queue: Result<Queue, String>) -> Vec<Cmd> {
    match queue {
        Ok(queue) => app.queue.opened(queue),
        Err(reason) => app.queue.standing = Standing::Unavailable(reason),
    }
    Vec::new()
}

/// A run that breaks off before its first epoch would let the next one do the same, and so on through
/// the whole queue: it waits for the user instead.
pub fn watch_for_failure(app: &mut App, run: &str, event: &LoggedEvent) {
    let TrainEvent::Failed(failed) = &event.event else { return };
    let view = app.runs.iter().find(|view| view.id == run);
    if let Some(view) = view.filter(|view| view.history.epochs.is_empty()) {
        let model = view.spec.architecture();
        app.queue.hold(format!("{model} broke off in its first epoch: {}", failed.error));
    }
}
