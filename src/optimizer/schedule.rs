//! The learning rate of each epoch.

use serde::{Deserialize, Serialize};

use crate::config::run::Schedule;

/// The rate of an epoch under a schedule that looks at nothing but the epoch, which counts from 0 as
/// in the Keras example. Under `plateau` it is the rate of the start.
pub fn learning_rate(schedule: Schedule, start: f64, epoch: u32) -> f64 {
    match (schedule, epoch) {
        (Schedule::Keras, 181..) => start * 0.5e-3,
        (Schedule::Keras, 161..) => start * 1e-3,
        (Schedule::Keras, 121..) => start * 1e-2,
        (Schedule::Keras, 81..) => start * 1e-1,
        _ => start,
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

    #[test]
    fn every_epoch_has_the_rate_of_the_example() {
        let golden: BTreeMap<u32, f64> =
            serde_json::from_str(include_str!("../../tests/golden/lr_schedule.json")).unwrap();
        assert_eq!(golden.len(), 200);
        for (epoch, expected) in golden {
            let rate = learning_rate(Schedule::Keras, 1e-3, epoch);
            assert!((rate / expected - 1.0).abs() < 1e-12, "epoch {epoch}: {rate}");
        }
        assert_eq!(learning_rate(Schedule::Constant, 0.1, 190), 0.1);
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
