//! How long an epoch will take, from the runs that were measured on the same hardware. Where none
//! was, there is no estimate.

use crate::config::run::{Architecture, RunSpec};
use crate::model::Network;
use crate::model::cost::Cost;
use crate::runs::{RunDescription, RunHistory};
use crate::training::device;

/// What decides the speed besides the recipe.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hardware {
    /// The device's own name, such as the processor's model.
    pub device_name: String,
    /// `fp32` or `bf16`.
    pub precision: String,
}

impl Hardware {
    /// What a recipe would be trained on. Asks libtorch for its devices, which may take a moment the
    /// first time.
    ///
    /// # Errors
    /// When the device that the recipe names is not there.
    pub fn of(spec: &RunSpec) -> anyhow::Result<Self> {
        let device = device::resolve(spec.device)?;
        Ok(Self {
            device_name: device::hardware_name(device),
            precision: device::precision(spec.precision, device).name().to_owned(),
        })
    }
}

/// The speed of a run that was trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// The model.
    pub architecture: Architecture,
    /// What it was trained on.
    pub hardware: Hardware,
    /// Images per step.
    pub batch_size: u32,
    /// Training time of an image: the median over the epochs.
    pub seconds_per_image: f64,
}

impl Measurement {
    /// The speed of a run; `None` before its first epoch is complete.
    pub fn of(run: &RunDescription, history: &RunHistory) -> Option<Self> {
        let started = history.started.as_ref()?;
        let images = started.train_images.max(1) as f64;
        Some(Self {
            architecture: run.spec.architecture(),
            hardware: Hardware {
                device_name: started.device_name.clone(),
                precision: started.precision.clone(),
            },
            batch_size: run.spec.batch_size,
            seconds_per_image: history.median_train_seconds()? / images,
        })
    }

    /// How unlike another model and batch size are: 0 is the same, 1 a factor of e in the arithmetic,
    /// the batch size, or another family.
    fn distance(&self, architecture: Architecture, batch_size: u32) -> f64 {
        let apart = |a: f64, b: f64| (a / b).ln().abs();
        let family = if self.architecture.version == architecture.version { 0.0 } else { 1.0 };
        apart(multiply_adds(self.architecture), multiply_adds(architecture))
            + apart(f64::from(self.batch_size.max(1)), f64::from(batch_size.max(1)))
            + family
    }
}

/// An estimated training time.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// Seconds of training in an epoch.
    pub seconds_per_epoch: f64,
    /// The measured model it was scaled from.
    pub measured: Architecture,
    /// The batch size that was measured.
    pub measured_batch_size: u32,
}

/// Scales the measurement most like a model by its arithmetic. Of several alike, the last one counts.
/// `None`: nothing was measured on this hardware.
pub fn seconds_per_epoch(
    measurements: &[Measurement],
    hardware: &Hardware,
    architecture: Architecture,
    batch_size: u32,
    train_images: u64,
) -> Option<Estimate> {
    let (_, nearest) = measurements
        .iter()
        .rev()
        .filter(|measurement| measurement.hardware == *hardware)
        .map(|measurement| (measurement.distance(architecture, batch_size), measurement))
        .min_by(|(a, _), (b, _)| a.total_cmp(b))?;
    let scale = multiply_adds(architecture) / multiply_adds(nearest.architecture);
    Some(Estimate {
        seconds_per_epoch: nearest.seconds_per_image * scale * train_images as f64,
        measured: nearest.architecture,
        measured_batch_size: nearest.batch_size,
    })
}

fn multiply_adds(architecture: Architecture) -> f64 {
    Cost::of(&Network::new(architecture)).multiply_adds as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::run::Version;

    fn hardware(precision: &str) -> Hardware {
        Hardware { device_name: "processor".to_owned(), precision: precision.to_owned() }
    }

    fn model(version: Version, n: u32) -> Architecture {
        Architecture { version, n }
    }

    fn measured(version: Version, n: u32, seconds_per_image: f64) -> Measurement {
        Measurement {
            architecture: model(version, n),
            hardware: hardware("fp32"),
            batch_size: 32,
            seconds_per_image,
        }
    }

    #[test]
    fn a_measured_model_is_told_and_another_scaled_from_the_nearest() {
        let runs = [
            measured(Version::V1, 3, 9.0),
            measured(Version::V1, 3, 0.001),
            measured(Version::V2, 2, 0.003),
        ];
        let estimate = |precision, architecture| {
            seconds_per_epoch(&runs, &hardware(precision), architecture, 32, 50_000)
        };
        let same = estimate("fp32", model(Version::V1, 3)).unwrap();
        assert!((same.seconds_per_epoch - 50.0).abs() < 1e-9);
        // 253.2 and 40.8 million multiply-adds.
        let deeper = estimate("fp32", model(Version::V1, 18)).unwrap();
        assert_eq!(deeper.measured, model(Version::V1, 3));
        assert!((deeper.seconds_per_epoch / 50.0 - 253.2 / 40.8).abs() < 0.01);
        let bottleneck = estimate("fp32", model(Version::V2, 12)).unwrap();
        assert_eq!(bottleneck.measured, model(Version::V2, 2));
        assert_eq!(estimate("bf16", model(Version::V1, 3)), None);
    }
}
