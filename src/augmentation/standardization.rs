//! What is done to every image, training and test alike: scaling to [0, 1], the pixel mean, and the
//! standardisation of ImageDataGenerator, with the statistics of the training set.
//!
//! The example computes its means and deviations with numpy on f32 arrays, which adds up in f32, one
//! image or pixel after the other. Over the 51 million pixels of CIFAR-10 that loses digits: its
//! deviation of a channel comes out 7 % below the true one. To train what the example trains, the sums
//! here are added up just so.

use tch::{Device, Kind, Tensor};

use crate::config::run::RunSpec;

/// Added to every standard deviation before dividing, as Keras does.
const DEVIATION_EPSILON: f64 = 1e-6;

/// Images that are converted at a time while the statistics are computed.
const CHUNK: i64 = 2_000;

/// The standardisation, fitted to a training set.
#[derive(Debug)]
pub struct Standardization {
    /// Mean image of the training set, `[3, 32, 32]`.
    pixel_mean: Option<Tensor>,
    rescale: Option<f64>,
    samplewise_center: bool,
    samplewise_deviation: bool,
    /// Mean of each channel, `[3, 1, 1]`.
    channel_mean: Option<Tensor>,
    /// Standard deviation of each channel, `[3, 1, 1]`.
    channel_deviation: Option<Tensor>,
    /// The whitening matrix `[3072, 3072]`.
    whitening: Option<Tensor>,
}

impl Standardization {
    /// Computes the statistics over training images `[count, 3, 32, 32]`, u8, on their device.
    ///
    /// As in Keras, whitening and featurewise normalisation imply centring, whitening replaces
    /// featurewise normalisation, and samplewise normalisation implies samplewise centring.
    pub fn fit(images: &Tensor, spec: &RunSpec) -> Self {
        let pixel_mean = spec.subtract_pixel_mean.then(|| {
            let mean = running_mean(images, 3 * 32 * 32, |chunk| scaled(&chunk));
            mean.view([3, 32, 32])
        });
        let mut fitted = Self {
            pixel_mean,
            rescale: None,
            samplewise_center: false,
            samplewise_deviation: false,
            channel_mean: None,
            channel_deviation: None,
            whitening: None,
        };
        let arguments = &spec.augmentation;
        if !spec.data_augmentation {
            return fitted;
        }
        let deviation = arguments.featurewise_std_normalization && !arguments.zca_whitening;
        let center = arguments.featurewise_center || deviation || arguments.zca_whitening;
        // Keras fits before it rescales: the order of `fit` and `standardize` in its source.
        if center {
            fitted.channel_mean = Some(fitted.mean_of_channels(images, |values| values));
        }
        if deviation {
            // numpy's `std` subtracts the mean of what is centred already.
            let rest = fitted.mean_of_channels(images, |values| values);
            let variance = fitted.mean_of_channels(images, |values| (values - &rest).square());
            fitted.channel_deviation = Some(variance.sqrt() + DEVIATION_EPSILON);
        }
        if arguments.zca_whitening {
            fitted.whitening = Some(fitted.whitening_matrix(images, arguments.zca_epsilon));
        }
        fitted.rescale = (arguments.rescale != 0.0).then_some(arguments.rescale);
        fitted.samplewise_deviation = arguments.samplewise_std_normalization;
        fitted.samplewise_center =
            arguments.samplewise_center || arguments.samplewise_std_normalization;
        fitted
    }

    /// Scales u8 images `[batch, 3, 32, 32]` to f32 and subtracts the pixel mean: the input of the
    /// random transforms.
    pub fn prepare(&self, images: &Tensor) -> Tensor {
        let scaled = scaled(images);
        match &self.pixel_mean {
            Some(mean) => scaled - mean,
            None => scaled,
        }
    }

    /// Prepared images as u8 again: the inverse of [`prepare`](Self::prepare), cut to 0 to 255.
    pub fn restore(&self, prepared: &Tensor) -> Tensor {
        let scaled = match &self.pixel_mean {
            Some(mean) => prepared + mean,
            None => prepared.shallow_clone(),
        };
        (scaled * 255.0).round().clamp(0.0, 255.0).to_kind(Kind::Uint8)
    }

    /// Standardises prepared images `[batch, 3, 32, 32]`, in Keras's order.
    pub fn apply(&self, images: Tensor) -> Tensor {
        let mut images = images;
        let all = [1, 2, 3].as_slice();
        if let Some(factor) = self.rescale {
            images = images * factor;
        }
        if self.samplewise_center {
            images = &images - images.mean_dim(all, true, Kind::Float);
        }
        if self.samplewise_deviation {
            images = &images / (images.std_dim(all, false, true) + DEVIATION_EPSILON);
        }
        if let Some(mean) = &self.channel_mean {
            images = images - mean;
        }
        if let Some(deviation) = &self.channel_deviation {
            images = images / deviation;
        }
        if let Some(matrix) = &self.whitening {
            images = images.flatten(1, 3).matmul(matrix).view_as(&images);
        }
        images
    }

    /// The mean of each channel, `[3, 1, 1]`, of a function of the images as standardised so far.
    fn mean_of_channels(&self, images: &Tensor, of: impl Fn(Tensor) -> Tensor) -> Tensor {
        let channels_innermost =
            |chunk: Tensor| of(self.apply(self.prepare(&chunk))).permute([0, 2, 3, 1]).contiguous();
        running_mean(images, 3, channels_innermost).view([3, 1, 1])
    }

    /// Keras's whitening matrix U·diag(√N / (S + ε))·Uᵀ, from the left singular vectors and the
    /// singular values of the standardised training set with an image a column.
    fn whitening_matrix(&self, images: &Tensor, epsilon: f64) -> Tensor {
        let count = images.size()[0];
        let rows =
            |chunk: &Tensor| self.apply(self.prepare(chunk)).flatten(1, 3).to_kind(Kind::Double);
        let (vectors, values) = if count < 3_072 {
            // Fewer images than pixels: the products below would add directions that no image has.
            let (u, s, _) = rows(images).tr().svd(true, true);
            (u, s)
        } else {
            let products = chunks(images)
                .map(|chunk| {
                    let rows = rows(&chunk);
                    rows.tr().matmul(&rows)
                })
                .fold(None, add);
            let products =
                products.unwrap_or_else(|| Tensor::eye(3_072, (Kind::Double, images.device())));
            let (squares, vectors) = products.linalg_eigh("L");
            (vectors, squares.clamp_min(0.0).sqrt())
        };
        let factors = (values + epsilon).reciprocal() * (count as f64).sqrt();
        (&vectors * factors).matmul(&vectors.tr()).to_kind(Kind::Float)
    }
}

/// The mean over groups of `width` numbers of a function of all images, `[width]`: every group is added
/// to the sum in turn, in f32.
fn running_mean(images: &Tensor, width: usize, of: impl Fn(Tensor) -> Tensor) -> Tensor {
    let mut sums = vec![0f32; width];
    let mut groups = 0usize;
    let mut values = Vec::new();
    for chunk in chunks(images) {
        let chunk = of(chunk);
        values.resize(chunk.numel(), 0f32);
        chunk.to_device(Device::Cpu).copy_data(&mut values, chunk.numel());
        for group in values.chunks_exact(width) {
            sums.iter_mut().zip(group).for_each(|(sum, value)| *sum += value);
        }
        groups += values.len() / width;
    }
    let count = groups.max(1) as f32;
    let means: Vec<f32> = sums.iter().map(|sum| sum / count).collect();
    Tensor::from_slice(&means).to_device(images.device())
}

fn scaled(images: &Tensor) -> Tensor {
    images.to_kind(Kind::Float) / 255.0
}

fn chunks(images: &Tensor) -> impl Iterator<Item = Tensor> {
    let count = images.size()[0];
    (0..count)
        .step_by(CHUNK as usize)
        .map(move |start| images.narrow(0, start, CHUNK.min(count - start)))
}

fn add(sum: Option<Tensor>, next: Tensor) -> Option<Tensor> {
    Some(match sum {
        Some(sum) => sum + next,
        None => next,
    })
}
