// Batch norm's loops over a chunk: some rows of an NHWC activation, a row being the channels of one
// pixel. They know nothing of libtorch, threads or memory.
//
// Sums are in f32 over a chunk; who calls them adds up the chunks in f64. The order of the additions is
// fixed by the shape alone, and nothing is contracted to fused multiply-adds, so a number depends
// neither on the processor nor on the threads.

#pragma once

#include <cstdint>

namespace resnet {

// The upper half of an f32.
struct Bfloat16 {
  uint16_t bits;
};

// The number of channels must be a multiple of this.
constexpr int64_t CHANNEL_MULTIPLE = 16;

// A channel's values become x * scale + shift.
struct Line {
  const float* scale;
  const float* shift;
};

// A channel's gradients: dx = (dz + (x - mean) * slope + offset) * scale.
struct InputGradient {
  const float* mean;
  const float* slope;
  const float* offset;
  const float* scale;
};

template <typename T>
struct Kernels {
  // Means of each channel, and sums of the squared distances from them.
  void (*moments)(const T* x, int64_t rows, int64_t channels, float* means, float* squares);

  // y = line(x) + residual, cut at 0. `residual` may be null.
  void (*normalize)(
      const T* x, const T* residual, T* y, int64_t rows, int64_t channels, Line line);

  // The sums of dz and of dz * (x - mean), dz being dy where the output was positive, else 0. With a
  // residual, `y` is the output and dz is written; without, both are null and line(x) is the output.
  void (*parameter_gradients)(
      const T* dy, const T* x, const T* y, T* dz, int64_t rows, int64_t channels, Line line,
      const float* mean, float* sums, float* products);

  // dx. `cut` says that dz is to be found from dy and line(x) as above; else it is dy.
  void (*input_gradient)(
      const T* dy, const T* x, T* dx, int64_t rows, int64_t channels, Line line,
      InputGradient gradient, bool cut);
};

// The fastest that this processor runs.
template <typename T>
const Kernels<T>& kernels();
template <>
const Kernels<float>& kernels();
template <>
const Kernels<Bfloat16>& kernels();

}  // namespace resnet
