//! The update rules and the learning rate.

pub mod adam;

pub mod average;

pub mod schedule;

pub mod sgd;

use tch::{Device, Tensor};

use crate::config::run::{OptimizerChoice, RunSpec};
use adam::Adam;
use sgd::Sgd;

/// The update rule of a run with what it remembers.
#[derive(Debug)]
pub enum Optimizer {
    /// Adam as Keras writes it.
    Adam(Adam),
    /// Gradient descent with momentum.
    Sgd(Sgd),
}

impl Optimizer {
    /// The rule that a recipe names, for `count` parameters it has not seen yet.
    pub fn new(spec: &RunSpec, count: i64, device: Device) -> Self {
        match spec.optimizer {
            OptimizerChoice::Adam => Self::Adam(Adam::new(count, device)),
            OptimizerChoice::Sgd => {
                Self::Sgd(Sgd::new(count, device, spec.momentum, spec.nesterov))
            }
        }
    }

    /// One update of the parameters in place.
    pub fn update(&mut self, parameters: &mut Tensor, gradient: &Tensor, learning_rate: f64) {
        match self {
            Self::Adam(adam) => adam.update(parameters, gradient, learning_rate),
            Self::Sgd(sgd) => sgd.update(parameters, gradient, learning_rate),
        }
    }

    /// Everything remembered that is laid out like the parameters, under the names of the checkpoint.
    pub fn moments(&self) -> Vec<(&'static str, &Tensor)> {
        match self {
            Self::Adam(adam) => {
                vec![("first_moment", &adam.first_moment), ("second_moment", &adam.second_moment)]
            }
            Self::Sgd(sgd) => vec![("velocity", &sgd.velocity)],
        }
    }
}
