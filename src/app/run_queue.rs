//! Runs that wait for their turn, and when the next one begins.

use super::App;
use super::message::Cmd;
use crate::config::keys::Action;
use crate::config::queue::QueueConfig;
use crate::config::run::RunSpec;
use crate::queue::Queue;

/// The queue as the dashboard knows it.
#[derive(Clone, Debug, Default)]
pub struct RunQueue {
    /// The runs that wait.
    pub queue: Queue,
    /// How many are trained at a time, and whether a paused one counts.
    pub config: QueueConfig,
    /// Whether this process may start them.
    pub standing: Standing,
    /// The selected one, counted from the front.
    pub selected: usize,
    /// The entry that is being started.
    starting: Option<u64>,
}

/// Whether the queue's runs are started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// Its file has not been read yet.
    #[default]
    Unread,
    /// The next run starts as soon as there is a place.
    Going,
    /// Nothing is started until the user says so, for this reason.
    Held(String),
    /// The queue cannot be used here, for this reason.
    Unavailable(String),
}

/// Places that move up and move down go.
const STEP: isize = 1;

impl RunQueue {
    /// Takes in what the file holds. Runs left over from another day wait for a word of the user.
    pub fn opened(&mut self, queue: Queue) {
        self.standing = if queue.entries().is_empty() {
            Standing::Going
        } else {
            Standing::Held("left over from before; nothing starts until you say so".to_owned())
        };
        self.queue = queue;
    }

    /// Puts runs at the end. An error says why that cannot be.
    pub fn add(&mut self, specs: impl IntoIterator<Item = RunSpec>) -> Result<Cmd, String> {
        match &self.standing {
            Standing::Unread => Err("The queue has not been read yet; try again.".to_owned()),
            Standing::Unavailable(reason) => Err(reason.clone()),
            Standing::Going | Standing::Held(_) => {
                specs.into_iter().for_each(|spec| {
                    self.queue.push(spec);
                });
                Ok(self.save())
            }
        }
    }

    fn save(&self) -> Cmd {
        Cmd::SaveQueue(self.queue.clone())
    }

    /// The id of the selected entry.
    fn selected_id(&self) -> Option<u64> {
        self.queue.entries().get(self.selected).map(|entry| entry.id)
    }

    /// Does what a key asks of the queue.
    pub fn act(&mut self, action: Action) -> Option<Cmd> {
        let last = self.queue.entries().len().saturating_sub(1);
        self.selected = self.selected.min(last);
        match action {
            Action::Up => self.selected = self.selected.saturating_sub(1),
            Action::Down => self.selected = (self.selected + 1).min(last),
            Action::First => self.selected = 0,
            Action::Last => self.selected = last,
            Action::QueueEarlier => return self.shift(-STEP),
            Action::QueueLater => return self.shift(STEP),
            Action::QueueRemove => {
                let id = self.selected_id().filter(|id| self.starting != Some(*id))?;
                self.queue.remove(id);
                self.selected = self.selected.min(last.saturating_sub(1));
                return Some(self.save());
            }
            Action::QueueHold => self.toggle(),
            Action::QueuePausedFrees => {
                self.config.paused_frees_place = !self.config.paused_frees_place;
            }
            Action::QueueMore => self.set_parallel(self.config.max_parallel.saturating_add(1)),
            Action::QueueFewer => self.set_parallel(self.config.max_parallel.saturating_sub(1)),
            _ => {}
        }
        None
    }

    fn shift(&mut self, by: isize) -> Option<Cmd> {
        let id = self.selected_id()?;
        self.queue.shift(id, by);
        let place = self.queue.entries().iter().position(|entry| entry.id == id);
        self.selected = place.unwrap_or(self.selected);
        Some(self.save())
    }

    fn toggle(&mut self) {
        self.standing = match &self.standing {
            Standing::Going => Standing::Held("held by you".to_owned()),
            Standing::Held(_) => Standing::Going,
            other => other.clone(),
        };
    }

    fn set_parallel(&mut self, count: u32) {
        let changed = QueueConfig { max_parallel: count, ..self.config.clone() };
        if changed.problems().is_empty() {
            self.config = changed;
        }
    }

    /// Starts nothing more, for a reason the user should read.
    pub fn hold(&mut self, reason: String) {
        if self.standing == Standing::Going && !self.queue.entries().is_empty() {
            self.standing = Standing::Held(reason);
        }
    }

    /// Whether a run that was just started came from here.
    pub fn is_starting(&self) -> bool {
        self.starting.is_some()
    }

    /// Takes in how the start of an entry went: started, it leaves the queue; else the queue is held.
    pub fn answered(&mut self, entry: u64, error: Option<String>) -> Option<Cmd> {
        self.starting = None;
        match error {
            None => {
                self.queue.remove(entry);
                Some(self.save())
            }
            Some(error) => {
                self.hold(error);
                None
            }
        }
    }
}

/// Whether one more run would be more than are to be trained at a time.
pub fn is_full(app: &App) -> bool {
    let (active, paused) = places(app);
    let held = if app.queue.config.paused_frees_place { 0 } else { paused };
    active + held >= app.queue.config.max_parallel as usize
}

/// Runs that train, and runs that are paused.
fn places(app: &App) -> (usize, usize) {
    let paused = app.active_runs().filter(|run| run.is_paused()).count();
    (app.active_runs().count() - paused, paused)
}

/// Starts the next run if it is its turn.
pub fn next(app: &mut App) -> Option<Cmd> {
    if app.leaving.is_some() || app.queue.starting.is_some() {
        return None;
    }
    let (active, paused) = places(app);
    let queue = &mut app.queue;
    if queue.standing != Standing::Going {
        return None;
    }
    let entry = queue.queue.next(&queue.config, active, paused)?.clone();
    queue.starting = Some(entry.id);
    Some(Cmd::StartQueued(Box::new(entry)))
}

#[cfg(test)]
#[path = "run_queue_tests.rs"]
mod tests;
