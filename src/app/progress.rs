//! How far a run is, how fast, and how long it will take. Derived from its events alone.

use crate::config::run::RunSpec;
use crate::protocol::{EpochMetrics, StepMetrics};
use crate::runs::RunHistory;

/// Where a run stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// The epoch being trained, from 1; the last one when all are done.
    pub epoch: u32,
    /// Epochs planned.
    pub epochs: u32,
    /// The part of the current epoch that is trained, 0 to 1.
    pub epoch_part: f64,
    /// The part of the whole run that is trained, 0 to 1.
    pub total_part: f64,
    /// Training images a second, over the latest seconds of training.
    pub images_per_second: Option<f64>,
    /// Seconds until the last epoch is evaluated, pauses aside.
    pub seconds_left: Option<f64>,
}

/// Epochs that the time of the coming ones is taken from.
const RECENT_EPOCHS: usize = 5;

/// Seconds of training that the speed is taken over.
const SPEED_WINDOW: f64 = 5.0;

/// Seconds of training before a speed is worth saying.
const WARM_UP: f64 = 2.0;

/// An evaluated image costs about a third of a trained one: forward without backward.
const EVALUATION_COST: f64 = 1.0 / 3.0;

/// Where the run stands.
pub fn progress(history: &RunHistory, spec: &RunSpec) -> Progress {
    let Some(started) = &history.started else {
        return Progress { epoch: 1, epochs: spec.epochs, ..Progress::default() };
    };
    let epochs = started.epochs.max(1);
    let steps_per_epoch = started.steps_per_epoch.max(1);
    let completed = history.epochs.last().map_or(0, |epoch| epoch.epoch);
    let step = history.step();
    let in_epoch = step.saturating_sub(u64::from(completed).saturating_mul(steps_per_epoch));
    let epoch_part = (in_epoch as f64 / steps_per_epoch as f64).min(1.0);
    let speed = images_per_second(history, spec.batch_size);
    let done = completed >= epochs;
    Progress {
        epoch: completed.saturating_add(1).min(epochs),
        epochs,
        epoch_part: if done { 1.0 } else { epoch_part },
        total_part: if done {
            1.0
        } else {
            ((f64::from(completed) + epoch_part) / f64::from(epochs)).min(1.0)
        },
        images_per_second: speed,
        seconds_left: epoch_seconds(history, spec, speed).map(|(train, evaluation)| {
            let left = f64::from(epochs.saturating_sub(completed));
            if done { 0.0 } else { left * (train + evaluation) - epoch_part * train }
        }),
    }
}

/// The epoch as a fraction that a step lies at: 1.5 is halfway through the second epoch.
pub fn epochs_at(history: &RunHistory, step: u64) -> f64 {
    let steps = history.started.as_ref().map_or(1, |started| started.steps_per_epoch.max(1));
    step as f64 / steps as f64
}

/// Training and evaluation seconds of an epoch to come.
fn epoch_seconds(history: &RunHistory, spec: &RunSpec, speed: Option<f64>) -> Option<(f64, f64)> {
    let recent = history.epochs.len().saturating_sub(RECENT_EPOCHS);
    let recent = history.epochs.get(recent..).unwrap_or(&[]);
    if !recent.is_empty() {
        let mean = |seconds: fn(&EpochMetrics) -> f64| {
            recent.iter().map(seconds).sum::<f64>() / recent.len() as f64
        };
        return Some((mean(|epoch| epoch.train_seconds), mean(|epoch| epoch.eval_seconds)));
    }
    // Nothing is evaluated yet: take the speed of the first steps.
    let started = history.started.as_ref()?;
    let last = history.steps.last().filter(|step| step.train_seconds >= WARM_UP)?;
    let steps = last.step.min(started.steps_per_epoch) as f64;
    let images = steps * f64::from(spec.batch_size);
    let speed = speed.unwrap_or(images / last.train_seconds);
    let train = started.train_images as f64 / speed;
    let evaluation = EVALUATION_COST * started.test_images as f64 / speed;
    (train.is_finite() && evaluation.is_finite()).then_some((train, evaluation))
}

/// Images a second between the latest step and one some seconds before it in the same epoch.
fn images_per_second(history: &RunHistory, batch_size: u32) -> Option<f64> {
    let last: &StepMetrics = history.steps.last()?;
    let from = history
        .steps
        .iter()
        .rev()
        .take_while(|step| step.epoch == last.epoch && step.train_seconds <= last.train_seconds)
        .take_while(|step| last.train_seconds - step.train_seconds <= SPEED_WINDOW)
        .last()?;
    let steps = last.step.saturating_sub(from.step);
    let seconds = last.train_seconds - from.train_seconds;
    let speed = steps as f64 * f64::from(batch_size) / seconds;
    (steps > 0 && speed.is_finite()).then_some(speed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::{epoch, history, started, step};

    fn spec() -> RunSpec {
        RunSpec { batch_size: 10, epochs: 4, ..RunSpec::default() }
    }

    #[test]
    fn nothing_is_known_before_the_first_word() {
        let progress = progress(&RunHistory::default(), &spec());
        assert_eq!((progress.epoch, progress.epochs, progress.total_part), (1, 4, 0.0));
        assert_eq!((progress.images_per_second, progress.seconds_left), (None, None));
    }

    #[test]
    fn the_first_epoch_is_estimated_from_its_speed() {
        // 100 steps of 10 images an epoch, 10 steps a second; 300 test images.
        let history = history([started(4, 100, 0), step(10, 1, 1.0), step(50, 1, 5.0)]);
        let progress = progress(&history, &spec());
        assert_eq!(progress.epoch_part, 0.5);
        assert_eq!(progress.images_per_second, Some(100.0));
        // Four epochs of 10 s and 1 s of evaluation each, less the 5 s trained.
        assert_eq!(progress.seconds_left, Some(4.0 * 11.0 - 5.0));
    }

    #[test]
    fn later_epochs_take_as_long_as_the_recent_ones_with_evaluation() {
        // epoch() says 9 s of training and 1 s of evaluation.
        let history = history([started(4, 100, 0), epoch(1, 100), step(125, 2, 2.5)]);
        let progress = progress(&history, &spec());
        assert_eq!((progress.epoch, progress.epoch_part), (2, 0.25));
        assert_eq!(progress.total_part, 1.25 / 4.0);
        assert_eq!(progress.seconds_left, Some(3.0 * 10.0 - 0.25 * 9.0));
    }

    #[test]
    fn a_finished_run_has_nothing_left() {
        let history = history([started(1, 100, 0), epoch(1, 100)]);
        let progress = progress(&history, &spec());
        assert_eq!((progress.epoch, progress.epoch_part, progress.total_part), (1, 1.0, 1.0));
        assert_eq!(progress.seconds_left, Some(0.0));
    }
}
