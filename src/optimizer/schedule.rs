//! The learning rate of each step.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use crate::config::run::{RunSpec, Schedule};

/// Steps after which the papers divide the rate by 10: "at 32k and 48k iterations" (He et al. 2015,
/// section 4.2).
const PAPER_STEPS: [u64; 2] = [32_000, 48_000];

/// The rate of a step, which counts from 0 over the whole run. Under `plateau`, which depends on the
/// losses, it is the rate while they fall.
pub fn learning_rate(spec: &RunSpec, step: u64, steps_per_epoch: u64) -> f64 {
    spec.learning_rate * factor(spec, step, steps_per_epoch)
}

/// What the starting rate is multiplied by in a step, which counts from 0 over the whole run.
///
/// While warming up, the rate rises by the same amount in every step, and reaches what the schedule
/// says in the last of them (Goyal et al. 2017). The cosine (Loshchilov & Hutter 2017, without
/// restarts) lies over the rest of the run; the other schedules count from its beginning.
pub fn factor(spec: &RunSpec, step: u64, steps_per_epoch: u64) -> f64 {
    let warm_up = u64::from(spec.warm_up_epochs) * steps_per_epoch;
    let ramp = if step < warm_up { (step + 1) as f64 / warm_up as f64 } else { 1.0 };
    ramp * match spec.schedule {
        Schedule::Keras => keras(step / steps_per_epoch.max(1)),
        Schedule::Paper => {
            let passed = PAPER_STEPS.iter().filter(|&&boundary| step >= boundary).count();
            [1.0, 1e-1, 1e-2].get(passed).copied().unwrap_or(1e-2)
        }
        Schedule::Cosine => {
            let all = (u64::from(spec.epochs) * steps_per_epoch).saturating_sub(warm_up).max(1);
            let done = step.saturating_sub(warm_up).min(all);
            0.5 * (1.0 + (PI * done as f64 / all as f64).cos())
        }
        Schedule::Plateau | Schedule::Constant => 1.0,
    }
}

/// The steps of the Keras example, by epochs that count from 0.
fn keras(epoch: u64) -> f64 {
    match epoch {
        181.. => 0.5e-3,
        161.. => 1e-3,
        121.. => 1e-2,
        81.. => 1e-1,
        _ => 1.0,
    }
}

/// Keras's ReduceLROnPlateau with the example's arguments. The example lists it beside its schedule,
/// which sets the rate anew every epoch, so there it never acts; here it is a choice of its own.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plateau {
    /// The rate now.
    pub rate: f64,
    /// The lowest loss so far; `None` before the first epoch.
    pub best: Option<f64>,
    /// Epochs since then.
    pub waited: u32,
}

impl Plateau {
    const FACTOR: f64 = 0.316_227_766_016_837_94; // √0.1
    const PATIENCE: u32 = 5;
    const LOWEST: f64 = 0.5e-6;
    const IMPROVEMENT: f64 = 1e-4;

    /// Begins at a rate.
    pub fn new(rate: f64) -> Self {
        Self { rate, best: None, waited: 0 }
    }

    /// Takes in the loss of an epoch.
    pub fn observe(&mut self, loss: f64) {
        if self.best.is_none_or(|best| loss < best - Self::IMPROVEMENT) {
            self.best = Some(loss);
            self.waited = 0;
            return;
        }
        self.waited += 1;
        if self.waited >= Self::PATIENCE {
            self.rate = (self.rate * Self::FACTOR).max(Self::LOWEST.min(self.rate));
            self.waited = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::recipe::Recipe;

    /// What stands in `learning_rate`: 10 steps an epoch, counted from 0.
    fn rates(spec: &RunSpec, steps: impl IntoIterator<Item = u64>) -> Vec<f64> {
        steps.into_iter().map(|step| learning_rate(spec, step, 10)).collect()
    }

    fn all_close(got: &[f64], expected: &[f64]) {
        assert_eq!(got.len(), expected.len());
        for (got, expected) in got.iter().zip(expected) {
            assert!((got / expected - 1.0).abs() < 1e-12, "{got} is not {expected}");
        }
    }

    #[test]
    fn every_epoch_has_the_rate_of_the_example() {
        let golden: BTreeMap<u64, f64> =
            serde_json::from_str(include_str!("../../tests/golden/lr_schedule.json")).unwrap();
        assert_eq!(golden.len(), 200);
        for (epoch, expected) in golden {
            let whole_epoch = rates(&RunSpec::default(), 10 * epoch..10 * (epoch + 1));
            all_close(&whole_epoch, &[expected; 10]);
        }
        let constant = RunSpec { schedule: Schedule::Constant, ..RunSpec::default() };
        assert_eq!(rates(&constant, [0, 1_999]), [1e-3; 2]);
    }

    #[test]
    fn the_papers_divide_after_steps_however_long_an_epoch_is() {
        let spec = Recipe::Paper.spec();
        for steps_per_epoch in [391, 10] {
            let rate = |step| learning_rate(&spec, step, steps_per_epoch);
            all_close(&[rate(0), rate(31_999), rate(32_000)], &[0.1, 0.1, 0.01]);
            all_close(&[rate(47_999), rate(48_000), rate(64_123)], &[0.01, 0.001, 0.001]);
        }
    }

    #[test]
    fn a_cosine_follows_the_warm_up() {
        let spec = RunSpec { epochs: 25, ..Recipe::Modern.spec() };
        // 50 steps up, 200 down.
        all_close(&rates(&spec, [0, 1, 49, 50]), &[0.008, 0.016, 0.4, 0.4]);
        let half = 0.2 * (1.0 + (PI / 4.0).cos());
        all_close(&rates(&spec, [100, 150]), &[half, 0.2]);
        let last = 0.2 * (1.0 + (PI * 199.0 / 200.0).cos());
        all_close(&rates(&spec, [249]), &[last]);
        assert!(last > 0.0, "every step moves the weights");
        let without = RunSpec { warm_up_epochs: 0, ..spec };
        all_close(&rates(&without, [0, 125]), &[0.4, 0.2]);
    }

    #[test]
    fn every_schedule_can_be_warmed_up() {
        let keras = RunSpec { warm_up_epochs: 2, ..RunSpec::default() };
        all_close(&rates(&keras, [0, 9, 19, 20, 810]), &[5e-5, 5e-4, 1e-3, 1e-3, 1e-4]);
        for schedule in [Schedule::Paper, Schedule::Constant, Schedule::Plateau] {
            let spec = RunSpec { schedule, ..keras.clone() };
            all_close(&rates(&spec, [0, 19, 20]), &[5e-5, 1e-3, 1e-3]);
        }
    }

    #[test]
    fn a_plateau_of_five_epochs_lowers_the_rate() {
        let mut plateau = Plateau::new(1e-3);
        plateau.observe(1.0);
        for _ in 0..4 {
            plateau.observe(0.99995);
            assert_eq!(plateau.rate, 1e-3);
        }
        plateau.observe(0.99995);
        assert!((plateau.rate - 1e-3 * 0.1f64.sqrt()).abs() < 1e-12);
        plateau.observe(0.5);
        assert_eq!((plateau.best, plateau.waited), (Some(0.5), 0));
        for _ in 0..100 {
            plateau.observe(0.5);
        }
        assert_eq!(plateau.rate, 0.5e-6);
    }
}
