//! A 3×3 convolution with fewer multiplications, on the CPU.
//!
//! Winograd's minimal filtering F(2×2, 3×3) (Lavin & Gray 2016) takes 16 multiplications where a direct
//! convolution takes 36, for the output and for both gradients. It rounds differently: the output's error
//! is below 3e-6 of the largest value, and the gradients', through the batch norm after it, below 1e-5.

use anyhow::{Result, ensure};
use tch::{Device, Kind, Tensor};

use super::batch_norm::{Numbers, check_residual};
use super::foreign::{
    check, raw, resnet_winograd, resnet_winograd_available, resnet_winograd_batch_norm,
};

/// Channels come in groups of this many: `CHANNEL_GROUP` of `native/winograd_kernels.h`.
const CHANNEL_MULTIPLE: i64 = 16;

/// Whether it can be used for an activation `[batch, inputs, h, w]` and a kernel `[outputs, inputs, 3,
/// 3]`: on a CPU with FMA and AVX2 or AVX-512, both f32 and channels-last, with even height and width and
/// channels in groups of 16, as all of the ResNets have.
pub fn supports(input: &Tensor, kernel: &Tensor) -> bool {
    // SAFETY: asks the processor.
    (unsafe { resnet_winograd_available() })
        && [input, kernel].iter().all(|tensor| {
            tensor.device() == Device::Cpu
                && tensor.kind() == Kind::Float
                && tensor.numel() > 0
                && is_channels_last(tensor)
        })
        && matches!(
            (input.size().as_slice(), kernel.size().as_slice()),
            ([_, channels, height, width], [outputs, inputs, 3, 3])
                if channels == inputs
                    && inputs % CHANNEL_MULTIPLE == 0
                    && outputs % CHANNEL_MULTIPLE == 0
                    && height % 2 == 0
                    && width % 2 == 0
        )
}

fn is_channels_last(tensor: &Tensor) -> bool {
    matches!(tensor.size().as_slice(), [_, channels, height, width]
        if tensor.stride() == [channels * height * width, 1, channels * width, *channels])
}

/// Convolves with stride 1 and "same" padding, and adds `bias`. Nothing of it has a gradient.
///
/// # Errors
/// When [`supports`] says no, the bias does not fit, a gradient would be lost, or there is no memory.
pub fn convolve(input: &Tensor, kernel: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    ensure!(supports(input, kernel), "no Winograd convolution of {input:?} with {kernel:?}");
    if let Some(bias) = bias {
        ensure!(
            bias.kind() == Kind::Float
                && bias.device() == Device::Cpu
                && bias.is_contiguous()
                && bias.size() == kernel.size()[..1]
                && !bias.requires_grad(),
            "{bias:?} is no constant bias for {kernel:?}"
        );
    }
    let mut output = std::ptr::null_mut();
    // SAFETY: live tensors of the kinds and shapes that the loops rely on, checked above; the bias may
    // be null. Without an error, `output` is a new tensor.
    check(unsafe {
        resnet_winograd(
            raw(input),
            raw(kernel),
            bias.map_or(std::ptr::null(), raw),
            &raw mut output,
        )
    })?;
    // SAFETY: it is ours alone, and tch frees it as C++ made it.
    Ok(unsafe { Tensor::from_ptr(output.cast()) })
}

/// [`convolve`] without a bias, and [`super::batch_norm::forward`] of what comes of it, with gradients.
///
/// # Errors
/// As for both.
pub fn convolve_and_normalise(
    input: &Tensor,
    kernel: &Tensor,
    residual: Option<&Tensor>,
    numbers: Numbers<'_>,
) -> Result<Tensor> {
    ensure!(supports(input, kernel), "no Winograd convolution of {input:?} with {kernel:?}");
    let (size, outputs) = (input.size(), kernel.size()[0]);
    if let Some(residual) = residual {
        check_residual(residual, &[size[0], outputs, size[2], size[3]], Kind::Float)?;
    }
    numbers.check(outputs)?;
    let mut output = std::ptr::null_mut();
    // SAFETY: live tensors of the kinds and shapes that the loops rely on, checked above; the residual
    // may be null. Without an error, `output` is a new tensor.
    check(unsafe {
        resnet_winograd_batch_norm(
            raw(input),
            raw(kernel),
            raw(numbers.scale),
            raw(numbers.shift),
            residual.map_or(std::ptr::null(), raw),
            raw(numbers.running_mean),
            raw(numbers.running_variance),
            numbers.momentum,
            numbers.epsilon,
            &raw mut output,
        )
    })?;
    // SAFETY: it is ours alone, and tch frees it as C++ made it.
    Ok(unsafe { Tensor::from_ptr(output.cast()) })
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;
    use crate::model::parameters::MemoryFormat;

    fn available() -> bool {
        let available = unsafe { resnet_winograd_available() };
        if !available {
            eprintln!("skipped: this processor has neither AVX2 nor AVX-512");
        }
        available
    }

    /// Not from libtorch's generator, which all tests share.
    fn normal(size: [i64; 4], seed: u64) -> Tensor {
        let count = size.iter().product::<i64>() as usize;
        let random = ChaCha8Rng::seed_from_u64(seed);
        let numbers: Vec<f32> = StandardNormal.sample_iter(random).take(count).collect();
        MemoryFormat::ChannelsLast.arrange(&Tensor::from_slice(&numbers).view(size))
    }

    /// `[batch, inputs, outputs, height, width]`.
    type Shape = [i64; 5];

    const MOMENTUM: f64 = 0.25;
    const EPSILON: f64 = 1e-3;

    /// A convolution in training, with the batch norm after it.
    struct Case {
        input: Tensor,
        kernel: Tensor,
        residual: Option<Tensor>,
        scale: Tensor,
        shift: Tensor,
        factors: Tensor,
    }

    impl Case {
        fn new([batch, inputs, outputs, height, width]: Shape, with_residual: bool) -> Self {
            let output = [batch, outputs, height, width];
            let vector = |seed| normal([outputs, 1, 1, 1], seed).view(outputs);
            let mut case = Self {
                input: normal([batch, inputs, height, width], 1),
                kernel: normal([outputs, inputs, 3, 3], 2),
                residual: with_residual.then(|| normal(output, 3)),
                scale: vector(4),
                shift: vector(5),
                factors: normal(output, 6),
            };
            // Nothing flows back where rounding decides on which side of ReLU's cut a number is.
            let clear = case.normalised(Kind::Double).abs().gt(1e-4);
            case.factors *= clear.to_kind(Kind::Float);
            case
        }

        /// Before ReLU, by libtorch's operations.
        fn normalised(&self, kind: Kind) -> Tensor {
            let to = |tensor: &Tensor| tensor.to_kind(kind);
            let convolved = conv2d(&to(&self.input), &to(&self.kernel), None);
            let (scale, shift) = (to(&self.scale), to(&self.shift));
            let none = None::<&Tensor>;
            let y = convolved.batch_norm(
                Some(&scale),
                Some(&shift),
                none,
                none,
                true,
                MOMENTUM,
                EPSILON,
                true,
            );
            self.residual.iter().fold(y, |y, residual| y + to(residual))
        }

        /// The output, the running numbers, and the gradients of input, kernel, scale, shift and
        /// residual; through Winograd, or through libtorch's operations in f64.
        fn run(&self, winograd: bool) -> Vec<(&'static str, Tensor)> {
            let kind = if winograd { Kind::Float } else { Kind::Double };
            let leaf = |tensor: &Tensor| tensor.to_kind(kind).copy().set_requires_grad(true);
            let case = Self {
                input: leaf(&self.input),
                kernel: leaf(&self.kernel),
                residual: self.residual.as_ref().map(leaf),
                scale: leaf(&self.scale),
                shift: leaf(&self.shift),
                factors: self.factors.to_kind(kind),
            };
            let running_mean = self.scale.ones_like().to_kind(kind);
            let running_variance = &running_mean * 2.0;
            let output = if winograd {
                let numbers = Numbers {
                    scale: &case.scale,
                    shift: &case.shift,
                    running_mean: &running_mean,
                    running_variance: &running_variance,
                    momentum: MOMENTUM,
                    epsilon: EPSILON,
                };
                let residual = case.residual.as_ref();
                convolve_and_normalise(&case.input, &case.kernel, residual, numbers).unwrap()
            } else {
                let convolved = conv2d(&case.input, &case.kernel, None).detach();
                let move_towards = |running: &Tensor, batch: &Tensor| {
                    let _ = running.shallow_clone().lerp_(batch, MOMENTUM);
                };
                let pixels = [0, 2, 3].as_slice();
                move_towards(&running_mean, &convolved.mean_dim(pixels, false, kind));
                move_towards(&running_variance, &convolved.var_dim(pixels, true, false));
                case.normalised(kind).relu()
            };
            let loss = (&output * &case.factors).sum(kind);
            let mut leaves = vec![&case.input, &case.kernel, &case.scale, &case.shift];
            leaves.extend(&case.residual);
            let gradients = Tensor::run_backward(&[&loss], &leaves, false, false);
            let names = [
                "of the input",
                "of the kernel",
                "of the scale",
                "of the shift",
                "of the residual",
            ];
            let mut outcome = vec![
                ("output", output.detach()),
                ("running mean", running_mean),
                ("running variance", running_variance),
            ];
            outcome.extend(names.into_iter().zip(gradients));
            outcome
        }
    }

    /// libtorch's own.
    fn conv2d(input: &Tensor, kernel: &Tensor, bias: Option<&Tensor>) -> Tensor {
        input.conv2d(kernel, bias, [1, 1], [1, 1], [1, 1], 1)
    }

    /// The largest difference, as a part of the largest value.
    fn difference(tensor: &Tensor, oracle: &Tensor) -> f64 {
        let difference = (tensor.to_kind(Kind::Double) - oracle).abs().max();
        difference.double_value(&[]) / oracle.abs().max().double_value(&[])
    }

    /// The shapes of the ResNets, with as many images as the gradient of the kernel has sums and with
    /// more; and others whose rows of tiles leave a part of a group, or whose tiles a part of a block.
    const SHAPES: [Shape; 11] = [
        [37, 16, 16, 32, 32],
        [1, 16, 16, 10, 32],
        [3, 16, 16, 32, 32],
        [9, 32, 32, 16, 16],
        [70, 64, 64, 8, 8],
        [2, 128, 128, 8, 8],
        [1, 16, 16, 2, 2],
        [2, 16, 48, 6, 10],
        [1, 48, 16, 14, 2],
        [1, 32, 16, 2, 70],
        [33, 16, 32, 4, 4],
    ];

    #[test]
    fn it_is_the_convolution() {
        if !available() {
            return;
        }
        for [batch, inputs, outputs, height, width] in SHAPES {
            let (input, kernel) =
                (normal([batch, inputs, height, width], 1), normal([outputs, inputs, 3, 3], 2));
            let bias = normal([outputs, 1, 1, 1], 3).view(outputs);
            let output = convolve(&input, &kernel, Some(&bias)).unwrap();
            let exact = |tensor: &Tensor| tensor.to_kind(Kind::Double);
            let oracle = conv2d(&exact(&input), &exact(&kernel), Some(&exact(&bias)));
            assert!(is_channels_last(&output));
            let part = difference(&output, &oracle);
            assert!(part < 3e-6, "{input:?} with {kernel:?}: {part}");
        }
    }

    #[test]
    fn in_training_it_is_the_operations_it_stands_for_and_their_gradients() {
        if !available() {
            return;
        }
        for shape in SHAPES {
            for with_residual in [false, true] {
                let case = Case::new(shape, with_residual);
                let (outcome, oracle) = (case.run(true), case.run(false));
                assert_eq!(outcome.len(), if with_residual { 8 } else { 7 });
                for ((name, tensor), (_, oracle)) in outcome.iter().zip(&oracle) {
                    assert_eq!(tensor.size(), oracle.size());
                    let part = difference(tensor, oracle);
                    assert!(part < 1e-5, "{name}, {shape:?}, residual {with_residual}: {part}");
                }
                assert!(is_channels_last(&outcome[0].1) && is_channels_last(&outcome[3].1));
            }
        }
    }

    #[test]
    fn its_numbers_do_not_depend_on_the_threads() {
        if !available() {
            return;
        }
        let on_threads = |count| {
            let run = move || {
                // It first takes over the count of the process, in which other tests run.
                let _ = tch::get_num_threads();
                tch::set_num_threads(count);
                assert_eq!(tch::get_num_threads(), count);
                Case::new([70, 16, 32, 8, 8], true).run(true)
            };
            std::thread::spawn(run).join().unwrap()
        };
        for ((name, one), (_, three)) in on_threads(1).iter().zip(&on_threads(3)) {
            assert_eq!(one, three, "{name}");
        }
    }

    #[test]
    fn a_gradient_in_another_layout_is_taken() {
        if !available() {
            return;
        }
        let case = Case::new([2, 16, 32, 8, 8], false);
        // The gradient of a sum is one number in all places.
        let all_alike = Case { factors: case.factors.ones_like(), ..case };
        let input = all_alike.input.copy().set_requires_grad(true);
        let (mean, variance) = (all_alike.scale.zeros_like(), all_alike.scale.ones_like());
        let numbers = Numbers {
            scale: &all_alike.scale,
            shift: &all_alike.shift,
            running_mean: &mean,
            running_variance: &variance,
            momentum: MOMENTUM,
            epsilon: EPSILON,
        };
        let output = convolve_and_normalise(&input, &all_alike.kernel, None, numbers).unwrap();
        let sum = output.sum(Kind::Float);
        let gradient = Tensor::run_backward(&[&sum], &[&input], false, false).pop().unwrap();
        let outcome = all_alike.run(true);
        assert_eq!(gradient, outcome[3].1);
    }

    #[test]
    fn a_gradient_that_it_has_not_is_refused() {
        if !available() {
            return;
        }
        let (input, kernel) = (normal([1, 16, 8, 8], 1), normal([16, 16, 3, 3], 2));
        let trained = input.copy().set_requires_grad(true);
        let error = convolve(&trained, &kernel, None).unwrap_err();
        assert!(error.to_string().contains("no gradients"), "{error}");
        let without = tch::no_grad(|| convolve(&trained, &kernel, None)).unwrap();
        assert!(!without.requires_grad());
        let (ones, zeros) = (
            Tensor::ones([16], (Kind::Float, Device::Cpu)),
            Tensor::zeros([16], (Kind::Float, Device::Cpu)),
        );
        let numbers = Numbers {
            scale: &ones,
            shift: &zeros,
            running_mean: &zeros.copy(),
            running_variance: &ones.copy(),
            momentum: MOMENTUM,
            epsilon: EPSILON,
        };
        let output = convolve_and_normalise(&trained, &kernel, None, numbers).unwrap();
        let sum = output.sum(Kind::Float);
        let error = Tensor::f_run_backward(&[&sum], &[&trained], false, true).unwrap_err();
        assert!(error.to_string().contains("no second gradient"), "{error}");
    }

    #[test]
    fn what_it_does_not_do_is_refused() {
        let (input, kernel) = (normal([1, 16, 8, 8], 1), normal([16, 16, 3, 3], 2));
        let refused = [
            (normal([1, 16, 7, 8], 1), kernel.copy()),
            (normal([1, 16, 8, 7], 1), kernel.copy()),
            (normal([1, 24, 8, 8], 1), normal([16, 24, 3, 3], 2)),
            (normal([1, 16, 8, 8], 1), normal([24, 16, 3, 3], 2)),
            (normal([1, 32, 8, 8], 1), kernel.copy()),
            (normal([1, 16, 8, 8], 1), normal([16, 16, 1, 1], 2)),
            (input.contiguous(), kernel.copy()),
            (input.copy(), kernel.contiguous()),
            (input.to_kind(Kind::BFloat16), kernel.to_kind(Kind::BFloat16)),
            (normal([0, 16, 8, 8], 1), kernel.copy()),
        ];
        let fit = Tensor::ones([16], (Kind::Float, Device::Cpu));
        let numbers = |scale, running_mean| Numbers {
            scale,
            shift: &fit,
            running_mean,
            running_variance: &fit,
            momentum: MOMENTUM,
            epsilon: EPSILON,
        };
        let error = |outcome: Result<Tensor>| outcome.unwrap_err().to_string();
        for (input, kernel) in &refused {
            assert!(!supports(input, kernel), "{input:?} with {kernel:?}");
            let alone = convolve(input, kernel, None);
            let in_training = convolve_and_normalise(input, kernel, None, numbers(&fit, &fit));
            for outcome in [alone, in_training] {
                assert!(error(outcome).starts_with("no Winograd convolution"));
            }
        }
        let short = Tensor::zeros([8], (Kind::Float, Device::Cpu));
        assert!(convolve(&input, &kernel, Some(&short)).is_err());
        let trained = Tensor::zeros([16], (Kind::Float, Device::Cpu)).set_requires_grad(true);
        assert!(convolve(&input, &kernel, Some(&trained)).is_err());
        for numbers in [numbers(&short, &fit), numbers(&fit, &short)] {
            let outcome = convolve_and_normalise(&input, &kernel, None, numbers);
            assert!(error(outcome).contains("not a number for each of 16 channels"));
        }
        let residual = normal([1, 16, 8, 8], 3);
        for residual in
            [normal([1, 16, 4, 4], 3), residual.contiguous(), residual.to_kind(Kind::BFloat16)]
        {
            let outcome =
                convolve_and_normalise(&input, &kernel, Some(&residual), numbers(&fit, &fit));
            assert!(error(outcome).starts_with("the residual"));
        }
    }
}
