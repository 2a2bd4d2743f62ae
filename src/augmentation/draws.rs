//! The random draws of an epoch: a pure function of the seed, the epoch and the image.
//!
//! Nothing is carried from one draw to the next, so a run that was paused, resumed or moved to another
//! device draws what it would have drawn. Each image has its own stream, and each transform its own
//! place in it, so that turning one transform on leaves the draws of the others as they were.

use rand::seq::SliceRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::config::augmentation::Augmentation;

/// Rows and columns of an image.
const SIZE: f64 = 32.0;

/// One image's random transform.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transform {
    /// Rotation, in degrees.
    pub theta: f64,
    /// Shift of the columns, in pixels.
    pub tx: f64,
    /// Shift of the rows, in pixels.
    pub ty: f64,
    /// Shear, in degrees.
    pub shear: f64,
    /// Zoom of the columns.
    pub zx: f64,
    /// Zoom of the rows.
    pub zy: f64,
    /// Added to every channel.
    pub channel_shift: f64,
    /// Mirror left to right.
    pub flip_horizontal: bool,
    /// Mirror top to bottom.
    pub flip_vertical: bool,
    /// The first row of the crop within the image with its margin.
    pub crop_row: i64,
    /// The first column of it.
    pub crop_column: i64,
    /// The row of the cutout's centre.
    pub cutout_row: i64,
    /// The column of it.
    pub cutout_column: i64,
}

/// The order in which an epoch visits `count` images. Epochs count from 0.
pub fn epoch_order(seed: u64, epoch: u32, count: usize, shuffle: bool) -> Vec<i64> {
    let mut order: Vec<i64> = (0..count as i64).collect();
    if shuffle {
        // No image has this stream.
        order.shuffle(&mut stream(seed, epoch, u64::MAX));
    }
    order
}

/// The transform of one image in one epoch. Epochs count from 0.
pub fn transform(augmentation: &Augmentation, seed: u64, epoch: u32, image: u64) -> Transform {
    let mut random = stream(seed, epoch, image);
    let mut within = |range: f64| range * (2.0 * random.random::<f64>() - 1.0);
    let theta = within(augmentation.rotation_range);
    let tx = within(augmentation.width_shift_range * SIZE);
    let ty = within(augmentation.height_shift_range * SIZE);
    let shear = within(augmentation.shear_range);
    let zx = 1.0 + within(augmentation.zoom_range);
    let zy = 1.0 + within(augmentation.zoom_range);
    let channel_shift = within(augmentation.channel_shift_range);
    let (horizontal, vertical) = (random.random::<bool>(), random.random::<bool>());
    // Each as likely; a draw of a number below 1 takes the same place in the stream whatever the count.
    let mut one_of = |count: f64| (random.random::<f64>() * count) as i64;
    let offsets = f64::from(2 * augmentation.random_crop + 1);
    Transform {
        theta,
        tx,
        ty,
        shear,
        zx,
        zy,
        channel_shift,
        flip_horizontal: horizontal && augmentation.horizontal_flip,
        flip_vertical: vertical && augmentation.vertical_flip,
        crop_row: one_of(offsets),
        crop_column: one_of(offsets),
        cutout_row: one_of(SIZE),
        cutout_column: one_of(SIZE),
    }
}

/// The stream of what is drawn once for a batch. Batches count from 0 in each epoch.
pub(super) fn batch_stream(seed: u64, epoch: u32, batch: u64) -> impl Rng {
    // Counted from the end, where no image has a stream and the order has the last.
    stream(seed, epoch, u64::MAX - 1 - batch)
}

fn stream(seed: u64, epoch: u32, stream: u64) -> impl Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..12].copy_from_slice(&epoch.to_le_bytes());
    let mut random = ChaCha8Rng::from_seed(key);
    random.set_stream(stream);
    random
}

#[cfg(test)]
mod tests {
    use super::*;

    fn everything() -> Augmentation {
        Augmentation {
            rotation_range: 15.0,
            shear_range: 10.0,
            zoom_range: 0.2,
            channel_shift_range: 0.1,
            vertical_flip: true,
            ..Augmentation::default()
        }
    }

    /// A stored run resumed by a later version must go on in the same order.
    #[test]
    fn the_order_is_part_of_the_format() {
        assert_eq!(epoch_order(1, 0, 8, true), epoch_order(1, 0, 8, true));
        insta::assert_debug_snapshot!(epoch_order(1, 0, 8, true));
        insta::assert_debug_snapshot!(transform(&everything(), 1, 0, 0));
        assert_eq!(epoch_order(1, 0, 4, false), [0, 1, 2, 3]);
    }

    #[test]
    fn every_image_comes_once_and_epochs_differ() {
        let first = epoch_order(7, 0, 1000, true);
        let second = epoch_order(7, 1, 1000, true);
        assert_ne!(first, second);
        let mut sorted = second.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, epoch_order(7, 1, 1000, false));
    }

    #[test]
    fn one_flag_leaves_the_other_draws_alone() {
        let all = transform(&everything(), 3, 5, 11);
        let few = transform(&Augmentation::default(), 3, 5, 11);
        assert_eq!((few.tx, few.ty, few.flip_horizontal), (all.tx, all.ty, all.flip_horizontal));
        assert_eq!((few.theta, few.zx, few.flip_vertical), (0.0, 1.0, false));
    }

    #[test]
    fn draws_fill_their_ranges_evenly() {
        let draws: Vec<Transform> =
            (0..4000).map(|image| transform(&everything(), 1, 0, image)).collect();
        let mean = |value: fn(&Transform) -> f64| {
            draws.iter().map(value).sum::<f64>() / draws.len() as f64
        };
        let largest = |value: fn(&Transform) -> f64| draws.iter().map(value).fold(0.0, f64::max);
        assert!(mean(|draw| draw.theta).abs() < 0.5);
        assert!((14.9..=15.0).contains(&largest(|draw| draw.theta)));
        assert!((3.19..=3.2).contains(&largest(|draw| draw.tx)));
        assert!((1.19..=1.2).contains(&largest(|draw| draw.zy)));
        let flipped = mean(|draw| f64::from(u8::from(draw.flip_horizontal)));
        assert!((0.47..0.53).contains(&flipped), "{flipped}");
    }
}
