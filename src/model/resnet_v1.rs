//! Version 1 (He et al. 2015, section 4.2, with the Keras example's projection shortcuts).

use tch::Tensor;

use super::layers::Layout;
use super::{Block, Mode, STEM_FILTERS, Weights};

/// Channels after the last stage.
pub const FEATURES: i64 = 64;

/// Three stages of `n` blocks of two 3×3 convolutions, with 16, 32 and 64 channels.
pub fn stages(layout: &mut Layout, n: usize) -> Vec<Vec<Block>> {
    let mut inputs = STEM_FILTERS;
    let mut stage = |stage: usize| {
        let width = STEM_FILTERS << stage;
        (0..n)
            .map(|block| {
                let name = format!("stages.{stage}.{block}");
                let stride = if stage > 0 && block == 0 { 2 } else { 1 };
                let first =
                    layout.convolution(&format!("{name}.conv1"), inputs, width, 3, stride, false);
                let first_norm = layout.batch_norm(&format!("{name}.bn1"), width);
                let second =
                    layout.convolution(&format!("{name}.conv2"), width, width, 3, 1, false);
                let second_norm = layout.batch_norm(&format!("{name}.bn2"), width);
                // No batch norm follows the projection, so its bias counts.
                let shortcut = (stride == 2).then(|| {
                    layout.convolution(&format!("{name}.shortcut"), inputs, width, 1, 2, true)
                });
                inputs = width;
                Block {
                    convolutions: vec![first, second],
                    norms: vec![Some(first_norm), Some(second_norm)],
                    shortcut,
                }
            })
            .collect()
    };
    (0..3).map(&mut stage).collect()
}

/// Runs the stages on the activated stem, `[batch, 16, 32, 32]` to `[batch, 64, 8, 8]`.
pub fn forward(stages: &[Vec<Block>], stem: Tensor, weights: &Weights, mode: Mode) -> Tensor {
    stages.iter().flatten().fold(stem, |input, block| {
        let shortcut = match &block.shortcut {
            Some(projection) => projection.forward(&input, weights),
            None => input.shallow_clone(),
        };
        let mut output = input;
        let last = block.convolutions.len() - 1;
        for (index, (convolution, norm)) in block.convolutions.iter().zip(&block.norms).enumerate()
        {
            let residual = (index == last).then_some(&shortcut);
            output = match norm {
                Some(norm) => {
                    convolution.forward_and_activate(norm, &output, residual, weights, mode)
                }
                None => convolution.forward(&output, weights),
            };
        }
        output
    })
}
