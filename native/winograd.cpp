// The 3x3 convolution of winograd_kernels.h as an autograd function, for f32 NHWC activations on the CPU.

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/custom_function.h>

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

const float* read(const at::Tensor& tensor) {
  return tensor.defined() ? static_cast<const float*>(tensor.const_data_ptr()) : nullptr;
}

float* write(const at::Tensor& tensor) { return static_cast<float*>(tensor.mutable_data_ptr()); }

at::Tensor floats(at::IntArrayRef size) { return at::empty(size, at::kFloat); }

at::Tensor nhwc(at::IntArrayRef size) {
  return at::empty(size, at::kFloat, at::MemoryFormat::ChannelsLast);
}

// Memory of this thread to work in, kept from call to call: to take it anew for each image costs a
// thirtieth of a step.
float* scratch(ConvolutionShape shape) {
  struct Release {
    void operator()(float* memory) const { std::free(memory); }
  };
  thread_local std::unique_ptr<float[], Release> memory;
  thread_local int64_t size = 0;
  // A whole number of the cache's lines, at the beginning of one.
  const int64_t bytes = (winograd_kernels()->scratch(shape) * sizeof(float) + 63) / 64 * 64;
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
  return {x.size(2), x.size(3), x.size(1), outputs};
}

using Transform = void (*)(const float*, float*, int64_t, int64_t, int64_t, int64_t);

at::Tensor transform(const at::Tensor& kernel, Transform transform_some) {
  const int64_t outputs = kernel.size(0), inputs = kernel.size(1);
  const auto points = floats({POINTS, inputs, outputs});
  for_each(outputs / CHANNEL_GROUP, [&](int64_t group) {
    const int64_t first = group * CHANNEL_GROUP;
    transform_some(
        read(kernel), write(points), inputs, outputs, first, first + CHANNEL_GROUP);
  });
  return points;
}

at::Tensor convolve(
    const at::Tensor& x, const at::Tensor& points, const at::Tensor& bias, int64_t outputs) {
  const ConvolutionShape shape = shape_of(x, outputs);
  const auto y = nhwc({x.size(0), outputs, shape.height, shape.width});
  const int64_t pixels = shape.height * shape.width;
  for_each(x.size(0), [&](int64_t image) {
    winograd_kernels()->convolve(
        read(x) + image * pixels * shape.inputs, read(points), read(bias),
        write(y) + image * pixels * outputs, shape, scratch(shape));
  });
  return y;
}

// Tiles whose products are summed up together: the more, the less time is spent on adding the sums; the
// fewer, the more threads have work.
constexpr int64_t TILES_OF_A_SUM = 128;

// Sums at most, for the same reason and for their memory. The cuts depend on the shape alone.
constexpr int64_t MOST_SUMS = 16;

at::Tensor kernel_gradient(const at::Tensor& x, const at::Tensor& dy) {
  const int64_t images = x.size(0), outputs = dy.size(1);
  const ConvolutionShape shape = shape_of(x, outputs);
  const int64_t pixels = shape.height * shape.width;
  const int64_t enough = TILES_OF_A_SUM / std::max<int64_t>(pixels / 4, 1);
  const int64_t few = (images + MOST_SUMS - 1) / MOST_SUMS;
  const int64_t share = std::max<int64_t>(std::max(enough, few), 1);
  const int64_t count = (images + share - 1) / share;
  const auto sums = floats({count, POINTS * outputs * shape.inputs});
  for_each(count, [&](int64_t index) {
    float* sum = write(sums) + index * sums.size(1);
    std::fill(sum, sum + sums.size(1), 0.0f);
    for (int64_t image = index * share; image < std::min((index + 1) * share, images); ++image) {
      winograd_kernels()->accumulate(
          read(x) + image * pixels * shape.inputs, read(dy) + image * pixels * outputs, sum, shape,
          scratch(shape));
    }
  });
  const auto gradient = nhwc({outputs, shape.inputs, 3, 3});
  for_each(outputs, [&](int64_t output) {
    winograd_kernels()->kernel_gradient(
        read(sums), count, write(gradient), shape.inputs, outputs, output, output + 1);
  });
  return gradient;
}

struct Winograd : torch::autograd::Function<Winograd> {
  static at::Tensor forward(
      AutogradContext* context,
      const at::Tensor& x,
      const at::Tensor& kernel,
      const std::optional<at::Tensor>& bias) {
    context->save_for_backward({x, kernel});
    const auto points = transform(kernel, winograd_kernels()->transform_kernel);
    return convolve(x, points, bias.value_or(at::Tensor()), kernel.size(0));
  }

  static variable_list backward(AutogradContext* context, variable_list incoming) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "the Winograd convolution has no second gradient");
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &kernel = saved[1];
    const auto dy = incoming[0].contiguous(at::MemoryFormat::ChannelsLast);
    variable_list all(3);
    if (context->needs_input_grad(0)) {
      const auto points = transform(kernel, winograd_kernels()->transform_turned_kernel);
      all[0] = convolve(dy, points, at::Tensor(), kernel.size(1));
    }
    if (context->needs_input_grad(1)) {
      all[1] = kernel_gradient(x, dy);
    }
    return all;
  }
};

}  // namespace

}  // namespace resnet

RESNET_EXPORT bool resnet_winograd_available() { return resnet::winograd_kernels() != nullptr; }

// A 3x3 convolution with stride 1 and a border of one zero. Activation and kernel are f32, contiguous
// NHWC, of a shape that winograd_kernels.h allows; the bias, if any, is f32 and is not trained; all as
// the caller has seen to.
RESNET_EXPORT char* resnet_winograd(
    const at::Tensor* input,
    const at::Tensor* kernel,
    const at::Tensor* bias,
    at::Tensor** output) {
  return resnet::guarded([&] {
    TORCH_CHECK(
        input->size(1) % resnet::CHANNEL_GROUP == 0 && kernel->size(0) % resnet::CHANNEL_GROUP == 0,
        "channels must come in groups of ", resnet::CHANNEL_GROUP);
    *output = resnet::to_heap(resnet::Winograd::apply(*input, *kernel, resnet::optional(bias)));
  });
}
