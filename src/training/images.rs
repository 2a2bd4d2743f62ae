//! A set of images on the device: loaded in one go, picked by index.

use tch::{Device, Tensor};

use crate::data::Images;

/// Images and labels on the device.
#[derive(Debug)]
pub struct DeviceImages {
    /// u8, `[count, 3, 32, 32]`.
    pub images: Tensor,
    /// i64, `[count]`.
    pub labels: Tensor,
}

impl DeviceImages {
    /// Copies a set to the device.
    pub fn new(set: &Images, device: Device) -> Self {
        let images = Tensor::from_slice(&set.pixels).view([-1, 3, 32, 32]).to_device(device);
        let labels = Tensor::from_slice(&set.labels).to_kind(tch::Kind::Int64).to_device(device);
        Self { images, labels }
    }

    /// How many images.
    pub fn len(&self) -> i64 {
        self.labels.numel() as i64
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The images from `start` on, without a copy.
    pub fn narrow(&self, start: i64, length: i64) -> Self {
        Self {
            images: self.images.narrow(0, start, length),
            labels: self.labels.narrow(0, start, length),
        }
    }

    /// Keras's `validation_split`: the first part, which is held out, and the rest.
    pub fn hold_out(&self, part: f64) -> (Self, Self) {
        let held_out = (self.len() as f64 * part) as i64;
        (self.narrow(0, held_out), self.narrow(held_out, self.len() - held_out))
    }

    /// The images at `indices`, i64 on the device.
    pub fn pick(&self, indices: &Tensor) -> Self {
        Self {
            images: self.images.index_select(0, indices),
            labels: self.labels.index_select(0, indices),
        }
    }
}
