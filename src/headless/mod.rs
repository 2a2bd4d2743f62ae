//! Training without a screen: follows a run and says what happens in lines.

pub mod printer;

pub mod report;

use std::io;

use crossbeam_channel::{Receiver, Sender, never, select};

use self::printer::Printer;
use crate::protocol::{LoggedEvent, Outcome, Phase, TrainControl, TrainEvent};
use crate::training::worker::TrainerHandle;

/// How a run that was followed ended.
#[derive(Debug)]
pub enum Ended {
    /// All epochs, or the step limit, were trained.
    Completed,
    /// Stopped with a checkpoint because of this signal.
    Signal(i32),
    /// Stopped with a checkpoint because its output could not be written.
    Output(io::Error),
    /// The trainer paused by itself for this reason. Nobody is here to decide, so it was stopped;
    /// the checkpoint is the one of the pause.
    Paused(String),
    /// It broke off before training began, for this reason: the data, the weights or the device that
    /// was asked for cannot be used.
    NotStarted(String),
    /// It broke off while training, for this reason.
    Failed(String),
}

/// Prints the events of a run until it ends. A signal stops the run with a checkpoint.
pub fn follow(handle: TrainerHandle, signals: Receiver<i32>, printer: &mut Printer<'_>) -> Ended {
    let TrainerHandle { control, events, thread, .. } = handle;
    let ended = Follower { control, printer, asked: None, began: false }.run(&events, signals);
    // The run's lock and log are free once the thread is gone. It reports its own panics as events.
    let _ = thread.join();
    ended
}

struct Follower<'a, 'b> {
    control: Sender<TrainControl>,
    printer: &'a mut Printer<'b>,
    /// Why the trainer was asked to stop, once it was.
    asked: Option<Ended>,
    /// Whether training began.
    began: bool,
}

impl Follower<'_, '_> {
    fn run(mut self, events: &Receiver<LoggedEvent>, mut signals: Receiver<i32>) -> Ended {
        loop {
            select! {
                recv(events) -> event => match event {
                    Ok(event) => {
                        if let Some(ended) = self.hear(&event) {
                            return ended;
                        }
                    }
                    Err(_) => return Ended::Failed("the trainer ended without a word".to_owned()),
                },
                recv(signals) -> signal => {
                    if let Ok(signal) = signal {
                        self.printer.message(
                            "stopping: the checkpoint is being written (once more to quit at once)",
                        );
                        self.stop(Ended::Signal(signal));
                    }
                    signals = never();
                }
            }
        }
    }

    /// Prints an event. The end of the run, if it is the last.
    fn hear(&mut self, logged: &LoggedEvent) -> Option<Ended> {
        if let Err(error) = self.printer.print(logged) {
            self.stop(Ended::Output(error));
        }
        match &logged.event {
            TrainEvent::Started(_) => self.began = true,
            TrainEvent::Phase(change) if change.phase == Phase::Paused => {
                if let Some(reason) = &change.reason {
                    self.stop(Ended::Paused(reason.clone()));
                }
            }
            TrainEvent::Finished(finished) => {
                let asked = self.asked.take().filter(|_| finished.outcome == Outcome::Stopped);
                return Some(asked.unwrap_or(Ended::Completed));
            }
            TrainEvent::Failed(failed) if self.began => {
                return Some(Ended::Failed(failed.error.clone()));
            }
            TrainEvent::Failed(failed) => return Some(Ended::NotStarted(failed.error.clone())),
            _ => {}
        }
        None
    }

    /// Asks the trainer to stop; the first reason stands.
    fn stop(&mut self, reason: Ended) {
        if self.asked.is_none() {
            self.asked = Some(reason);
            // A trainer that is gone has its last event waiting.
            let _ = self.control.send(TrainControl::Stop);
        }
    }
}

#[cfg(test)]
mod tests;
