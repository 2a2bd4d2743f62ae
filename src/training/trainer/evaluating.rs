//! The end of an epoch: evaluation, its event, the best weights.

use std::ops::ControlFlow;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::requests::first_request;
use super::{Flow, Trainer};
use crate::model::tensor_file::Metadata;
use crate::protocol::{CheckpointReason, EpochMetrics, Phase, TrainEvent};
use crate::training::checkpoint;
use crate::training::evaluation::{self, Evaluation, Measures};

/// Which images an evaluation is on.
#[derive(Clone, Copy)]
enum Held {
    Validation,
    Test,
}

impl Trainer<'_> {
    /// Evaluates the epoch that was just trained, and completes it.
    pub(super) fn evaluate_epoch(&mut self) -> Result<Flow> {
        let learning_rate = self.latest_learning_rate();
        self.enter(Phase::Evaluating, None)?;
        let validation = match self.evaluate(Held::Validation)? {
            ControlFlow::Continue(validation) => validation,
            ControlFlow::Break(flow) => return Ok(flow),
        };
        let (test, test_seconds) = match self.evaluate(Held::Test)? {
            ControlFlow::Continue(Some(test)) => test,
            ControlFlow::Continue(None) => bail!("there is no test set"),
            ControlFlow::Break(flow) => return Ok(flow),
        };
        let eval_seconds = test_seconds + validation.map_or(0.0, |(_, seconds)| seconds);
        let validation = validation.map(|(evaluation, _)| evaluation);
        let progress = &mut self.state.progress;
        let images = progress.images.max(1) as f64;
        let selection = validation.as_ref().unwrap_or(&test);
        let best = progress.best_accuracy.is_none_or(|best| selection.accuracy > best);
        if best {
            progress.best_accuracy = Some(selection.accuracy);
        }
        progress.plateau.observe(selection.loss);
        let metrics = EpochMetrics {
            epoch: progress.epochs + 1,
            step: progress.step,
            train_loss: progress.loss_sum / images,
            train_accuracy: progress.correct / images,
            test_loss: test.loss,
            test_cross_entropy: test.cross_entropy,
            test_accuracy: test.accuracy,
            test_accuracy_flip: test.accuracy_flip,
            validation_loss: validation.map(|validation| validation.loss),
            validation_accuracy: validation.map(|validation| validation.accuracy),
            lr: learning_rate,
            train_seconds: self.train_seconds,
            eval_seconds,
            best,
        };
        progress.epochs += 1;
        progress.batch = 0;
        progress.images = 0;
        progress.loss_sum = 0.0;
        progress.correct = 0.0;
        self.start_counting();
        self.train_seconds = 0.0;
        self.events.send(TrainEvent::Epoch(metrics.clone()))?;
        if best {
            self.save_best(&metrics)?;
        }
        self.checkpoint(CheckpointReason::Epoch)?;
        Ok(Flow::GoOn)
    }

    /// Evaluates on a set, `None` where there is none; breaks off where a request says so. After a pause
    /// it begins anew, and counts the seconds of what it used alone.
    fn evaluate(&mut self, held: Held) -> Result<ControlFlow<Flow, Option<(Evaluation, f64)>>> {
        loop {
            let set = match held {
                Held::Validation => self.sets.validation.as_ref(),
                Held::Test => Some(&self.sets.test),
            };
            // The mirror images are a figure of the test set alone.
            let measures = match held {
                Held::Validation => Measures { flip: false, ..Measures::of(&self.job.spec) },
                Held::Test => Measures::of(&self.job.spec),
            };
            let Some(set) = set else { return Ok(ControlFlow::Continue(None)) };
            let begun = Instant::now();
            let (requests, mut asked) = (self.requests, None);
            let evaluation = evaluation::evaluate(
                &self.network,
                self.state.evaluated(),
                &self.format,
                set,
                measures,
                |_| {
                    asked = first_request(requests);
                    Ok(asked.is_none())
                },
            )?;
            if let Some(evaluation) = evaluation {
                let seconds = begun.elapsed().as_secs_f64();
                return Ok(ControlFlow::Continue(Some((evaluation, seconds))));
            }
            if let Some(request) = asked {
                let flow = self.answer(request)?;
                if flow != Flow::GoOn {
                    return Ok(ControlFlow::Break(flow));
                }
            }
        }
    }

    fn save_best(&self, metrics: &EpochMetrics) -> Result<()> {
        let description = serde_json::to_string(&serde_json::json!({
            "model": self.network.architecture.to_string(),
            "epoch": metrics.epoch,
            "test_accuracy": metrics.test_accuracy,
            "validation_accuracy": metrics.validation_accuracy,
        }))?;
        let metadata = Metadata::from([(checkpoint::BEST.to_owned(), description)]);
        checkpoint::save_weights(&self.network, self.state.evaluated(), metadata, &self.job.best)
            .context("cannot write the best weights")
    }
}
