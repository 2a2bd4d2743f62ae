//! The arguments of Keras's ImageDataGenerator, under their Keras names and with the values of the
//! CIFAR-10 ResNet example, and three that it does not have.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::run::InvalidValue;

/// What lies outside the image, as in scipy.ndimage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum FillMode {
    /// The nearest edge pixel: `a a a | a b c d | d d d`.
    #[default]
    Nearest,
    /// `cval` everywhere.
    Constant,
    /// Mirrored at the edge of the pixels: `c b a | a b c d | d c b`.
    Reflect,
    /// Repeated: `b c d | a b c d | a b c`.
    Wrap,
}

impl fmt::Display for FillMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nearest => "nearest",
            Self::Constant => "constant",
            Self::Reflect => "reflect",
            Self::Wrap => "wrap",
        })
    }
}

/// How activations lie in memory. Keras's meaning is the layout of its arrays; here it is the memory
/// format of the convolutions, and changes speed alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum DataFormat {
    /// Height, width, channels (NHWC).
    #[default]
    ChannelsLast,
    /// Channels, height, width (NCHW).
    ChannelsFirst,
}

/// Keras's hook for a Python function on each image. A program cannot take one from a flag, so the
/// only value is the example's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum PreprocessingFunction {
    /// Leave the images as they are.
    #[default]
    None,
}

/// What is done to training images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Augmentation {
    /// Subtract the mean of each channel over the training set.
    pub featurewise_center: bool,
    /// Subtract each image's own mean.
    pub samplewise_center: bool,
    /// Divide by the standard deviation of each channel over the training set.
    pub featurewise_std_normalization: bool,
    /// Divide each image by its own standard deviation.
    pub samplewise_std_normalization: bool,
    /// Decorrelate the pixels (zero-phase component analysis).
    pub zca_whitening: bool,
    /// Added to the singular values in the whitening.
    pub zca_epsilon: f64,
    /// Largest rotation to either side, in degrees.
    pub rotation_range: f64,
    /// Largest shift to either side, as a part of the width.
    pub width_shift_range: f64,
    /// Largest shift up or down, as a part of the height.
    pub height_shift_range: f64,
    /// Largest shear angle, in degrees.
    pub shear_range: f64,
    /// Zoom by factors in [1 - zoom_range, 1 + zoom_range], drawn for each axis.
    pub zoom_range: f64,
    /// Largest value added to each channel, in units of the scaled pixels.
    pub channel_shift_range: f64,
    /// What lies outside the image.
    pub fill_mode: FillMode,
    /// The value outside the image with `fill_mode = "constant"`.
    pub cval: f64,
    /// Mirror half of the images left to right.
    pub horizontal_flip: bool,
    /// Mirror half of the images top to bottom.
    pub vertical_flip: bool,
    /// Multiply the pixels by this; 0 is off.
    pub rescale: f64,
    /// A function applied to each image.
    pub preprocessing_function: PreprocessingFunction,
    /// The memory format of the convolutions.
    pub data_format: DataFormat,
    /// Crop at random from the image with a margin of so many zeros; 0 is off. Not in Keras.
    pub random_crop: u32,
    /// Set a square of this side to zero, around a random pixel; 0 is off. Not in Keras.
    pub cutout: u32,
    /// Blend each image and its label with another of its batch, in a share drawn from Beta(this,
    /// this); 0 is off. Not in Keras.
    pub mixup: f64,
}

impl Default for Augmentation {
    fn default() -> Self {
        Self {
            featurewise_center: false,
            samplewise_center: false,
            featurewise_std_normalization: false,
            samplewise_std_normalization: false,
            zca_whitening: false,
            zca_epsilon: 1e-6,
            rotation_range: 0.0,
            width_shift_range: 0.1,
            height_shift_range: 0.1,
            shear_range: 0.0,
            zoom_range: 0.0,
            channel_shift_range: 0.0,
            fill_mode: FillMode::Nearest,
            cval: 0.0,
            horizontal_flip: true,
            vertical_flip: false,
            rescale: 0.0,
            preprocessing_function: PreprocessingFunction::None,
            data_format: DataFormat::ChannelsLast,
            random_crop: 0,
            cutout: 0,
            mixup: 0.0,
        }
    }
}

impl Augmentation {
    /// Every value out of its range; empty when all can be used.
    pub fn problems(&self) -> Vec<InvalidValue> {
        let ranges = [
            ("zca_epsilon", self.zca_epsilon, 0.0, 1.0),
            ("rotation_range", self.rotation_range, 0.0, 180.0),
            ("width_shift_range", self.width_shift_range, 0.0, 1.0),
            ("height_shift_range", self.height_shift_range, 0.0, 1.0),
            ("shear_range", self.shear_range, 0.0, 89.0),
            ("zoom_range", self.zoom_range, 0.0, 0.99),
            ("channel_shift_range", self.channel_shift_range, 0.0, 255.0),
            ("cval", self.cval, -255.0, 255.0),
            ("rescale", self.rescale, 0.0, 255.0),
            ("random_crop", f64::from(self.random_crop), 0.0, 32.0),
            ("cutout", f64::from(self.cutout), 0.0, 64.0),
            ("mixup", self.mixup, 0.0, 100.0),
        ];
        ranges
            .into_iter()
            .filter(|(_, value, low, high)| !(*low..=*high).contains(value))
            .map(|(key, value, low, high)| InvalidValue {
                key,
                message: format!("{value}; allowed is {low} to {high}"),
            })
            .collect()
    }
}
