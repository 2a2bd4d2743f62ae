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

    /// (version, n, millions of multiply-adds). Those of v1 up to 56 are also published with
    /// chenyaofo's pytorch-cifar-models; all were computed apart from this code.
    const COUNTED: [(Version, u32, f64); 12] = [
        (Version::V1, 3, 40.8),
        (Version::V1, 5, 69.1),
        (Version::V1, 7, 97.4),
        (Version::V1, 9, 125.8),
        (Version::V1, 18, 253.2),
        (Version::V1, 27, 380.6),
        (Version::V1, 200, 2_829.0),
        (Version::V2, 2, 66.2),
        (Version::V2, 6, 193.1),
        (Version::V2, 12, 383.4),
        (Version::V2, 18, 573.8),
        (Version::V2, 111, 3_524.0),
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
        for (version, n, millions) in COUNTED {
            let own = cost(version, n).multiply_adds as f64 / 1e6;
            let tolerance = if millions > 1_000.0 { 0.5 } else { 0.051 };
            assert!((own - millions).abs() <= tolerance, "{version} n={n}: {own} for {millions}");
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
