// Batch norm, the addition of a residual and ReLU in two passes over memory instead of six: an autograd
// function for NHWC activations on the CPU.

#include <algorithm>
#include <cmath>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include "batch_norm_kernels.h"
#include "boundary.h"
#include "parallel.h"

namespace resnet {

// The kinds that batch_norm_kernels.cpp is compiled for.
#define RESNET_DECLARE(PROCESSOR)      \
  namespace PROCESSOR {                \
  extern const Kernels<float> f32;     \
  extern const Kernels<Bfloat16> bf16; \
  }

RESNET_DECLARE(baseline)
#if defined(__x86_64__)
RESNET_DECLARE(avx2)
RESNET_DECLARE(avx512)
#endif

namespace {

template <typename T>
const Kernels<T>& choose(
    const Kernels<T>& baseline,
    [[maybe_unused]] const Kernels<T>& avx2,
    [[maybe_unused]] const Kernels<T>& avx512) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
    return avx512;
  }
  if (__builtin_cpu_supports("avx2")) {
    return avx2;
  }
#endif
  return baseline;
}

}  // namespace

#if !defined(__x86_64__)
namespace avx2 = baseline;
namespace avx512 = baseline;
#endif

template <>
const Kernels<float>& kernels() {
  static const auto& chosen = choose(baseline::f32, avx2::f32, avx512::f32);
  return chosen;
}

template <>
const Kernels<Bfloat16>& kernels() {
  static const auto& chosen = choose(baseline::bf16, avx2::bf16, avx512::bf16);
  return chosen;
}

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Numbers of a chunk: they stay in a core's own cache between the two passes over it.
constexpr int64_t CHUNK_NUMBERS = 16384;

// An activation as rows of channels, cut into chunks. The cuts depend on the shape alone.
struct Rows {
  explicit Rows(const at::Tensor& activation)
      : channels(activation.size(1)),
        rows(activation.numel() / channels),
        chunk_rows(std::max<int64_t>(CHUNK_NUMBERS / channels, 1)),
        chunks((rows + chunk_rows - 1) / chunk_rows) {}

  int64_t begin(int64_t chunk) const { return chunk * chunk_rows * channels; }
  int64_t length(int64_t chunk) const { return std::min(chunk_rows, rows - chunk * chunk_rows); }

  int64_t channels;
  int64_t rows;
  int64_t chunk_rows;
  int64_t chunks;
};

template <typename T>
const T* read(const at::Tensor& tensor) {
  return tensor.defined() ? static_cast<const T*>(tensor.const_data_ptr()) : nullptr;
}

template <typename T>
T* write(const at::Tensor& tensor) {
  return tensor.defined() ? static_cast<T*>(tensor.mutable_data_ptr()) : nullptr;
}

at::Tensor floats(at::IntArrayRef size) { return at::empty(size, at::kFloat); }

// Constants of each channel, a row each, from which a pass works.
enum Constant { MEAN, INVERSE_DEVIATION, SCALE, SHIFT, CONSTANTS };

const float* constant(const at::Tensor& constants, int64_t row) {
  return read<float>(constants) + row * constants.size(1);
}

Line line(const at::Tensor& constants) {
  return {constant(constants, SCALE), constant(constants, SHIFT)};
}

// Means and variances of the batch (Chan, Golub & LeVeque 1979: distances from the chunk's own means,
// so that nothing cancels), the running statistics, and the line that normalises.
template <typename T>
at::Tensor batch_statistics(
    const at::Tensor& x,
    const at::Tensor& scale,
    const at::Tensor& shift,
    const at::Tensor& running_mean,
    const at::Tensor& running_variance,
    double momentum,
    double epsilon) {
  const Rows rows(x);
  const int64_t channels = rows.channels;
  const auto partial = floats({rows.chunks, 2, channels});
  float* parts = write<float>(partial);
  for_each(rows.chunks, [&](int64_t chunk) {
    float* means = parts + chunk * 2 * channels;
    kernels<T>().moments(
        read<T>(x) + rows.begin(chunk), rows.length(chunk), channels, means, means + channels);
  });
  std::vector<double> mean(channels), squares(channels);
  double seen = 0;
  for (int64_t chunk = 0; chunk < rows.chunks; ++chunk) {
    const float* means = parts + chunk * 2 * channels;
    const double length = static_cast<double>(rows.length(chunk));
    const double share = length / (seen + length);
    for (int64_t channel = 0; channel < channels; ++channel) {
      const double distance = means[channel] - mean[channel];
      mean[channel] += distance * share;
      squares[channel] += means[channels + channel] + distance * distance * seen * share;
    }
    seen += length;
  }
  const auto constants = floats({CONSTANTS, channels});
  float* row = write<float>(constants);
  for (int64_t channel = 0; channel < channels; ++channel) {
    const double variance = squares[channel] / seen;
    const double inverse = 1 / std::sqrt(variance + epsilon);
    const double slope = inverse * read<float>(scale)[channel];
    row[MEAN * channels + channel] = static_cast<float>(mean[channel]);
    row[INVERSE_DEVIATION * channels + channel] = static_cast<float>(inverse);
    row[SCALE * channels + channel] = static_cast<float>(slope);
    row[SHIFT * channels + channel] =
        static_cast<float>(read<float>(shift)[channel] - mean[channel] * slope);
    const double unbiased = squares[channel] / std::max(seen - 1, 1.0);
    float& running = write<float>(running_mean)[channel];
    running = static_cast<float>(running + momentum * (mean[channel] - running));
    float& spread = write<float>(running_variance)[channel];
    spread = static_cast<float>(spread + momentum * (unbiased - spread));
  }
  return constants;
}

template <typename T>
void normalize(
    const at::Tensor& x,
    const at::Tensor& residual,
    const at::Tensor& y,
    const at::Tensor& constants) {
  const Rows rows(x);
  for_each(rows.chunks, [&](int64_t chunk) {
    const int64_t begin = rows.begin(chunk);
    const T* added = read<T>(residual);
    kernels<T>().normalize(
        read<T>(x) + begin,
        added == nullptr ? nullptr : added + begin,
        write<T>(y) + begin,
        rows.length(chunk),
        rows.channels,
        line(constants));
  });
}

struct Gradients {
  at::Tensor input;
  at::Tensor scale;
  at::Tensor shift;
  at::Tensor residual;
};

// The constants of `InputGradient`, a row each, and the gradients of scale and shift.
enum Slope { SLOPE, OFFSET, SLOPES };

// `y` is undefined without a residual: the sign of x * scale + shift then says where ReLU cut.
template <typename T>
Gradients gradients(
    const at::Tensor& dy, const at::Tensor& x, const at::Tensor& y, const at::Tensor& constants) {
  const Rows rows(x);
  const int64_t channels = rows.channels;
  const auto offset = [](auto* pointer, int64_t by) {
    return pointer == nullptr ? pointer : pointer + by;
  };
  const at::Tensor dz = y.defined() ? at::empty_like(x) : at::Tensor();
  const auto partial = floats({rows.chunks, 2, channels});
  float* parts = write<float>(partial);
  for_each(rows.chunks, [&](int64_t chunk) {
    const int64_t begin = rows.begin(chunk);
    float* sums = parts + chunk * 2 * channels;
    kernels<T>().parameter_gradients(
        read<T>(dy) + begin, read<T>(x) + begin, offset(read<T>(y), begin),
        offset(write<T>(dz), begin), rows.length(chunk), channels, line(constants),
        constant(constants, MEAN), sums, sums + channels);
  });
  std::vector<double> sum(channels), product(channels);
  for (int64_t chunk = 0; chunk < rows.chunks; ++chunk) {
    const float* sums = parts + chunk * 2 * channels;
    for (int64_t channel = 0; channel < channels; ++channel) {
      sum[channel] += sums[channel];
      product[channel] += sums[channels + channel];
    }
  }
  const auto scale_gradient = floats({channels});
  const auto shift_gradient = floats({channels});
  const auto slopes = floats({SLOPES, channels});
  for (int64_t channel = 0; channel < channels; ++channel) {
    const double inverse = constant(constants, INVERSE_DEVIATION)[channel];
    const double count = static_cast<double>(rows.rows);
    write<float>(scale_gradient)[channel] = static_cast<float>(product[channel] * inverse);
    write<float>(shift_gradient)[channel] = static_cast<float>(sum[channel]);
    write<float>(slopes)[SLOPE * channels + channel] =
        static_cast<float>(-product[channel] * inverse * inverse / count);
    write<float>(slopes)[OFFSET * channels + channel] = static_cast<float>(-sum[channel] / count);
  }
  const auto dx = at::empty_like(x);
  const at::Tensor& from = dz.defined() ? dz : dy;
  const bool cut = !dz.defined();
  const InputGradient follow = {
      constant(constants, MEAN), constant(slopes, SLOPE), constant(slopes, OFFSET),
      constant(constants, SCALE)};
  for_each(rows.chunks, [&](int64_t chunk) {
    const int64_t begin = rows.begin(chunk);
    kernels<T>().input_gradient(
        read<T>(from) + begin, read<T>(x) + begin, write<T>(dx) + begin, rows.length(chunk),
        channels, line(constants), follow, cut);
  });
  return {dx, scale_gradient, shift_gradient, dz};
}

bool is_half(const at::Tensor& tensor) { return tensor.scalar_type() == at::kBFloat16; }

struct BatchNorm : torch::autograd::Function<BatchNorm> {
  static at::Tensor forward(
      AutogradContext* context,
      const at::Tensor& x,
      const at::Tensor& scale,
      const at::Tensor& shift,
      const std::optional<at::Tensor>& residual,
      const at::Tensor& running_mean,
      const at::Tensor& running_variance,
      double momentum,
      double epsilon) {
    const auto statistics = is_half(x) ? batch_statistics<Bfloat16> : batch_statistics<float>;
    const auto constants =
        statistics(x, scale, shift, running_mean, running_variance, momentum, epsilon);
    const auto y = at::empty_like(x);
    const auto apply = is_half(x) ? normalize<Bfloat16> : normalize<float>;
    apply(x, residual.value_or(at::Tensor()), y, constants);
    context->save_for_backward({x, residual.has_value() ? y : at::Tensor(), constants});
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list incoming) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "the fused batch norm has no second gradient");
    const auto saved = context->get_saved_variables();
    const auto dy = incoming[0].contiguous(at::MemoryFormat::ChannelsLast);
    const auto find = is_half(dy) ? gradients<Bfloat16> : gradients<float>;
    const Gradients found = find(dy, saved[0], saved[1], saved[2]);
    variable_list all(8);
    all[0] = found.input;
    all[1] = found.scale;
    all[2] = found.shift;
    all[3] = found.residual;
    return all;
  }
};

}  // namespace

}  // namespace resnet

// In training: normalises with the statistics of the batch and moves the running ones towards them.
// Activations are f32 or bf16, contiguous NHWC, all else f32 and contiguous, as the caller has seen to.
RESNET_EXPORT char* resnet_batch_norm(
    const at::Tensor* input,
    const at::Tensor* scale,
    const at::Tensor* shift,
    const at::Tensor* residual,
    const at::Tensor* running_mean,
    const at::Tensor* running_variance,
    double momentum,
    double epsilon,
    at::Tensor** output) {
  return resnet::guarded([&] {
    *output = resnet::to_heap(resnet::BatchNorm::apply(
        *input, *scale, *shift, resnet::optional(residual), *running_mean, *running_variance,
        momentum, epsilon));
  });
}
