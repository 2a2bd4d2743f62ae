//! Convolution, batch norm and dense layers, and the layout of their weights in the flat tensors.

use tch::Tensor;

use super::{Mode, Weights};

/// Keras's `epsilon` of BatchNormalization.
pub const BATCH_NORM_EPSILON: f64 = 1e-3;

/// The part of a new batch in the running statistics: 1 - Keras's `momentum` of 0.99.
pub const BATCH_NORM_MOMENTUM: f64 = 0.01;

/// A 1×1 or 3×3 convolution with "same" padding.
#[derive(Clone, Debug)]
pub struct Convolution {
    /// Its name in weight files.
    pub name: String,
    /// Input channels.
    pub inputs: i64,
    /// Output channels.
    pub outputs: i64,
    /// Rows and columns of the kernel.
    pub kernel: i64,
    /// Step between output pixels.
    pub stride: i64,
    /// Which of [`Layout::kernels`].
    pub weight: usize,
    /// Which of [`Layout::vectors`], where the bias can change the logits. A bias that batch norm
    /// removes has no gradient and is not trained: it is folded into the running means on loading and
    /// written as zeros.
    pub live_bias: Option<usize>,
}

impl Convolution {
    /// `[batch, inputs, h, w]` to `[batch, outputs, h / stride, w / stride]`.
    pub fn forward(&self, input: &Tensor, weights: &Weights) -> Tensor {
        let weight = &weights.kernels[self.weight];
        let bias = self.live_bias.map(|index| weights.vectors[index].to_kind(weight.kind()));
        let stride = [self.stride, self.stride];
        if self.kernel == 3 && self.stride == 2 {
            // TensorFlow's "same" on an even size pads the right and the bottom alone.
            let padded = input.constant_pad_nd([0, 1, 0, 1]);
            return padded.conv2d(weight, bias.as_ref(), stride, [0, 0], [1, 1], 1);
        }
        let padding = self.kernel / 2;
        input.conv2d(weight, bias.as_ref(), stride, [padding, padding], [1, 1], 1)
    }
}

/// Batch normalisation over the channels.
#[derive(Clone, Debug)]
pub struct BatchNorm {
    /// Its name in weight files.
    pub name: String,
    /// Channels.
    pub channels: i64,
    /// Which of [`Layout::vectors`] is the scale.
    pub scale: usize,
    /// Which of [`Layout::vectors`] is the shift.
    pub shift: usize,
    /// Which of [`Layout::statistics`].
    pub statistics: usize,
}

impl BatchNorm {
    /// Normalises `[batch, channels, h, w]`; in training also updates the running statistics, the
    /// variance with the unbiased batch variance as Keras's fused kernel does.
    pub fn forward(&self, input: &Tensor, weights: &Weights, mode: Mode) -> Tensor {
        input.batch_norm(
            Some(&weights.vectors[self.scale]),
            Some(&weights.vectors[self.shift]),
            Some(&weights.running_means[self.statistics]),
            Some(&weights.running_variances[self.statistics]),
            mode == Mode::Training,
            BATCH_NORM_MOMENTUM,
            BATCH_NORM_EPSILON,
            true,
        )
    }
}

/// The classifier.
#[derive(Clone, Debug)]
pub struct Dense {
    /// Its name in weight files.
    pub name: String,
    /// Input features.
    pub inputs: i64,
    /// Output classes.
    pub outputs: i64,
    /// Which of [`Layout::vectors`] is the weight, `[outputs, inputs]` row by row.
    pub weight: usize,
    /// Which of [`Layout::vectors`] is the bias.
    pub bias: usize,
}

impl Dense {
    /// `[batch, inputs]` to `[batch, outputs]`.
    pub fn forward(&self, input: &Tensor, weights: &Weights) -> Tensor {
        let weight = weights.vectors[self.weight].view([self.outputs, self.inputs]);
        input.linear(&weight, Some(&weights.vectors[self.bias]))
    }
}

/// The shape of a convolution kernel in the flat tensor: output, row, column, input. With the inputs
/// innermost, its `[output, input, row, column]` view is channels-last without a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KernelShape {
    /// Output channels.
    pub outputs: i64,
    /// Rows and columns.
    pub size: i64,
    /// Input channels.
    pub inputs: i64,
}

impl KernelShape {
    /// How many numbers it has.
    pub fn numel(&self) -> i64 {
        self.outputs * self.size * self.size * self.inputs
    }
}

/// Where every weight lies: the flat parameters are all kernels, one after the other, then all
/// vectors; the flat statistics are all running means, then all running variances.
///
/// The kernels come first because the L2 penalty is on them alone.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// Convolution kernels.
    pub kernels: Vec<KernelShape>,
    /// Lengths of the other trained tensors.
    pub vectors: Vec<i64>,
    /// Channels of each batch norm.
    pub statistics: Vec<i64>,
}

impl Layout {
    /// Adds a convolution.
    pub fn convolution(
        &mut self,
        name: &str,
        inputs: i64,
        outputs: i64,
        kernel: i64,
        stride: i64,
        live_bias: bool,
    ) -> Convolution {
        self.kernels.push(KernelShape { outputs, size: kernel, inputs });
        Convolution {
            name: name.to_owned(),
            inputs,
            outputs,
            kernel,
            stride,
            weight: self.kernels.len() - 1,
            live_bias: live_bias.then(|| self.vector(outputs)),
        }
    }

    /// Adds a batch norm.
    pub fn batch_norm(&mut self, name: &str, channels: i64) -> BatchNorm {
        self.statistics.push(channels);
        BatchNorm {
            name: name.to_owned(),
            channels,
            scale: self.vector(channels),
            shift: self.vector(channels),
            statistics: self.statistics.len() - 1,
        }
    }

    /// Adds a dense layer.
    pub fn dense(&mut self, name: &str, inputs: i64, outputs: i64) -> Dense {
        Dense {
            name: name.to_owned(),
            inputs,
            outputs,
            weight: self.vector(inputs * outputs),
            bias: self.vector(outputs),
        }
    }

    fn vector(&mut self, length: i64) -> usize {
        self.vectors.push(length);
        self.vectors.len() - 1
    }

    /// Numbers in all kernels.
    pub fn kernel_numel(&self) -> i64 {
        self.kernels.iter().map(KernelShape::numel).sum()
    }

    /// Numbers in the flat parameter tensor.
    pub fn parameter_numel(&self) -> i64 {
        self.kernel_numel() + self.vectors.iter().sum::<i64>()
    }

    /// Numbers in the flat statistics tensor.
    pub fn statistics_numel(&self) -> i64 {
        2 * self.statistics.iter().sum::<i64>()
    }
}
