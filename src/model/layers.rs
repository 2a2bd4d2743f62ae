//! Convolution, batch norm and dense layers, and the layout of their weights in the flat tensors.

use tch::Tensor;

use super::{Mode, Weights};
use crate::native::batch_norm::{self, Numbers};
use crate::native::winograd;

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
        let live_bias = self.live_bias.map(|index| &weights.vectors[index]);
        let bias = live_bias.or(weights.folded_biases[self.weight].as_ref());
        let bias = bias.map(|bias| bias.to_kind(weight.kind()));
        let stride = [self.stride, self.stride];
        if self.kernel == 3 && self.stride == 2 {
            // TensorFlow's "same" on an even size pads the right and the bottom alone.
            let padded = input.constant_pad_nd([0, 1, 0, 1]);
            return padded.conv2d(weight, bias.as_ref(), stride, [0, 0], [1, 1], 1);
        }
        if self.kernel == 3
            && self.stride == 1
            && winograd::supports(input, weight)
            // It has no gradients. Where there is no memory, the convolution below says so.
            && let Ok(output) = winograd::convolve(input, weight, bias.as_ref())
        {
            return output;
        }
        let padding = self.kernel / 2;
        input.conv2d(weight, bias.as_ref(), stride, [padding, padding], [1, 1], 1)
    }

    /// [`Self::forward`], then [`BatchNorm::activate`].
    pub fn forward_and_activate(
        &self,
        norm: &BatchNorm,
        input: &Tensor,
        residual: Option<&Tensor>,
        weights: &Weights,
        mode: Mode,
    ) -> Tensor {
        let kernel = &weights.kernels[self.weight];
        if mode == Mode::Training
            && self.kernel == 3
            && self.stride == 1
            && self.live_bias.is_none()
            && weights.folded_biases[self.weight].is_none()
            && winograd::supports(input, kernel)
            // Where there is no memory, what is below says so.
            && let Ok(output) =
                winograd::convolve_and_normalise(input, kernel, residual, norm.numbers(weights))
        {
            return output;
        }
        norm.activate(&self.forward(input, weights), residual, weights, mode)
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

    /// Normalises, adds `residual`, and cuts at zero.
    pub fn activate(
        &self,
        input: &Tensor,
        residual: Option<&Tensor>,
        weights: &Weights,
        mode: Mode,
    ) -> Tensor {
        if mode == Mode::Training
            && batch_norm::supports(input)
            && let Ok(output) = batch_norm::forward(input, residual, self.numbers(weights))
        {
            return output;
        }
        self.activate_by_operations(input, residual, weights, mode)
    }

    /// The same in libtorch's plain operations, for what the fused one does not do.
    fn activate_by_operations(
        &self,
        input: &Tensor,
        residual: Option<&Tensor>,
        weights: &Weights,
        mode: Mode,
    ) -> Tensor {
        let mut output = if weights.folded[self.statistics] {
            input.shallow_clone()
        } else {
            self.forward(input, weights, mode)
        };
        if let Some(residual) = residual {
            output = output.g_add_(residual);
        }
        output.relu_()
    }

    fn numbers<'a>(&self, weights: &'a Weights) -> Numbers<'a> {
        Numbers {
            scale: &weights.vectors[self.scale],
            shift: &weights.vectors[self.shift],
            running_mean: &weights.running_means[self.statistics],
            running_variance: &weights.running_variances[self.statistics],
            momentum: BATCH_NORM_MOMENTUM,
            epsilon: BATCH_NORM_EPSILON,
        }
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

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};
    use tch::{Device, Kind};

    use super::*;
    use crate::config::run::{Architecture, Version};
    use crate::model::Network;
    use crate::model::parameters::{MemoryFormat, Parameters};

    const ROWS: [i64; 3] = [13, 11, 9];

    /// A batch norm of its own with random numbers, and what goes through it.
    struct Case {
        norm: BatchNorm,
        input: Tensor,
        residual: Option<Tensor>,
        scale: Tensor,
        shift: Tensor,
        /// What each output counts in the loss.
        factors: Tensor,
    }

    /// Output, running mean, running variance, and the gradients of the input, the scale, the shift
    /// and the residual.
    type Outcome = Vec<(&'static str, Tensor)>;

    impl Case {
        /// Not from libtorch's generator, which all tests share.
        fn new(channels: i64, kind: Kind, with_residual: bool) -> Self {
            let mut random = ChaCha8Rng::seed_from_u64(channels as u64);
            let mut normal = |size: &[i64]| {
                let count = size.iter().product::<i64>() as usize;
                let numbers: Vec<f32> =
                    StandardNormal.sample_iter(&mut random).take(count).collect();
                Tensor::from_slice(&numbers).view(size)
            };
            let [batch, height, width] = ROWS;
            let size = [batch, channels, height, width];
            let arrange =
                |values: &Tensor| MemoryFormat::ChannelsLast.arrange(values).to_kind(kind);
            // Channels with means far from zero and with small deviations, as training has them.
            let (spread, centre) = (normal(&[channels, 1, 1]), normal(&[channels, 1, 1]));
            let input = normal(&size) * (spread.abs() + 0.1) + centre * 3.0;
            Self {
                norm: Layout::default().batch_norm("norm", channels),
                input: arrange(&input),
                residual: with_residual.then(|| arrange(&normal(&size))),
                scale: normal(&[channels]),
                shift: normal(&[channels]),
                factors: arrange(&normal(&size)),
            }
        }

        /// Through the fused function, or through libtorch's operations, the latter in f64.
        fn run(&self, fused: bool) -> Outcome {
            let exact = |kind| if fused { kind } else { Kind::Double };
            let (kind, float) = (exact(self.input.kind()), exact(Kind::Float));
            let leaf = |tensor: &Tensor, kind| tensor.to_kind(kind).copy().set_requires_grad(true);
            let input = leaf(&self.input, kind);
            let residual = self.residual.as_ref().map(|residual| leaf(residual, kind));
            let options = ([self.norm.channels], (float, Device::Cpu));
            let weights = Weights {
                kernels: Vec::new(),
                vectors: vec![leaf(&self.scale, float), leaf(&self.shift, float)],
                running_means: vec![Tensor::full(options.0, 0.5, options.1)],
                running_variances: vec![Tensor::full(options.0, 2.0, options.1)],
                folded: vec![false],
                folded_biases: Vec::new(),
            };
            let residual_in = residual.as_ref();
            let output = if fused {
                let numbers = self.norm.numbers(&weights);
                batch_norm::forward(&input, residual_in, numbers).unwrap()
            } else {
                self.norm.activate_by_operations(&input, residual_in, &weights, Mode::Training)
            };
            let loss = (&output * self.factors.to_kind(kind)).sum(float);
            let mut leaves = vec![&input, &weights.vectors[0], &weights.vectors[1]];
            leaves.extend(residual_in);
            let gradients = Tensor::run_backward(&[&loss], &leaves, false, false);
            let names = ["input gradient", "scale gradient", "shift gradient", "residual gradient"];
            let mut outcome = vec![
                ("output", output.detach()),
                ("running mean", weights.running_means[0].copy()),
                ("running variance", weights.running_variances[0].copy()),
            ];
            outcome.extend(names.into_iter().zip(gradients));
            outcome
        }
    }

    /// The largest difference, as a part of the largest value.
    fn difference(tensor: &Tensor, oracle: &Tensor) -> f64 {
        let difference = (tensor.to_kind(Kind::Double) - oracle.to_kind(Kind::Double)).abs().max();
        difference.double_value(&[]) / oracle.abs().max().double_value(&[])
    }

    #[test]
    fn the_fused_batch_norm_is_the_operations_it_stands_for() {
        for (kind, tolerance) in [(Kind::Float, 1e-5), (Kind::BFloat16, 2e-2)] {
            for channels in [16, 32, 64, 128, 256] {
                for with_residual in [false, true] {
                    let case = Case::new(channels, kind, with_residual);
                    assert!(batch_norm::supports(&case.input));
                    let (fused, oracle) = (case.run(true), case.run(false));
                    assert_eq!(fused.len(), oracle.len());
                    for ((name, tensor), (_, oracle)) in fused.iter().zip(&oracle) {
                        let difference = difference(tensor, oracle);
                        assert!(
                            difference < tolerance,
                            "{name} of {kind:?}, {channels} channels, residual {with_residual}: \
                             {difference}"
                        );
                    }
                    assert_eq!(fused[0].1.kind(), kind);
                    assert_eq!(fused[3].1.kind(), kind);
                }
            }
        }
    }

    /// Else it would be slower, to almost the same numbers.
    #[test]
    fn training_takes_convolution_and_batch_norm_in_one() {
        let network = Network::new(Architecture { version: Version::V1, n: 1 });
        let parameters = Parameters::initial(&network, 1, Device::Cpu);
        let weights = parameters.weights(&network.layout, Kind::Float, MemoryFormat::ChannelsLast);
        let images = |channels, size| {
            let input = Case::new(channels, Kind::Float, false).input;
            MemoryFormat::ChannelsLast.arrange(&input.narrow(2, 0, size).narrow(3, 0, size))
        };
        let block = network.blocks().find(|block| block.shortcut.is_some()).unwrap();
        let (projection, norm) =
            (block.shortcut.as_ref().unwrap(), block.norms[1].as_ref().unwrap());
        let input = images(32, 4);
        let residual = projection.forward(&images(16, 8), &weights);
        let kernel = &weights.kernels[block.convolutions[1].weight];
        if !winograd::supports(&input, kernel) {
            eprintln!("skipped: this processor has neither AVX2 nor AVX-512");
            return;
        }
        for residual in [None, Some(&residual)] {
            let in_one =
                winograd::convolve_and_normalise(&input, kernel, residual, norm.numbers(&weights));
            let output = block.convolutions[1].forward_and_activate(
                norm,
                &input,
                residual,
                &weights,
                Mode::Training,
            );
            assert_eq!(output, in_one.unwrap());
        }
    }

    #[test]
    fn its_numbers_do_not_depend_on_the_threads() {
        let on_threads = |count| {
            let run = move || {
                // It first takes over the count of the process, in which other tests run.
                let _ = tch::get_num_threads();
                tch::set_num_threads(count);
                assert_eq!(tch::get_num_threads(), count);
                Case::new(16, Kind::Float, true).run(true)
            };
            std::thread::spawn(run).join().unwrap()
        };
        for ((name, one), (_, three)) in on_threads(1).iter().zip(&on_threads(3)) {
            assert_eq!(one, three, "{name}");
        }
    }

    #[test]
    fn what_the_fused_one_does_not_do_goes_by_operations() {
        let case = Case::new(16, Kind::Float, false);
        assert!(!batch_norm::supports(&case.input.contiguous()), "channels first");
        assert!(!batch_norm::supports(&case.input.to_kind(Kind::Double)));
        assert!(!batch_norm::supports(&Tensor::zeros([16, 16], (Kind::Float, Device::Cpu))));
        assert!(!batch_norm::supports(&case.input.narrow(1, 0, 8)));
        let numbers = Case::new(32, Kind::Float, false);
        let weights = Weights {
            kernels: Vec::new(),
            vectors: vec![numbers.scale.copy(), numbers.shift.copy()],
            running_means: vec![numbers.shift.copy()],
            running_variances: vec![numbers.scale.copy()],
            folded: vec![false],
            folded_biases: Vec::new(),
        };
        let error = batch_norm::forward(&case.input, None, case.norm.numbers(&weights));
        assert!(error.unwrap_err().to_string().contains("not a number for each of 16 channels"));
    }
}
