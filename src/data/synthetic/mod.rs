//! The built-in data set: ten classes of drawn shapes, for machines without the CIFAR-10 files.
//!
//! Every image is drawn from a random stream of its own, so image i is the same however many there are, and
//! drawing uses only operations that IEEE 754 defines to the last bit (no sine, no exponential), so the
//! images are the same on every machine.

mod drawing;

mod shapes;

use std::ops::Range;
use std::thread;

use indicatif::HumanCount;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{CLASSES, Dataset, IMAGE_BYTES, Images};

pub use shapes::CLASS_NAMES;

/// It is one data set, whatever the seed of the run. Another value makes other images.
const SEED: u64 = 0x5e7f_1c0d_a7a5_e700;
/// Streams of the test images; those of the training images begin at 0 and are far fewer than this.
const FIRST_TEST_STREAM: u64 = 1 << 32;

/// The first images of the built-in data set. Labels go 0, 1, … 9, 0, 1, …, so classes are balanced.
pub fn generate(train_images: u32, test_images: u32) -> Dataset {
    let train = u64::from(train_images);
    let test = u64::from(test_images);
    Dataset {
        name: format!("synthetic ({} + {} drawn images)", HumanCount(train), HumanCount(test)),
        train: images(0..train),
        test: images(FIRST_TEST_STREAM..FIRST_TEST_STREAM + test),
    }
}

/// The images of the given streams, drawn by all cores.
fn images(streams: Range<u64>) -> Images {
    let count = (streams.end - streams.start) as usize;
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let per_thread = count.div_ceil(threads).max(1);
    let labels = (0..count).map(|index| (index % CLASSES) as u8).collect::<Vec<_>>();
    let mut pixels = vec![0; count * IMAGE_BYTES];
    thread::scope(|scope| {
        let chunks = pixels.chunks_mut(per_thread * IMAGE_BYTES).zip(labels.chunks(per_thread));
        for (first, (pixels, labels)) in streams.step_by(per_thread).zip(chunks) {
            scope.spawn(move || {
                for (stream, (image, label)) in
                    (first..).zip(pixels.chunks_exact_mut(IMAGE_BYTES).zip(labels))
                {
                    drawing::draw(&mut Draws::new(stream), usize::from(*label), image);
                }
            });
        }
    });
    Images { pixels, labels }
}

/// The random numbers of one image. Made from the generator's raw words, whose order is fixed, and not by
/// the distributions of the `rand` crate, which may change.
struct Draws(ChaCha8Rng);

impl Draws {
    fn new(stream: u64) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(SEED);
        generator.set_stream(stream);
        Self(generator)
    }

    /// Uniform in [0, 1).
    fn unit(&mut self) -> f32 {
        (self.0.next_u32() >> 8) as f32 / (1 << 24) as f32
    }

    /// Uniform in [low, high).
    fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// Whether something of this probability happens.
    fn happens(&mut self, probability: f32) -> bool {
        self.unit() < probability
    }

    /// Uniform in 0 to `count` - 1.
    fn index(&mut self, count: usize) -> usize {
        (self.unit() * count as f32) as usize
    }

    /// Uniform on the unit circle: a direction, or the cosine and sine of an angle.
    fn direction(&mut self) -> [f32; 2] {
        loop {
            let [x, y] = [self.between(-1.0, 1.0), self.between(-1.0, 1.0)];
            let square = x * x + y * y;
            if (0.01..=1.0).contains(&square) {
                let length = square.sqrt();
                return [x / length, y / length];
            }
        }
    }

    /// A colour, each channel in [0, 1).
    fn colour(&mut self) -> [f32; 3] {
        [self.unit(), self.unit(), self.unit()]
    }

    /// Near to normal, of mean 0 and variance 1: the sum of the
    /// four bytes of a word has the variance 4 (256² - 1) / 12.
    fn noise(&mut self) -> f32 {
        let sum: u32 = self.0.next_u32().to_le_bytes().into_iter().map(u32::from).sum();
        (sum as f32 - 510.0) / 147.8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_images_are_these_on_every_machine() {
        assert_eq!(generate(30, 20).fingerprint(), "md5:6eb064e5d65bc516bca17034f11d9e17");
    }

    #[test]
    fn an_image_does_not_depend_on_how_many_there_are() {
        let (few, many) = (generate(13, 7), generate(101, 50));
        assert_eq!(few.train.pixels, many.train.pixels[..13 * IMAGE_BYTES]);
        assert_eq!(few.train.labels, many.train.labels[..13]);
        assert_eq!(few.test.pixels, many.test.pixels[..7 * IMAGE_BYTES]);
        assert_eq!((many.train.len(), many.test.len()), (101, 50));
        assert_eq!(many.train.pixels.len(), 101 * IMAGE_BYTES);
    }

    #[test]
    fn no_image_appears_twice_and_classes_are_balanced() {
        let dataset = generate(500, 100);
        let mut all: Vec<&[u8]> = dataset
            .train
            .pixels
            .chunks(IMAGE_BYTES)
            .chain(dataset.test.pixels.chunks(IMAGE_BYTES))
            .collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 600);
        for class in 0..CLASSES as u8 {
            let of_class = |images: &Images| images.labels.iter().filter(|l| **l == class).count();
            assert_eq!((of_class(&dataset.train), of_class(&dataset.test)), (50, 10));
        }
    }

    #[test]
    fn images_are_neither_flat_nor_clipped() {
        let train = generate(300, 0).train;
        for image in train.pixels.chunks(IMAGE_BYTES) {
            let mean = image.iter().map(|pixel| f64::from(*pixel)).sum::<f64>() / 3072.0;
            let variance =
                image.iter().map(|p| (f64::from(*p) - mean).powi(2)).sum::<f64>() / 3072.0;
            assert!(variance.sqrt() > 8.0, "deviation {}", variance.sqrt());
        }
        let clipped = train.pixels.iter().filter(|pixel| matches!(pixel, 0 | 255)).count();
        assert!(clipped * 10 < train.pixels.len(), "{clipped} of {}", train.pixels.len());
    }

    #[test]
    fn an_empty_set_is_no_panic_and_the_name_says_what_it_is() {
        assert!(generate(0, 0).train.is_empty());
        assert_eq!(generate(1_000, 10).name, "synthetic (1,000 + 10 drawn images)");
    }

    #[test]
    fn noise_has_mean_0_and_variance_1() {
        let mut draws = Draws::new(0);
        let values: Vec<f32> = (0..20_000).map(|_| draws.noise()).collect();
        let mean = values.iter().sum::<f32>() / 20_000.0;
        let variance = values.iter().map(|value| value * value).sum::<f32>() / 20_000.0;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
    }
}
