//! What a network costs to train: arithmetic and memory, from its description alone.

use super::{Network, layers::Convolution, same_size};
use crate::config::run::Version;

/// Rows and columns of an image.
const IMAGE_SIZE: i64 = 32;

/// The cost of one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Multiply-adds of the convolutions and the classifier in one forward pass, which is how the
    /// literature counts. A training step takes about three times as many.
    pub multiply_adds: u64,
    /// Numbers that the forward pass keeps for the backward pass: the image, and what goes into and
    /// comes out of each batch norm with its activation.
    pub saved_values: u64,
}

impl Cost {
    /// The cost of an image for a network.
    pub fn of(network: &Network) -> Self {
        let mut tally = Tally { multiply_adds: 0, saved_values: 3 * IMAGE_SIZE * IMAGE_SIZE };
        let mut size = IMAGE_SIZE;
        tally.convolution(&network.stem, size);
        tally.norm(network.stem_norm.channels, size);
        for block in network.blocks() {
            for (layer, norm) in block.convolutions.iter().zip(&block.norms) {
                let before = size;
                size = same_size(size, layer.stride);
                tally.convolution(layer, size);
                let norm_size = match network.architecture.version {
                    Version::V1 => size,
                    Version::V2 => before,
                };
                tally.norm(norm.as_ref().map_or(0, |norm| norm.channels), norm_size);
            }
            if let Some(projection) = &block.shortcut {
                tally.convolution(projection, size);
            }
        }
        tally.norm(network.head_norm.as_ref().map_or(0, |norm| norm.channels), size);
        tally.multiply_adds += network.head.inputs * network.head.outputs;
        Self { multiply_adds: tally.multiply_adds as u64, saved_values: tally.saved_values as u64 }
    }

    /// Bytes of the activations that a step keeps until its backward pass has used them.
    /// `bytes_per_value` is 4 for fp32 and 2 for bf16. The parameters, the data set and what the
    /// convolutions need while they run come on top.
    pub fn activation_bytes(&self, batch_size: u32, bytes_per_value: u64) -> u64 {
        self.saved_values * u64::from(batch_size) * bytes_per_value
    }
}

struct Tally {
    multiply_adds: i64,
    saved_values: i64,
}

impl Tally {
    /// A convolution whose output has `size` rows and columns.
    fn convolution(&mut self, layer: &Convolution, size: i64) {
        let per_pixel = layer.kernel * layer.kernel * layer.inputs * layer.outputs;
        self.multiply_adds += size * size * per_pixel;
    }

    fn norm(&mut self, channels: i64, size: i64) {
        self.saved_values += 2 * channels * size * size;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::run::Architecture;

    /// (version, n, multiply-adds), counted by a transcript of the Keras script's loops. For v1,
    /// chenyaofo's pytorch-cifar-models publishes 40.81, 69.12, 97.44 and 125.75 million up to 56.
    const COUNTED: [(Version, u32, u64); 12] = [
        (Version::V1, 3, 40_813_184),
        (Version::V1, 5, 69_124_736),
        (Version::V1, 7, 97_436_288),
        (Version::V1, 9, 125_747_840),
        (Version::V1, 18, 253_149_824),
        (Version::V1, 27, 380_551_808),
        (Version::V1, 200, 2_829_501_056),
        (Version::V2, 2, 66_243_072),
        (Version::V2, 6, 193_120_768),
        (Version::V2, 12, 383_437_312),
        (Version::V2, 18, 573_753_856),
        (Version::V2, 111, 3_523_660_288),
    ];

    /// (version, n, gigabytes of saved activations at batch 128 in fp32), two digits each.
    const SAVED: [(Version, u32, f64); 6] = [
        (Version::V1, 3, 0.19),
        (Version::V1, 9, 0.55),
        (Version::V1, 18, 1.07),
        (Version::V2, 2, 0.42),
        (Version::V2, 6, 1.22),
        (Version::V2, 12, 2.43),
    ];

    fn cost(version: Version, n: u32) -> Cost {
        Cost::of(&Network::new(Architecture { version, n }))
    }

    #[test]
    fn multiply_adds_are_those_of_the_literature() {
        for (version, n, counted) in COUNTED {
            assert_eq!(cost(version, n).multiply_adds, counted, "{version} n={n}");
        }
    }

    #[test]
    fn saved_activations_are_two_tensors_a_convolution() {
        for (version, n, gigabytes) in SAVED {
            let own = cost(version, n).activation_bytes(128, 4) as f64 / 1e9;
            assert!((own - gigabytes).abs() < 0.011, "{version} n={n}: {own} for {gigabytes}");
        }
        let cost = cost(Version::V1, 3);
        assert_eq!(cost.activation_bytes(64, 2) * 4, cost.activation_bytes(128, 4));
    }
}
