//! Batch norm in evaluation is a scale and a shift of each channel: where a convolution comes just
//! before it, both can move into the kernel and a bias, and an activation passes through memory once
//! less.

use tch::Kind;

use super::layers::{BATCH_NORM_EPSILON, BatchNorm, Convolution};
use super::parameters::MemoryFormat;
use super::{Network, Parameters, Weights};
use crate::config::run::Version;

/// The weights for evaluation, kernels in `kind`, with every batch norm that follows a convolution
/// folded into it. They do not follow later changes of the parameters.
pub fn weights(
    network: &Network,
    parameters: &Parameters,
    kind: Kind,
    format: MemoryFormat,
) -> Weights {
    let mut weights = parameters.weights(&network.layout, Kind::Float, format);
    for (convolution, norm) in pairs(network) {
        let variance = &weights.running_variances[norm.statistics];
        let factor = &weights.vectors[norm.scale] * (variance + BATCH_NORM_EPSILON).rsqrt();
        let mean = &weights.running_means[norm.statistics];
        let bias = &weights.vectors[norm.shift] - mean * &factor;
        let kernel = &mut weights.kernels[convolution.weight];
        *kernel = &*kernel * factor.view([-1, 1, 1, 1]);
        weights.folded[norm.statistics] = true;
        weights.folded_biases[convolution.weight] = Some(bias);
    }
    for kernel in &mut weights.kernels {
        *kernel = kernel.to_kind(kind);
    }
    weights
}

/// Each batch norm that follows a convolution, with that convolution.
fn pairs(network: &Network) -> impl Iterator<Item = (&Convolution, &BatchNorm)> {
    // In v2 a block's norm stands before the convolution of the same place.
    let distance = usize::from(network.architecture.version == Version::V2);
    let in_blocks = network.blocks().flat_map(move |block| {
        let norms = block.norms.iter().skip(distance).flatten();
        block.convolutions.iter().zip(norms)
    });
    std::iter::once((&network.stem, &network.stem_norm)).chain(in_blocks)
}

#[cfg(test)]
mod tests {
    use tch::{Device, Tensor, no_grad};

    use super::*;
    use crate::config::run::Architecture;
    use crate::model::Mode;
    use crate::native::winograd;

    /// With statistics and scales of all sizes; two ways to the same logits.
    #[test]
    fn folded_batch_norms_change_no_logit() {
        for (version, n) in [(Version::V1, 2), (Version::V2, 2), (Version::V1, 3)] {
            tch::manual_seed(5);
            let network = Network::new(Architecture { version, n });
            let mut parameters = Parameters::initial(&network, 3, Device::Cpu);
            no_grad(|| {
                let noise = parameters.flat.randn_like() * 0.1;
                let _ = parameters.flat.g_add_(&noise);
                let spread = parameters.statistics.rand_like() - 0.3;
                let _ = parameters.statistics.g_add_(&spread);
            });
            for format in [MemoryFormat::ChannelsLast, MemoryFormat::ChannelsFirst] {
                let images = Tensor::randn([5, 3, 32, 32], (Kind::Float, Device::Cpu));
                let images = format.arrange(&images);
                let (plain, folded) = no_grad(|| {
                    let plain = parameters.weights(&network.layout, Kind::Float, format);
                    let folded = weights(&network, &parameters, Kind::Float, format);
                    (
                        network.forward(&images, &plain, Mode::Evaluation),
                        network.forward(&images, &folded, Mode::Evaluation),
                    )
                });
                let largest = plain.abs().max().double_value(&[]);
                let difference = (plain - folded).abs().max().double_value(&[]) / largest;
                assert!(difference < 1e-5, "{version} n={n}: {difference}");
            }
        }
    }

    /// All but the stem, which has three channels. A kernel in another layout would be convolved slowly,
    /// to the same numbers.
    #[test]
    fn every_3_by_3_kernel_is_fit_for_winograd() {
        let probe = MemoryFormat::ChannelsLast
            .arrange(&Tensor::zeros([1, 16, 8, 8], (Kind::Float, Device::Cpu)));
        let kernel = MemoryFormat::ChannelsLast
            .arrange(&Tensor::zeros([16, 16, 3, 3], (Kind::Float, Device::Cpu)));
        if !winograd::supports(&probe, &kernel) {
            eprintln!("skipped: this processor has neither AVX2 nor AVX-512");
            return;
        }
        for version in [Version::V1, Version::V2] {
            let network = Network::new(Architecture { version, n: 2 });
            let parameters = Parameters::initial(&network, 1, Device::Cpu);
            let format = MemoryFormat::ChannelsLast;
            for weights in [
                parameters.weights(&network.layout, Kind::Float, format),
                no_grad(|| weights(&network, &parameters, Kind::Float, format)),
            ] {
                let mut count = 0;
                for convolution in network.blocks().flat_map(|block| &block.convolutions) {
                    if (convolution.kernel, convolution.stride) != (3, 1) {
                        continue;
                    }
                    let size = [1, convolution.inputs, 8, 8];
                    let input = format.arrange(&Tensor::zeros(size, (Kind::Float, Device::Cpu)));
                    let kernel = &weights.kernels[convolution.weight];
                    assert!(winograd::supports(&input, kernel), "{}", convolution.name);
                    count += 1;
                }
                assert_eq!(count, if version == Version::V1 { 10 } else { 6 });
            }
        }
    }
}
