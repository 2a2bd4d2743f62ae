//! Version 2 (He et al. 2016, pre-activation) with the widths of the Keras example, which are two to
//! three times the paper's.

use tch::Tensor;

use super::layers::Layout;
use super::{Block, Mode, STEM_FILTERS, Weights};

/// Channels after the last stage.
pub const FEATURES: i64 = 256;

/// Inner and outer channels of each stage.
const WIDTHS: [(i64, i64); 3] = [(16, 64), (64, 128), (128, 256)];

/// Three stages of `n` bottleneck blocks. Every convolution's bias adds a constant to each channel of
/// the residual stream, which the next batch norm removes: none is trained.
pub fn stages(layout: &mut Layout, n: usize) -> Vec<Vec<Block>> {
    let mut inputs = STEM_FILTERS;
    let mut stage = |(stage, (inner, outer)): (usize, (i64, i64))| {
        (0..n)
            .map(|block| {
                let name = format!("stages.{stage}.{block}");
                let stride = if stage > 0 && block == 0 { 2 } else { 1 };
                // The stem has just been normalised and activated.
                let first_norm = (stage > 0 || block > 0)
                    .then(|| layout.batch_norm(&format!("{name}.bn1"), inputs));
                let first =
                    layout.convolution(&format!("{name}.conv1"), inputs, inner, 1, stride, false);
                let second_norm = layout.batch_norm(&format!("{name}.bn2"), inner);
                let second =
                    layout.convolution(&format!("{name}.conv2"), inner, inner, 3, 1, false);
                let third_norm = layout.batch_norm(&format!("{name}.bn3"), inner);
                let third = layout.convolution(&format!("{name}.conv3"), inner, outer, 1, 1, false);
                let shortcut = (block == 0).then(|| {
                    layout.convolution(&format!("{name}.shortcut"), inputs, outer, 1, stride, false)
                });
                inputs = outer;
                Block {
                    convolutions: vec![first, second, third],
                    norms: vec![first_norm, Some(second_norm), Some(third_norm)],
                    shortcut,
                }
            })
            .collect()
    };
    WIDTHS.into_iter().enumerate().map(&mut stage).collect()
}

/// Runs the stages on the activated stem, `[batch, 16, 32, 32]` to `[batch, 256, 8, 8]`.
pub fn forward(stages: &[Vec<Block>], stem: Tensor, weights: &Weights, mode: Mode) -> Tensor {
    stages.iter().flatten().fold(stem, |input, block| {
        let mut output = match &block.norms[0] {
            Some(norm) => norm.activate(&input, None, weights, mode),
            None => input.shallow_clone(),
        };
        // Each convolution with the norm that comes before the next.
        for (index, convolution) in block.convolutions.iter().enumerate() {
            output = match block.norms.get(index + 1) {
                Some(Some(norm)) => {
                    convolution.forward_and_activate(norm, &output, None, weights, mode)
                }
                _ => convolution.forward(&output, weights),
            };
        }
        let shortcut = match &block.shortcut {
            Some(projection) => projection.forward(&input, weights),
            None => input,
        };
        output.g_add_(&shortcut)
    })
}
