//! The arguments of Keras's ImageDataGenerator, and what Keras does not have.

use super::{
    Entry, Field, Section, choice, choose, decimal, name, names, number, on_off, switch, switched,
    toggle, whole,
};
use crate::config::augmentation::{DataFormat, FillMode, PreprocessingFunction};

/// The switch for all of them, those of the document's recipe, then the others.
#[rustfmt::skip]
pub(super) const FIELDS: &[Field] = &[
    toggle!(Augmentation, "data_augmentation", data_augmentation, "Apply what follows to the training images. Images to evaluate on are never augmented."),
    whole!(Augmentation, "random_crop", Entry::Integer(1), augmentation.random_crop, "Crop at random from the image with a margin of so many zeros; 0 is off. Not in Keras."),
    whole!(Augmentation, "cutout", Entry::Integer(4), augmentation.cutout, "Set a square of this side to zero, around a random pixel; 0 is off. Not in Keras."),
    decimal!(Augmentation, "mixup", 0.1, augmentation.mixup, "Blend each image and its label with another of its batch, in a share drawn from Beta(this, this); 0 is off. Not in Keras."),
    decimal!(Augmentation, "width_shift_range", 0.05, augmentation.width_shift_range, "Largest shift to either side, as a part of the width."),
    decimal!(Augmentation, "height_shift_range", 0.05, augmentation.height_shift_range, "Largest shift up or down, as a part of the height."),
    toggle!(Augmentation, "horizontal_flip", augmentation.horizontal_flip, "Mirror half of the images left to right."),
    toggle!(Augmentation, "vertical_flip", augmentation.vertical_flip, "Mirror half of the images top to bottom."),
    decimal!(Augmentation, "rotation_range", 5.0, augmentation.rotation_range, "Largest rotation to either side, in degrees."),
    decimal!(Augmentation, "shear_range", 5.0, augmentation.shear_range, "Largest shear angle, in degrees."),
    decimal!(Augmentation, "zoom_range", 0.05, augmentation.zoom_range, "Zoom by factors from 1 - this to 1 + this, drawn for each axis."),
    decimal!(Augmentation, "channel_shift_range", 0.05, augmentation.channel_shift_range, "Largest value added to each channel; pixels run from 0 to 1."),
    choice!(Augmentation, "fill_mode", FillMode, augmentation.fill_mode, "What lies outside the image: the nearest edge pixel, cval everywhere, the image mirrored, or the image repeated."),
    decimal!(Augmentation, "cval", 0.1, augmentation.cval, "The value outside the image with fill mode constant."),
    toggle!(Augmentation, "featurewise_center", augmentation.featurewise_center, "Subtract the mean of each channel over the training set."),
    toggle!(Augmentation, "samplewise_center", augmentation.samplewise_center, "Subtract each image's own mean."),
    toggle!(Augmentation, "featurewise_std_normalization", augmentation.featurewise_std_normalization, "Divide by the standard deviation of each channel over the training set."),
    toggle!(Augmentation, "samplewise_std_normalization", augmentation.samplewise_std_normalization, "Divide each image by its own standard deviation."),
    toggle!(Augmentation, "zca_whitening", augmentation.zca_whitening, "Decorrelate the pixels (zero-phase component analysis)."),
    decimal!(Augmentation, "zca_epsilon", 1e-6, augmentation.zca_epsilon, "Added to the singular values in the whitening."),
    decimal!(Augmentation, "rescale", 0.5, augmentation.rescale, "Multiply the pixels by this; 0 is off."),
    choice!(Augmentation, "preprocessing_function", PreprocessingFunction, augmentation.preprocessing_function, "Keras's hook for a Python function; none is the only value here."),
    choice!(Augmentation, "data_format", DataFormat, augmentation.data_format, "The memory format of the convolutions; changes speed alone."),
];
