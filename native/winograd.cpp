// The 3x3 convolution of winograd_kernels.h for f32 NHWC activations on the CPU: alone, and as an autograd
// function with the batch norm after it. Forward, the moments of an image are found right after it was
// convolved, and backward its gradient is convolved right after it was found, while they are in a core's
// own cache.

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include "batch_norm.h"
#include "boundary.h"
#include "parallel.h"
#include "winograd_kernels.h"

namespace resnet {

#if defined(__x86_64__)
namespace avx2 {
extern const WinogradKernels winograd;
}
namespace avx512 {
extern const WinogradKernels winograd;
}
#endif

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Null where the processor is none that they are written for.
const WinogradKernels* winograd_kernels() {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("fma")) {
    return nullptr;
  }
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
    return &avx512::winograd;
  }
  return __builtin_cpu_supports("avx2") ? &avx2::winograd : nullptr;
#else
  return nullptr;
#endif
}

at::Tensor nhwc(at::IntArrayRef size) {
  return at::empty(size, at::kFloat, at::MemoryFormat::ChannelsLast);
}

// So many floats of this thread to work in, kept from call to call: to take them anew for each image
// costs a thirtieth of a step.
float* scratch(int64_t count) {
  struct Release {
    void operator()(float* memory) const { std::free(memory); }
  };
  thread_local std::unique_ptr<float[], Release> memory;
  thread_local int64_t size = 0;
  // A whole number of the cache's lines, at the beginning of one.
  const int64_t bytes = (count * sizeof(float) + 63) / 64 * 64;
  if (size < bytes) {
    size = 0;
    memory.reset(static_cast<float*>(std::aligned_alloc(64, bytes)));
    if (memory == nullptr) {
      throw std::bad_alloc();
    }
    size = bytes;
  }
  return memory.get();
}

ConvolutionShape shape_of(const at::Tensor& x, int64_t outputs) {
  TORCH_CHECK(
      x.size(1) % CHANNEL_GROUP == 0 && outputs % CHANNEL_GROUP == 0,
      "channels must come in groups of ", CHANNEL_GROUP);
  return {x.size(2), x.size(3), x.size(1), outputs};
}

using Transform = void (*)(const float*, float*, int64_t, int64_t, int64_t, int64_t);

at::Tensor transform(const at::Tensor& kernel, Transform transform_some) {
  const int64_t outputs = kernel.size(0), inputs = kernel.size(1);
  const auto points = floats({POINTS, inputs, outputs});
  for_each(outputs / CHANNEL_GROUP, [&](int64_t group) {
    const int64_t first = group * CHANNEL_GROUP;
    transform_some(
        read<float>(kernel), write<float>(points), inputs, outputs, first, first + CHANNEL_GROUP);
  });
  return points;
}

at::Tensor convolve(
    const at::Tensor& x, const at::Tensor& kernel, const std::optional<at::Tensor>& bias) {
  const ConvolutionShape shape = shape_of(x, kernel.size(0));
  const int64_t pixels = shape.height * shape.width;
  const auto points = transform(kernel, winograd_kernels()->transform_kernel);
  const auto y = nhwc({x.size(0), shape.outputs, shape.height, shape.width});
  for_each(x.size(0), [&](int64_t image) {
    winograd_kernels()->convolve(
        read<float>(x) + image * pixels * shape.inputs, read<float>(points),
        bias.has_value() ? read<float>(*bias) : nullptr,
        write<float>(y) + image * pixels * shape.outputs, shape,
        scratch(winograd_kernels()->scratch(shape)));
  });
  return y;
}

// The shape of the convolution that gives the gradient of the input.
ConvolutionShape turned(ConvolutionShape shape) {
  return {shape.height, shape.width, shape.outputs, shape.inputs};
}

// Tiles whose products are summed up together: the more, the less time is spent on adding the sums; the
// fewer, the more threads have work.
constexpr int64_t TILES_OF_A_SUM = 128;

// Sums at most, for the same reason and for their memory. The cuts depend on the shape alone.
constexpr int64_t MOST_SUMS = 16;

// Images whose part of the kernel's gradient is summed up together.
int64_t images_of_a_sum(int64_t images, int64_t pixels) {
  const int64_t enough = TILES_OF_A_SUM / std::max<int64_t>(pixels / 4, 1);
  const int64_t few = (images + MOST_SUMS - 1) / MOST_SUMS;
  return std::max<int64_t>(std::max(enough, few), 1);
}

struct WinogradBatchNorm : torch::autograd::Function<WinogradBatchNorm> {
  static at::Tensor forward(
      AutogradContext* context,
      const at::Tensor& x,
      const at::Tensor& kernel,
      const at::Tensor& scale,
      const at::Tensor& shift,
      const std::optional<at::Tensor>& residual,
      const at::Tensor& running_mean,
      const at::Tensor& running_variance,
      double momentum,
      double epsilon) {
    const ConvolutionShape shape = shape_of(x, kernel.size(0));
    const int64_t pixels = shape.height * shape.width, channels = shape.outputs;
    const auto points = transform(kernel, winograd_kernels()->transform_kernel);
    const auto convolved = nhwc({x.size(0), channels, shape.height, shape.width});
    const Rows rows(convolved, pixels);
    const auto moments = floats({rows.chunks, 2, channels});
    const auto y = at::empty_like(convolved);
    for_each(x.size(0), [&](int64_t image) {
      float* const to = write<float>(convolved) + rows.begin(image);
      float* const means = write<float>(moments) + image * 2 * channels;
      winograd_kernels()->convolve(
          read<float>(x) + image * pixels * shape.inputs, read<float>(points), nullptr, to, shape,
          scratch(winograd_kernels()->scratch(shape)));
      kernels<float>().moments(to, pixels, channels, means, means + channels);
    });
    const auto statistics = batch_statistics(
        rows, moments, {scale, shift, running_mean, running_variance, momentum, epsilon});
    normalize<float>(rows, convolved, residual.value_or(at::Tensor()), y, statistics);
    context->save_for_backward(
        {x, kernel, convolved, residual.has_value() ? y : at::Tensor(), statistics});
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list incoming) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "the Winograd convolution has no second gradient");
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &kernel = saved[1], &convolved = saved[2];
    const at::Tensor &y = saved[3], &statistics = saved[4];
    const int64_t images = x.size(0);
    const ConvolutionShape shape = shape_of(x, kernel.size(0));
    const int64_t pixels = shape.height * shape.width;
    const Rows rows(convolved, pixels);
    const auto dy = incoming[0].contiguous(at::MemoryFormat::ChannelsLast);
    const NormGradients of_norm = norm_gradients<float>(rows, dy, convolved, y, statistics);
    const auto points = transform(kernel, winograd_kernels()->transform_turned_kernel);
    const int64_t input_numbers = pixels * shape.inputs;
    const auto gradient = at::empty_like(convolved);
    const auto dx = at::empty_like(x);
    for_each(images, [&](int64_t image) {
      float* const of_image = write<float>(gradient) + rows.begin(image);
      input_gradient(rows, image, dy, convolved, statistics, of_norm, of_image);
      winograd_kernels()->convolve(
          of_image, read<float>(points), nullptr, write<float>(dx) + image * input_numbers,
          turned(shape), scratch(winograd_kernels()->scratch(turned(shape))));
    });
    const int64_t share = images_of_a_sum(images, pixels);
    const auto sums = floats({(images + share - 1) / share, POINTS * shape.outputs * shape.inputs});
    for_each(sums.size(0), [&](int64_t index) {
      float* const sum = write<float>(sums) + index * sums.size(1);
      const int64_t first = index * share;
      for (int64_t image = first; image < std::min(first + share, images); ++image) {
        winograd_kernels()->accumulate(
            read<float>(x) + image * input_numbers, read<float>(gradient) + rows.begin(image),
            image == first, sum, shape, scratch(winograd_kernels()->scratch(shape)));
      }
    });
    const auto kernel_gradient = nhwc({shape.outputs, shape.inputs, 3, 3});
    for_each(shape.outputs, [&](int64_t output) {
      winograd_kernels()->kernel_gradient(
          read<float>(sums), sums.size(0), write<float>(kernel_gradient), shape.inputs,
          shape.outputs, output, output + 1);
    });
    variable_list all(9);
    all[0] = dx;
    all[1] = kernel_gradient;
    all[2] = of_norm.scale;
    all[3] = of_norm.shift;
    all[4] = of_norm.residual;
    return all;
  }
};

}  // namespace

}  // namespace resnet

RESNET_EXPORT bool resnet_winograd_available() { return resnet::winograd_kernels() != nullptr; }

// A 3x3 convolution with stride 1 and a border of one zero, without gradients. Activation and kernel are
// f32, contiguous NHWC, of a shape that winograd_kernels.h allows; the bias, if any, is f32; all as the
// caller has seen to.
RESNET_EXPORT char* resnet_winograd(
    const at::Tensor* input,
    const at::Tensor* kernel,
    const at::Tensor* bias,
    at::Tensor** output) {
  return resnet::guarded([&] {
    TORCH_CHECK(
        !at::GradMode::is_enabled() || !(input->requires_grad() || kernel->requires_grad()),
        "the Winograd convolution alone has no gradients");
    *output = resnet::to_heap(resnet::convolve(*input, *kernel, resnet::optional(bias)));
  });
}

// The same in training, without a bias, and resnet_batch_norm of what comes of it.
RESNET_EXPORT char* resnet_winograd_batch_norm(
    const at::Tensor* input,
    const at::Tensor* kernel,
    const at::Tensor* scale,
    const at::Tensor* shift,
    const at::Tensor* residual,
    const at::Tensor* running_mean,
    const at::Tensor* running_variance,
    double momentum,
    double epsilon,
    at::Tensor** output) {
  return resnet::guarded([&] {
    *output = resnet::to_heap(resnet::WinogradBatchNorm::apply(
        *input, *kernel, *scale, *shift, resnet::optional(residual), *running_mean,
        *running_variance, momentum, epsilon));
  });
}
