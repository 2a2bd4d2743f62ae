//! The trainer thread: spawned with a job, steered by controls, heard through events.
//!
//! Whatever happens inside ends in exactly one `Finished` or `Failed`. tch reports every libtorch
//! error, out of memory included, as a panic; here it becomes the reason of a failed run.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::thread::{self, JoinHandle};

use anyhow::Result;
use crossbeam_channel::{Receiver, Sender, unbounded};
use jiff::Timestamp;

use crate::config::run::RunSpec;
use crate::protocol::{Failed, LoggedEvent, TrainControl, TrainEvent};

/// Stores an event before anybody hears of it. An error ends the run: a curve with holes would lie.
pub type Recorder = Box<dyn FnMut(&LoggedEvent) -> Result<()> + Send>;

/// The name of every trainer thread. The panic hook of the terminal knows it.
pub const THREAD_NAME: &str = "trainer";

/// Everything the trainer needs to begin a run or to go on with it.
pub struct TrainingJob {
    /// The run's id.
    pub run: String,
    /// The run's folder, for messages.
    pub folder: PathBuf,
    /// Where the checkpoint lies. A run goes on from the one it finds here.
    pub checkpoint: PathBuf,
    /// Where the best weights go.
    pub best: PathBuf,
    /// The recipe.
    pub spec: RunSpec,
    /// What was decided when the run first began.
    pub decided: Option<Decided>,
    /// Weights to begin with in place of drawn ones.
    pub initial_weights: Option<PathBuf>,
    /// Send an event for every step.
    pub log_every_step: bool,
    /// Seconds trained before in the epoch that the checkpoint lies in.
    pub train_seconds: f64,
    /// Stores the events.
    pub record: Recorder,
}

/// Decisions of the first start that a resumed run keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// `fp32` or `bf16`.
    pub precision: String,
    /// The checksum of the images.
    pub data_fingerprint: String,
}

/// The sending side of a run: records each event, then sends it.
pub struct EventSender {
    record: Recorder,
    channel: Sender<LoggedEvent>,
    /// Steps trained, by the last event sent.
    step: u64,
}

impl EventSender {
    /// Records and sends an event. A listener that is gone is no error; a full disk is.
    pub fn send(&mut self, event: TrainEvent) -> Result<()> {
        self.step = event.step();
        let logged = LoggedEvent { time: Timestamp::now(), event };
        (self.record)(&logged)?;
        let _ = self.channel.send(logged);
        Ok(())
    }
}

/// A running trainer as its owner sees it.
#[derive(Debug)]
pub struct TrainerHandle {
    /// The run's id.
    pub run: String,
    /// Takes requests. Dropping it asks the trainer to write a checkpoint and end.
    pub control: Sender<TrainControl>,
    /// Gives events; disconnected after the last one.
    pub events: Receiver<LoggedEvent>,
    /// The thread.
    pub thread: JoinHandle<()>,
}

/// What runs on the trainer thread.
pub type Body = fn(TrainingJob, &Receiver<TrainControl>, &mut EventSender) -> Result<()>;

/// Starts a trainer thread that runs `body`.
pub fn spawn(mut job: TrainingJob, body: Body) -> io::Result<TrainerHandle> {
    let (control, requests) = unbounded();
    let (channel, events) = unbounded();
    let run = job.run.clone();
    let record = std::mem::replace(&mut job.record, Box::new(|_| Ok(())));
    let thread = thread::Builder::new().name(THREAD_NAME.to_owned()).spawn(move || {
        let mut sender = EventSender { record, channel, step: 0 };
        let Err(error) = catch(|| body(job, &requests, &mut sender)) else { return };
        let failed = TrainEvent::Failed(Failed { step: sender.step, error: format!("{error:#}") });
        let logged = LoggedEvent { time: Timestamp::now(), event: failed };
        // The log may be what failed; whoever listens must hear of it all the same.
        let _ = (sender.record)(&logged);
        let _ = sender.channel.send(logged);
    })?;
    Ok(TrainerHandle { run, control, events, thread })
}

/// Runs what calls libtorch, and makes an error of its panics.
///
/// # Errors
/// When `body` returns one or panics.
pub fn catch<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(body))
        .unwrap_or_else(|panic| Err(anyhow::Error::msg(describe_panic(panic.as_ref()))))
}

fn describe_panic(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("the trainer broke off without a message");
    if text.contains("out of memory") || text.contains("can't allocate memory") {
        return format!(
            "out of memory; a smaller batch size needs less. libtorch said: {}",
            first_line(text)
        );
    }
    first_line(text).to_owned()
}

/// libtorch appends its own call stack, which helps nobody here.
fn first_line(text: &str) -> &str {
    let text = text.split("\nException raised from").next().unwrap_or(text);
    let text = text.split("\\nException raised from").next().unwrap_or(text);
    text.trim()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::protocol::Warning;

    fn job(record: Recorder) -> TrainingJob {
        TrainingJob {
            run: "run".to_owned(),
            folder: PathBuf::new(),
            checkpoint: PathBuf::new(),
            best: PathBuf::new(),
            spec: RunSpec::default(),
            decided: None,
            initial_weights: None,
            log_every_step: false,
            train_seconds: 0.0,
            record,
        }
    }

    fn warning(step: u64) -> TrainEvent {
        TrainEvent::Warning(Warning { step, message: String::new() })
    }

    #[test]
    fn a_panic_becomes_a_recorded_failure_at_the_last_step() {
        let recorded = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&recorded);
        let record = Box::new(move |event: &LoggedEvent| {
            log.lock().unwrap().push(event.clone());
            Ok(())
        });
        let handle = spawn(job(record), |_, _, sender| {
            sender.send(warning(41))?;
            panic!("CUDA out of memory. Tried to allocate 2 GiB\nException raised from malloc");
        })
        .unwrap();
        let heard: Vec<LoggedEvent> = handle.events.iter().collect();
        handle.thread.join().unwrap();
        assert_eq!(heard, *recorded.lock().unwrap());
        let TrainEvent::Failed(failed) = &heard[1].event else { panic!("{heard:?}") };
        assert_eq!(failed.step, 41);
        assert!(failed.error.starts_with("out of memory; a smaller batch"), "{}", failed.error);
        assert!(!failed.error.contains("Exception raised"));
    }

    #[test]
    fn a_log_that_cannot_be_written_ends_the_run_and_is_heard_of() {
        let record = Box::new(|_: &LoggedEvent| anyhow::bail!("disk full"));
        let handle = spawn(job(record), |_, _, sender| sender.send(warning(1))).unwrap();
        let heard: Vec<LoggedEvent> = handle.events.iter().collect();
        assert_eq!(heard.len(), 1);
        let TrainEvent::Failed(failed) = &heard[0].event else { panic!("{heard:?}") };
        assert_eq!(failed.error, "disk full");
    }
}
