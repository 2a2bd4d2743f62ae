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

#include "batch_norm.h"
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

int64_t chunk_rows(const at::Tensor& activation) {
  return std::max<int64_t>(CHUNK_NUMBERS / activation.size(1), 1);
}

// Constants of each channel, a row each, from which a pass works.
enum Constant { MEAN, INVERSE_DEVIATION, SCALE, SHIFT, CONSTANTS };

const float* constant(const at::Tensor& constants, int64_t row) {
  return read<float>(constants) + row * constants.size(1);
}

Line line(const at::Tensor& constants) {
  return {constant(constants, SCALE), constant(constants, SHIFT)};
}

// The constants of `InputGradient`, a row each.
enum Slope { SLOPE, OFFSET, SLOPES };

}  // namespace

at::Tensor floats(at::IntArrayRef size) { return at::empty(size, at::kFloat); }

// Chan, Golub & LeVeque 1979: distances from the chunk's own means, so that nothing cancels.
at::Tensor batch_statistics(
    const Rows& rows, const at::Tensor& moments, const ChannelNumbers& numbers) {
  const int64_t channels = rows.channels;
  std::vector<double> mean(channels), squares(channels);
  double seen = 0;
  for (int64_t chunk = 0; chunk < rows.chunks; ++chunk) {
    const float* means = read<float>(moments) + chunk * 2 * channels;
    const double length = static_cast<double>(rows.length(chunk));
    const double share = length / (seen + length);
    for (int64_t channel = 0; channel < channels; ++channel) {
      const double distance = means[channel] - mean[channel];
      mean[channel] += distance * share;
      squares[channel] += means[channels + channel] + distance * distance * seen * share;
    }
    seen += length;
  }
  const auto statistics = floats({CONSTANTS, channels});
  float* row = write<float>(statistics);
  for (int64_t channel = 0; channel < channels; ++channel) {
    const double variance = squares[channel] / seen;
    const double inverse = 1 / std::sqrt(variance + numbers.epsilon);
    const double slope = inverse * read<float>(numbers.scale)[channel];
    row[MEAN * channels + channel] = static_cast<float>(mean[channel]);
    row[INVERSE_DEVIATION * channels + channel] = static_cast<float>(inverse);
    row[SCALE * channels + channel] = static_cast<float>(slope);
    row[SHIFT * channels + channel] =
        static_cast<float>(read<float>(numbers.shift)[channel] - mean[channel] * slope);
    const double unbiased = squares[channel] / std::max(seen - 1, 1.0);
    float& running = write<float>(numbers.running_mean)[channel];
    running = static_cast<float>(running + numbers.momentum * (mean[channel] - running));
    float& spread = write<float>(numbers.running_variance)[channel];
    spread = static_cast<float>(spread + numbers.momentum * (unbiased - spread));
  }
  return statistics;
}

template <typename T>
void normalize(
    const Rows& rows,
    const at::Tensor& x,
    const at::Tensor& residual,
    const at::Tensor& y,
    const at::Tensor& statistics) {
  for_each(rows.chunks, [&](int64_t chunk) {
    const int64_t begin = rows.begin(chunk);
    const T* added = read<T>(residual);
    kernels<T>().normalize(
        read<T>(x) + begin, added == nullptr ? nullptr : added + begin, write<T>(y) + begin,
        rows.length(chunk), rows.channels, line(statistics));
  });
}

template <typename T>
NormGradients norm_gradients(
    const Rows& rows,
    const at::Tensor& dy,
    const at::Tensor& x,
    const at::Tensor& y,
    const at::Tensor& statistics) {
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
        offset(write<T>(dz), begin), rows.length(chunk), channels, line(statistics),
        constant(statistics, MEAN), sums, sums + channels);
  });
  std::vector<double> sum(channels), product(channels);
  for (int64_t chunk = 0; chunk < rows.chunks; ++chunk) {
    const float* sums = parts + chunk * 2 * channels;
    for (int64_t channel = 0; channel < channels; ++channel) {
      sum[channel] += sums[channel];
      product[channel] += sums[channels + channel];
    }
  }
  const NormGradients found = {floats({channels}), floats({channels}), dz, floats({SLOPES, channels})};
  for (int64_t channel = 0; channel < channels; ++channel) {
    const double inverse = constant(statistics, INVERSE_DEVIATION)[channel];
    const double count = static_cast<double>(rows.rows);
    write<float>(found.scale)[channel] = static_cast<float>(product[channel] * inverse);
    write<float>(found.shift)[channel] = static_cast<float>(sum[channel]);
    write<float>(found.slopes)[SLOPE * channels + channel] =
        static_cast<float>(-product[channel] * inverse * inverse / count);
    write<float>(found.slopes)[OFFSET * channels + channel] =
        static_cast<float>(-sum[channel] / count);
  }
  return found;
}

template <typename T>
void input_gradient(
    const Rows& rows,
    int64_t chunk,
    const at::Tensor& dy,
    const at::Tensor& x,
    const at::Tensor& statistics,
    const NormGradients& gradients,
    T* dx) {
  const int64_t begin = rows.begin(chunk);
  const bool cut = !gradients.residual.defined();
  const InputGradient follow = {
      constant(statistics, MEAN), constant(gradients.slopes, SLOPE),
      constant(gradients.slopes, OFFSET), constant(statistics, SCALE)};
  kernels<T>().input_gradient(
      read<T>(cut ? dy : gradients.residual) + begin, read<T>(x) + begin, dx, rows.length(chunk),
      rows.channels, line(statistics), follow, cut);
}

// What the convolution before a batch norm needs of the above.
template void normalize<float>(
    const Rows&, const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&);
template NormGradients norm_gradients<float>(
    const Rows&, const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&);
template void input_gradient<float>(
    const Rows&, int64_t, const at::Tensor&, const at::Tensor&, const at::Tensor&,
    const NormGradients&, float*);

namespace {

// The output, and the statistics that the backward pass needs.
template <typename T>
at::Tensor forward(
    const at::Tensor& x,
    const at::Tensor& residual,
    const ChannelNumbers& numbers,
    at::Tensor& statistics) {
  const Rows rows(x, chunk_rows(x));
  const auto moments = floats({rows.chunks, 2, rows.channels});
  for_each(rows.chunks, [&](int64_t chunk) {
    float* means = write<float>(moments) + chunk * 2 * rows.channels;
    kernels<T>().moments(
        read<T>(x) + rows.begin(chunk), rows.length(chunk), rows.channels, means,
        means + rows.channels);
  });
  // Before the running statistics move: without memory nothing has happened.
  const auto y = at::empty_like(x);
  statistics = batch_statistics(rows, moments, numbers);
  normalize<T>(rows, x, residual, y, statistics);
  return y;
}

// The gradient of the input, and the others.
template <typename T>
at::Tensor backward(
    const at::Tensor& dy,
    const at::Tensor& x,
    const at::Tensor& y,
    const at::Tensor& statistics,
    NormGradients& gradients) {
  const Rows rows(x, chunk_rows(x));
  gradients = norm_gradients<T>(rows, dy, x, y, statistics);
  const auto dx = at::empty_like(x);
  for_each(rows.chunks, [&](int64_t chunk) {
    T* to = write<T>(dx) + rows.begin(chunk);
    input_gradient<T>(rows, chunk, dy, x, statistics, gradients, to);
  });
  return dx;
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
    const auto apply_to = is_half(x) ? resnet::forward<Bfloat16> : resnet::forward<float>;
    at::Tensor statistics;
    const auto y = apply_to(
        x, residual.value_or(at::Tensor()),
        {scale, shift, running_mean, running_variance, momentum, epsilon}, statistics);
    context->save_for_backward({x, residual.has_value() ? y : at::Tensor(), statistics});
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list incoming) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "the fused batch norm has no second gradient");
    const auto saved = context->get_saved_variables();
    const auto dy = incoming[0].contiguous(at::MemoryFormat::ChannelsLast);
    const auto find = is_half(dy) ? resnet::backward<Bfloat16> : resnet::backward<float>;
    NormGradients gradients;
    variable_list all(8);
    all[0] = find(dy, saved[0], saved[1], saved[2], gradients);
    all[1] = gradients.scale;
    all[2] = gradients.shift;
    all[3] = gradients.residual;
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
