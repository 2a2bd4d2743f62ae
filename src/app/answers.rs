//! What Setup asks of the disk and the network, and what becomes of the answers.

use super::App;
use super::commands::{self, Measured};
use super::download::{Download, DownloadNews};
use super::message::Cmd;
use super::overlay::Overlay;
use super::picker::Picker;
use super::setup::SetupRequest;
use super::update_runs;
use crate::config::run::{DataSource, RunSpec};

/// Does what the form asks for, starting aside.
pub fn request(app: &mut App, request: SetupRequest) -> Vec<Cmd> {
    match request {
        SetupRequest::Start => Vec::new(),
        SetupRequest::Enqueue => update_runs::enqueue(app, app.setup.runs()),
        SetupRequest::ChooseModel => {
            app.overlays.push(Overlay::Picker(commands::models(&app.setup.spec, &app.measured)));
            vec![Cmd::Measure(Box::new(app.setup.spec.clone()))]
        }
        SetupRequest::Download => download(app),
        SetupRequest::SavePreset => {
            app.overlays.push(Overlay::PresetName(Default::default()));
            vec![Cmd::ListSetUps]
        }
        SetupRequest::OpenSetUp => {
            app.overlays.push(Overlay::Picker(commands::set_ups(&[], &[])));
            vec![Cmd::ListSetUps]
        }
    }
}

fn download(app: &mut App) -> Vec<Cmd> {
    match &mut app.download {
        Some(download) => {
            download.cancelling = true;
            vec![Cmd::CancelDownload]
        }
        None => {
            app.download = Some(Download::default());
            vec![Cmd::Download(app.setup.spec.data.folder.clone())]
        }
    }
}

/// Takes in what the download said.
pub fn downloaded(app: &mut App, news: DownloadNews) {
    let (title, text) = match news {
        DownloadNews::Progress(progress) => {
            if let Some(download) = &mut app.download {
                download.progress = Some(progress);
            }
            return;
        }
        DownloadNews::Done(text) => ("CIFAR-10", text),
        DownloadNews::Failed(text) => ("CIFAR-10 could not be downloaded", text),
        DownloadNews::Cancelled(text) => ("The download was cancelled", text),
    };
    app.download = None;
    app.overlays.push(Overlay::Message { title: title.to_owned(), text });
}

/// Takes in how fast runs were: the list of models, if it is still open, gets its estimates.
pub fn measured(app: &mut App, measured: Measured) {
    app.measured = measured;
    let models = commands::models(&app.setup.spec, &app.measured);
    refresh(app, models);
}

/// Takes in the set-ups that can be recalled.
pub fn set_ups(app: &mut App, presets: Vec<String>, recent: &[RunSpec]) {
    refresh(app, commands::set_ups(&presets, recent));
    app.setup.presets = presets;
}

/// Puts new rows into a list that is open.
fn refresh(app: &mut App, fresh: Picker) {
    if let Some(Overlay::Picker(open)) = app.overlays.last_mut()
        && open.title == fresh.title
    {
        open.rows = fresh.rows;
        open.shift(0);
    }
}

/// Says that a run ended before it began, on the screen where that can be mended.
pub fn not_started(app: &mut App, run: &str, spec: &RunSpec, error: &str) {
    // What the messages say of flags is done by fields here.
    let error = error
        .replace("with `--data-dir`", "in the field data folder")
        .replace("with `--synthetic`", "by the field source");
    let key = app.keymap.hint(crate::config::keys::Action::Download);
    let text = match key {
        Some(key) if spec.data.source == DataSource::Cifar10 && error.contains("data fetch") => {
            format!("{error}. In Setup {key} downloads CIFAR-10")
        }
        _ => error,
    };
    // One that the queue began does not take the screen away.
    let view = app.runs.iter().find(|view| view.id == run);
    let resumed = view.is_some_and(|view| view.history.started.is_some());
    let shown = app.shown_run().is_some_and(|shown| shown.id == run);
    if app.screen == super::Screen::Live && shown && !resumed {
        app.screen = super::Screen::Setup;
    }
    let title = if resumed { "The run could not be resumed" } else { "The run could not start" };
    app.overlays.push(Overlay::Message { title: title.to_owned(), text });
}
