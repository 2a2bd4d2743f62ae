//! A 3×3 convolution with fewer multiplications, on the CPU.
//!
//! Winograd's minimal filtering F(2×2, 3×3) (Lavin & Gray 2016) takes 16 multiplications where a direct
//! convolution takes 36, for the output and for both gradients. It rounds differently: its error is below
//! 3e-6 of the largest value.

use anyhow::{Result, ensure};
use tch::{Device, Kind, Tensor};

use super::foreign::{check, raw, resnet_winograd, resnet_winograd_available};

/// Channels come in groups of this many: `CHANNEL_GROUP` of `native/winograd_kernels.h`.
const CHANNEL_MULTIPLE: i64 = 16;

/// Whether it can be used for an activation `[batch, inputs, h, w]` and a kernel `[outputs, inputs, 3,
/// 3]`: on a CPU with FMA and AVX2 or
/// AVX-512, both f32 and channels-last, with even height and width and
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

/// Convolves with stride 1 and "same" padding, and adds `bias`, which has no gradient.
///
/// # Errors
/// When [`supports`] says no, the bias does not fit or is trained, or there is no memory.
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

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;
    use crate::model::parameters::MemoryFormat;

    /// Not from libtorch's generator, which all tests share.
    fn normal(size: [i64; 4], seed: u64) -> Tensor {
        let count = size.iter().product::<i64>() as usize;
        let random = ChaCha8Rng::seed_from_u64(seed);
        let numbers: Vec<f32> = StandardNormal.sample_iter(random).take(count).collect();
        MemoryFormat::ChannelsLast.arrange(&Tensor::from_slice(&numbers).view(size))
    }

    /// `[batch, inputs, outputs, height, width]`.
    type Shape = [i64; 5];

    /// The output, and the gradients of the activation and of the kernel; through Winograd, or through
    /// libtorch's convolution in f64.
    fn run([batch, inputs, outputs, height, width]: Shape, winograd: bool) -> [Tensor; 3] {
        let kind = if winograd { Kind::Float } else { Kind::Double };
        let leaf = |tensor: Tensor| tensor.to_kind(kind).set_requires_grad(true);
        let input = leaf(normal([batch, inputs, height, width], 1));
        let kernel = leaf(normal([outputs, inputs, 3, 3], 2));
        let bias = normal([outputs, 1, 1, 1], 3).view(outputs).to_kind(kind);
        let factors = normal([batch, outputs, height, width], 4).to_kind(kind);
        let output = if winograd {
            assert!(supports(&input, &kernel));
            convolve(&input, &kernel, Some(&bias)).unwrap()
        } else {
            input.conv2d(&kernel, Some(&bias), [1, 1], [1, 1], [1, 1], 1)
        };
        let loss = (&output * factors).sum(kind);
        let mut gradients = Tensor::run_backward(&[&loss], &[&input, &kernel], false, false);
        let of_kernel = gradients.pop().unwrap();
        [output.detach(), gradients.pop().unwrap(), of_kernel]
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
    fn it_is_the_convolution_and_its_gradients() {
        if !(unsafe { resnet_winograd_available() }) {
            eprintln!("skipped: this processor has neither AVX2 nor AVX-512");
            return;
        }
        for shape in SHAPES {
            for (name, (tensor, oracle)) in ["output", "input gradient", "kernel gradient"]
                .iter()
                .zip(run(shape, true).iter().zip(&run(shape, false)))
            {
                assert_eq!(tensor.size(), oracle.size());
                assert!(is_channels_last(tensor), "{name} of {shape:?}");
                let difference = (tensor.to_kind(Kind::Double) - oracle).abs().max();
                let part = difference.double_value(&[]) / oracle.abs().max().double_value(&[]);
                assert!(part < 3e-6, "{name} of {shape:?}: {part}");
            }
        }
    }

    #[test]
    fn its_numbers_do_not_depend_on_the_threads() {
        if !(unsafe { resnet_winograd_available() }) {
            eprintln!("skipped: this processor has neither AVX2 nor AVX-512");
            return;
        }
        let on_threads = |count| {
            let run = move || {
                // It first takes over the count of the process, in which other tests run.
                let _ = tch::get_num_threads();
                tch::set_num_threads(count);
                assert_eq!(tch::get_num_threads(), count);
                run([70, 16, 32, 8, 8], true)
            };
            std::thread::spawn(run).join().unwrap()
        };
        for (one, three) in on_threads(1).iter().zip(&on_threads(3)) {
            assert_eq!(one, three);
        }
    }

    #[test]
    fn gradients_are_those_that_are_asked_for_in_any_layout() {
        if !(unsafe { resnet_winograd_available() }) {
            eprintln!("skipped: this processor has neither AVX2 nor AVX-512");
            return;
        }
        let (input, kernel) = (normal([2, 16, 8, 8], 1), normal([32, 16, 3, 3], 2));
        let gradient_of = |winograd: bool, of_input: bool| {
            let input = input.copy().set_requires_grad(of_input);
            let kernel = kernel.copy().set_requires_grad(!of_input);
            let output = if winograd {
                convolve(&input, &kernel, None).unwrap()
            } else {
                input.conv2d(&kernel, None::<&Tensor>, [1, 1], [1, 1], [1, 1], 1)
            };
            // The gradient of a sum is one number in all places.
            let leaf = if of_input { &input } else { &kernel };
            let sum = output.sum(Kind::Float);
            Tensor::run_backward(&[&sum], &[leaf], false, false).pop().unwrap()
        };
        for of_input in [true, false] {
            let (gradient, oracle) = (gradient_of(true, of_input), gradient_of(false, of_input));
            let difference = (&gradient - &oracle).abs().max().double_value(&[]);
            assert!(difference < 1e-4, "of the input: {of_input}, {difference}");
        }
        let without = tch::no_grad(|| convolve(&input, &kernel, None).unwrap());
        assert!(!without.requires_grad());
    }

    #[test]
    fn a_second_gradient_is_refused() {
        if !(unsafe { resnet_winograd_available() }) {
            eprintln!("skipped: this processor has neither AVX2 nor AVX-512");
            return;
        }
        let input = normal([1, 16, 8, 8], 1).set_requires_grad(true);
        let output = convolve(&input, &normal([16, 16, 3, 3], 2), None).unwrap();
        let sum = output.sum(Kind::Float);
        assert!(Tensor::f_run_backward(&[&sum], &[&input], false, true).is_err());
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
        for (input, kernel) in &refused {
            assert!(!supports(input, kernel), "{input:?} with {kernel:?}");
            assert!(convolve(input, kernel, None).is_err());
        }
        let short = Tensor::zeros([8], (Kind::Float, Device::Cpu));
        assert!(convolve(&input, &kernel, Some(&short)).is_err());
        let trained = Tensor::zeros([16], (Kind::Float, Device::Cpu)).set_requires_grad(true);
        assert!(convolve(&input, &kernel, Some(&trained)).is_err());
    }
}
