//! The Results screen: the document's tables with ours beside them.

use super::App;
use super::library::Library;
use crate::config::keys::Action;
use crate::config::recipe::Recipe;
use crate::config::run::{Architecture, DataSource, DataSpec, RunSpec};
use crate::runs::differences::changes_of_recipe;
use crate::runs::results::ResultRow;

/// How the screen looks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResultsScreen {
    /// The selected row, counted over all of both tables.
    pub selected: usize,
}

/// Rows that page up and page down move by.
const PAGE: isize = 5;

impl ResultsScreen {
    /// The selected row.
    pub fn row<'a>(&self, library: &'a Library) -> Option<&'a ResultRow> {
        library.results.get(self.selection(library))
    }

    /// The place of the selected row.
    pub fn selection(&self, library: &Library) -> usize {
        self.selected.min(library.results.len().saturating_sub(1))
    }

    /// Moves the selection.
    pub fn act(&mut self, action: Action, library: &Library) {
        let by = match action {
            Action::Up => -1,
            Action::Down => 1,
            Action::PageUp => -PAGE,
            Action::PageDown => PAGE,
            Action::First => isize::MIN,
            Action::Last => isize::MAX,
            _ => return,
        };
        let last = library.results.len().saturating_sub(1);
        self.selected = self.selection(library).saturating_add_signed(by).min(last);
    }
}

/// The document's recipe for a model, on the images and the device that Setup names.
pub fn recipe(architecture: Architecture, setup: &RunSpec) -> RunSpec {
    let Architecture { version, n } = architecture;
    let data = DataSpec { source: DataSource::Cifar10, ..setup.data.clone() };
    RunSpec {
        version,
        n,
        device: setup.device,
        precision: setup.precision,
        threads: setup.threads,
        data,
        ..RunSpec::default()
    }
}

/// The recipe of every row of the document that has no full run of ours, none on its way and none in
/// the queue, shallow models first as the document has them.
pub fn missing(app: &App) -> Vec<RunSpec> {
    let Some(library) = &app.library else { return Vec::new() };
    let rows = library.results.iter().filter(|row| row.reference.is_some() && row.ours.is_none());
    let recipes = rows.filter_map(|row| Some(recipe(row.architecture?, &app.setup.spec)));
    recipes.filter(|spec| !is_on_its_way(app, library, spec)).collect()
}

/// Whether a run of the document's recipe for this model waits or is being trained, by any process.
fn is_on_its_way(app: &App, library: &Library, wanted: &RunSpec) -> bool {
    let queued = app.queue.queue.entries().iter().map(|entry| &entry.spec);
    let here = app.active_runs().map(|run| &run.spec);
    let live = library.runs.iter().filter(|run| run.state.is_live());
    queued.chain(here).chain(live.map(|run| &run.description.spec)).any(|spec| {
        spec.architecture() == wanted.architecture()
            && spec.data.source == DataSource::Cifar10
            && changes_of_recipe(spec, Recipe::Keras).is_empty()
    })
}

#[cfg(test)]
#[path = "results_tests.rs"]
mod tests;
