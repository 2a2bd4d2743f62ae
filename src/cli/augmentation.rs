//! A flag for every argument of Keras's ImageDataGenerator, under its Keras name, and for what Keras
//! does not have.

use clap::Args;

use super::run::set;
use crate::config::augmentation::{Augmentation, DataFormat, FillMode, PreprocessingFunction};

/// The arguments of ImageDataGenerator.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Augmentation (the arguments of Keras's ImageDataGenerator)")]
pub struct AugmentationFlags {
    /// Apply the augmentation to the training images
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true",
          hide_possible_values = true)]
    pub data_augmentation: Option<bool>,
    /// Train on the images as they are: --data-augmentation false
    #[arg(long, conflicts_with = "data_augmentation")]
    pub no_augment: bool,
    /// Subtract the mean of each channel over the training set
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true",
          hide_possible_values = true)]
    pub featurewise_center: Option<bool>,
    /// Subtract each image's own mean
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true",
          hide_possible_values = true)]
    pub samplewise_center: Option<bool>,
    /// Divide by the standard deviation of each channel over the training set
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true",
          hide_possible_values = true)]
    pub featurewise_std_normalization: Option<bool>,
    /// Divide each image by its own standard deviation
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true",
          hide_possible_values = true)]
    pub samplewise_std_normalization: Option<bool>,
    /// Decorrelate the pixels
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true",
          hide_possible_values = true)]
    pub zca_whitening: Option<bool>,
    /// Added to the singular values in the whitening
    #[arg(long, value_name = "EPSILON")]
    pub zca_epsilon: Option<f64>,
    /// Largest rotation to either side
    #[arg(long, value_name = "DEGREES")]
    pub rotation_range: Option<f64>,
    /// Largest shift to either side, as a part of the width
    #[arg(long, value_name = "PART")]
    pub width_shift_range: Option<f64>,
    /// Largest shift up or down, as a part of the height
    #[arg(long, value_name = "PART")]
    pub height_shift_range: Option<f64>,
    /// Largest shear angle
    #[arg(long, value_name = "DEGREES")]
    pub shear_range: Option<f64>,
    /// Zoom by factors from 1-RANGE to 1+RANGE, drawn for each axis
    #[arg(long, value_name = "RANGE")]
    pub zoom_range: Option<f64>,
    /// Largest value added to each channel, in units of the scaled pixels
    #[arg(long, value_name = "RANGE")]
    pub channel_shift_range: Option<f64>,
    /// What lies outside the image
    #[arg(long, value_enum, value_name = "MODE")]
    pub fill_mode: Option<FillMode>,
    /// The value outside the image with --fill-mode constant
    #[arg(long, value_name = "VALUE")]
    pub cval: Option<f64>,
    /// Mirror half of the images left to right
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true",
          hide_possible_values = true)]
    pub horizontal_flip: Option<bool>,
    /// Mirror half of the images top to bottom
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true",
          hide_possible_values = true)]
    pub vertical_flip: Option<bool>,
    /// Multiply the pixels by this; 0 is off
    #[arg(long, value_name = "FACTOR")]
    pub rescale: Option<f64>,
    /// A function applied to each image
    #[arg(long, value_enum, value_name = "FUNCTION")]
    pub preprocessing_function: Option<PreprocessingFunction>,
    /// The memory format of the convolutions: speed alone
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub data_format: Option<DataFormat>,
    /// Crop at random from the image with a margin of zeros; 0 is off (not in Keras)
    #[arg(long, value_name = "PIXELS")]
    pub random_crop: Option<u32>,
    /// Set a square of this side to zero at a random place; 0 is off (not in Keras)
    #[arg(long, value_name = "PIXELS")]
    pub cutout: Option<u32>,
    /// Blend each image and its label with another of its batch, in a share drawn from
    /// Beta(ALPHA, ALPHA); 0 is off (not in Keras)
    #[arg(long, value_name = "ALPHA")]
    pub mixup: Option<f64>,
}

impl AugmentationFlags {
    /// Overrides the arguments that the flags name.
    pub(super) fn apply_arguments(self, to: &mut Augmentation) {
        set(&mut to.featurewise_center, self.featurewise_center);
        set(&mut to.samplewise_center, self.samplewise_center);
        set(&mut to.featurewise_std_normalization, self.featurewise_std_normalization);
        set(&mut to.samplewise_std_normalization, self.samplewise_std_normalization);
        set(&mut to.zca_whitening, self.zca_whitening);
        set(&mut to.zca_epsilon, self.zca_epsilon);
        set(&mut to.rotation_range, self.rotation_range);
        set(&mut to.width_shift_range, self.width_shift_range);
        set(&mut to.height_shift_range, self.height_shift_range);
        set(&mut to.shear_range, self.shear_range);
        set(&mut to.zoom_range, self.zoom_range);
        set(&mut to.channel_shift_range, self.channel_shift_range);
        set(&mut to.fill_mode, self.fill_mode);
        set(&mut to.cval, self.cval);
        set(&mut to.horizontal_flip, self.horizontal_flip);
        set(&mut to.vertical_flip, self.vertical_flip);
        set(&mut to.rescale, self.rescale);
        set(&mut to.preprocessing_function, self.preprocessing_function);
        set(&mut to.data_format, self.data_format);
        set(&mut to.random_crop, self.random_crop);
        set(&mut to.cutout, self.cutout);
        set(&mut to.mixup, self.mixup);
    }
}
