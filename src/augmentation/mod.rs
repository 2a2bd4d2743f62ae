//! From stored images to the network's input: scaling, the pixel mean, ImageDataGenerator's random
//! transforms and its standardisation, on whole batches on the device.

pub mod affine;

pub mod crop;

pub mod draws;

pub mod mixup;

pub mod standardization;

use tch::{Device, Tensor};

use crate::config::augmentation::Augmentation;
use draws::Transform;
pub use standardization::Standardization;

/// The random transforms of a batch as tensors on the device, a row an image.
#[derive(Debug)]
pub struct TransformBatch {
    /// Affine maps from output to input pixels, `[batch, 2, 3]`, flips included; `None` where no image
    /// is moved, so that none is interpolated.
    maps: Option<Tensor>,
    /// What is added to every channel, `[batch, 1, 1, 1]`; `None` where nothing is.
    channel_shifts: Option<Tensor>,
    /// Where the random crops lie; `None` where nothing is cropped.
    crops: Option<Tensor>,
    /// Where the cutouts lie; `None` where there are none.
    cutouts: Option<Tensor>,
}

impl TransformBatch {
    /// The transforms as tensors.
    pub fn new(transforms: &[Transform], augmentation: &Augmentation, device: Device) -> Self {
        let count = transforms.len() as i64;
        let maps = augmentation
            .interpolates()
            .then(|| affine::maps(transforms, augmentation.fill_mode, device));
        let channel_shifts = (augmentation.channel_shift_range > 0.0).then(|| {
            let numbers: Vec<f32> =
                transforms.iter().map(|transform| transform.channel_shift as f32).collect();
            Tensor::from_slice(&numbers).view([count, 1, 1, 1]).to_device(device)
        });
        let crops =
            (augmentation.random_crop > 0).then(|| crop::crops(transforms, maps.is_none(), device));
        let cutouts = (augmentation.cutout > 0)
            .then(|| crop::cutouts(transforms, i64::from(augmentation.cutout), device));
        Self { maps, channel_shifts, crops, cutouts }
    }

    /// The transforms of `length` images from `start`.
    pub fn narrow(&self, start: i64, length: i64) -> Self {
        let part =
            |tensor: &Option<Tensor>| tensor.as_ref().map(|tensor| tensor.narrow(0, start, length));
        Self {
            maps: part(&self.maps),
            channel_shifts: part(&self.channel_shifts),
            crops: part(&self.crops),
            cutouts: part(&self.cutouts),
        }
    }

    /// Applies the transforms to images `[batch, 3, 32, 32]`, in Keras's order: affine map, channel
    /// shift, flips (here part of the map: a shift of values does not mind where they lie); then the
    /// crop and the cutout, which Keras does not have.
    pub fn apply(&self, images: &Tensor, augmentation: &Augmentation) -> Tensor {
        let mut images = match &self.maps {
            Some(maps) => affine::sample(images, maps, augmentation.fill_mode, augmentation.cval),
            None => images.shallow_clone(),
        };
        if let Some(shifts) = &self.channel_shifts {
            let all = [1, 2, 3].as_slice();
            let (low, high) = (images.amin(all, true), images.amax(all, true));
            images = (images + shifts).maximum(&low).minimum(&high);
        }
        if let Some(crops) = &self.crops {
            images = crop::crop(&images, crops, i64::from(augmentation.random_crop));
        }
        if let Some(cutouts) = &self.cutouts {
            images = crop::cut_out(&images, cutouts, i64::from(augmentation.cutout));
        }
        images
    }
}

impl Augmentation {
    /// Whether images go through the affine map. Flips alone do, unless a crop, which copies whole
    /// pixels, can do them as well.
    fn interpolates(&self) -> bool {
        let flips = self.horizontal_flip || self.vertical_flip;
        (flips && self.random_crop == 0)
            || [
                self.rotation_range,
                self.width_shift_range,
                self.height_shift_range,
                self.shear_range,
                self.zoom_range,
            ]
            .iter()
            .any(|&range| range > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde::Deserialize;
    use tch::Kind;

    use super::*;
    use crate::config::augmentation::FillMode;
    use crate::config::run::RunSpec;
    use crate::model::tensor_file::{self, NamedTensors};

    /// A case of `augment.json`: an explicit transform, and Keras's output in `augment.safetensors`.
    #[derive(Deserialize)]
    struct Case {
        theta: f64,
        tx: f64,
        ty: f64,
        shear: f64,
        zx: f64,
        zy: f64,
        flip_horizontal: bool,
        flip_vertical: bool,
        channel_shift_intensity: Option<f64>,
        fill_mode: FillMode,
        cval: f64,
    }

    #[derive(Deserialize)]
    struct Golden {
        cases: Vec<Case>,
        standardize: Vec<Augmentation>,
    }

    fn golden() -> (Golden, NamedTensors) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
        let json = std::fs::read(folder.join("augment.json")).unwrap();
        let (tensors, _) = tensor_file::read(&folder.join("augment.safetensors")).unwrap();
        (serde_json::from_slice(&json).unwrap(), tensors)
    }

    /// The 320 training images of the golden data set, `[320, 3, 32, 32]`.
    fn training_images() -> Tensor {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/data/data_batch_1.bin");
        let records = Tensor::from_slice(&std::fs::read(path).unwrap()).view([-1, 3_073]);
        records.narrow(1, 1, 3_072).reshape([-1, 3, 32, 32])
    }

    fn largest_difference(a: &Tensor, b: &Tensor) -> f64 {
        (a - b).abs().max().double_value(&[])
    }

    #[test]
    fn every_transform_of_keras() {
        let (golden, tensors) = golden();
        assert_eq!(golden.cases.len(), 16);
        for (index, case) in golden.cases.iter().enumerate() {
            let transform = Transform {
                theta: case.theta,
                tx: case.tx,
                ty: case.ty,
                shear: case.shear,
                zx: case.zx,
                zy: case.zy,
                channel_shift: case.channel_shift_intensity.unwrap_or(0.0),
                flip_horizontal: case.flip_horizontal,
                flip_vertical: case.flip_vertical,
                crop_row: 0,
                crop_column: 0,
                cutout_row: 0,
                cutout_column: 0,
            };
            let augmentation = Augmentation {
                channel_shift_range: transform.channel_shift.abs(),
                fill_mode: case.fill_mode,
                cval: case.cval,
                ..Augmentation::default()
            };
            let batch = TransformBatch::new(&[transform; 2], &augmentation, Device::Cpu);
            let output = batch.apply(&tensors["images"], &augmentation);
            let difference = largest_difference(&output, &tensors[&format!("case{index:02}")]);
            println!("case {index:2}: largest difference {difference:.1e}");
            assert!(difference < 1e-4, "case {index}: {difference}");
        }
    }

    /// Both samplers do `nearest`; the fast one is used, the general one is what it is held against.
    #[test]
    fn both_samplers_agree() {
        let images = &golden().1["images"];
        let augmentation = Augmentation {
            rotation_range: 30.0,
            shear_range: 20.0,
            zoom_range: 0.3,
            ..Augmentation::default()
        };
        for image in 0..50 {
            let transform = draws::transform(&augmentation, 1, 0, image);
            let fast_maps = affine::maps(&[transform; 2], FillMode::Nearest, Device::Cpu);
            let fast = affine::sample(images, &fast_maps, FillMode::Nearest, 0.0);
            // Any other mode's maps are in pixels.
            let maps = affine::maps(&[transform; 2], FillMode::Reflect, Device::Cpu);
            let general = affine::sample_filled(images, &maps, FillMode::Nearest, 0.0);
            assert!(largest_difference(&fast, &general) < 1e-5);
        }
    }

    #[test]
    fn every_standardisation_of_keras() {
        let (golden, tensors) = golden();
        assert_eq!(golden.standardize.len(), 6);
        let training = training_images();
        for (index, augmentation) in golden.standardize.into_iter().enumerate() {
            let tolerance = if augmentation.zca_whitening { 1e-3 } else { 1e-4 };
            let spec = RunSpec { augmentation, ..RunSpec::default() };
            let output = Standardization::fit(&training, &spec).apply(tensors["images"].copy());
            let difference = largest_difference(&output, &tensors[&format!("standardize{index}")]);
            println!("standardisation {index}: largest difference {difference:.1e}");
            assert!(difference < tolerance, "standardisation {index}: {difference}");
        }
    }

    #[test]
    fn the_golden_images_are_prepared_training_images() {
        let training = training_images();
        let fitted = Standardization::fit(&training, &RunSpec::default());
        let prepared = fitted.prepare(&training);
        let mean = prepared.mean_dim(0, false, Kind::Float).abs().max().double_value(&[]);
        assert!(mean < 1e-6, "{mean}");
        let difference = largest_difference(&prepared.narrow(0, 0, 2), &golden().1["images"]);
        assert!(difference < 1e-6, "{difference}");
    }

    #[test]
    fn without_flags_images_pass_untouched() {
        let images = &golden().1["images"];
        let off = Augmentation {
            width_shift_range: 0.0,
            height_shift_range: 0.0,
            horizontal_flip: false,
            ..Augmentation::default()
        };
        let transforms = [draws::transform(&off, 1, 0, 0), draws::transform(&off, 1, 0, 1)];
        let batch = TransformBatch::new(&transforms, &off, Device::Cpu);
        assert_eq!(batch.apply(images, &off), *images);
    }
}
