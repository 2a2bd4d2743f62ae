//! What the owner of a run asks for: pausing, stopping, checkpoints.

use std::time::Instant;

use anyhow::Result;
use crossbeam_channel::{Receiver, TryRecvError};

use super::{Flow, Trainer};
use crate::protocol::{CheckpointReason, Phase, TrainControl, TrainEvent, Warning};
use crate::training::checkpoint::State;

impl Trainer<'_> {
    /// Answers the requests that have come in.
    pub(super) fn obey(&mut self) -> Result<Flow> {
        while let Some(request) = first_request(self.requests) {
            let flow = self.answer(request)?;
            if flow != Flow::GoOn {
                return Ok(flow);
            }
        }
        Ok(Flow::GoOn)
    }

    pub(super) fn answer(&mut self, request: TrainControl) -> Result<Flow> {
        match request {
            TrainControl::Resume => Ok(Flow::GoOn),
            TrainControl::StopAfterEpoch => {
                self.stop_after_epoch = true;
                Ok(Flow::GoOn)
            }
            TrainControl::Stop => {
                self.report()?;
                Ok(Flow::Stop)
            }
            TrainControl::Checkpoint => {
                self.report()?;
                self.checkpoint(CheckpointReason::Request)?;
                Ok(Flow::GoOn)
            }
            TrainControl::Pause => {
                self.report()?;
                self.stop_clock();
                self.checkpoint(CheckpointReason::Pause)?;
                self.wait(None)
            }
        }
    }

    /// Paused: waits for a request that ends the pause.
    fn wait(&mut self, reason: Option<String>) -> Result<Flow> {
        self.enter(Phase::Paused, reason)?;
        let flow = loop {
            match self.requests.recv() {
                Ok(TrainControl::Resume) => break Flow::GoOn,
                Ok(TrainControl::Stop) => break Flow::Stop,
                Err(_) => break Flow::Leave,
                Ok(TrainControl::StopAfterEpoch) => self.stop_after_epoch = true,
                Ok(TrainControl::Pause | TrainControl::Checkpoint) => {}
            }
        };
        self.clock = Instant::now();
        if flow == Flow::GoOn {
            let trained = self.epoch_is_trained();
            self.enter(if trained { Phase::Evaluating } else { Phase::Training }, None)?;
        }
        Ok(flow)
    }

    /// The loss is no number any more: returns to the last checkpoint and waits there, rather than
    /// burn hours.
    pub(super) fn go_back(&mut self) -> Result<Flow> {
        let broke_at = self.state.progress.step;
        let learning_rate = self.latest_learning_rate();
        self.state = State::load(&self.job.spec, &self.network, &self.job.checkpoint, self.device)?;
        self.start_counting();
        self.train_seconds = 0.0;
        let step = self.state.progress.step;
        let message = format!(
            "the loss stopped being a number at step {broke_at} (learning rate {learning_rate}); \
             the run is back at its checkpoint of step {step}. The same steps will give the same \
             result: duplicate the run with a lower learning rate"
        );
        self.events.send(TrainEvent::Warning(Warning { step, message: message.clone() }))?;
        match self.wait(Some(message))? {
            Flow::GoOn => Ok(Flow::WentBack),
            other => Ok(other),
        }
    }
}

/// The next request, if one has come. An owner that is gone means stop.
pub(super) fn first_request(requests: &Receiver<TrainControl>) -> Option<TrainControl> {
    match requests.try_recv() {
        Ok(request) => Some(request),
        Err(TryRecvError::Empty) => None,
        Err(TryRecvError::Disconnected) => Some(TrainControl::Stop),
    }
}
