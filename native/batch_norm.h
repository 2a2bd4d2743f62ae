// Batch norm on NHWC activations of the CPU, in the parts that it shares with the convolution before it.

#pragma once

#include <algorithm>
#include <cstdint>

#include <ATen/core/Tensor.h>

#include "batch_norm_kernels.h"

namespace resnet {

// An activation as rows of channels, cut into chunks of at most so many rows. Sums are f32 within a
// chunk and f64 over chunks. The cuts depend on the shape alone.
struct Rows {
  Rows(const at::Tensor& activation, int64_t chunk_rows)
      : channels(activation.size(1)),
        rows(activation.numel() / channels),
        chunk_rows(chunk_rows),
        chunks((rows + chunk_rows - 1) / chunk_rows) {}

  int64_t begin(int64_t chunk) const { return chunk * chunk_rows * channels; }
  int64_t length(int64_t chunk) const { return std::min(chunk_rows, rows - chunk * chunk_rows); }

  int64_t channels;
  int64_t rows;
  int64_t chunk_rows;
  int64_t chunks;
};

// The trained and the running numbers of a batch norm, f32, [channels].
struct ChannelNumbers {
  const at::Tensor& scale;
  const at::Tensor& shift;
  const at::Tensor& running_mean;
  const at::Tensor& running_variance;
  double momentum;
  double epsilon;
};

// A tensor's numbers; null where there is no tensor.
template <typename T>
const T* read(const at::Tensor& tensor) {
  return tensor.defined() ? static_cast<const T*>(tensor.const_data_ptr()) : nullptr;
}

template <typename T>
T* write(const at::Tensor& tensor) {
  return tensor.defined() ? static_cast<T*>(tensor.mutable_data_ptr()) : nullptr;
}

at::Tensor floats(at::IntArrayRef size);

// Means and variances of the batch from `moments` of each chunk, [chunks, 2, channels]; the running
// statistics are moved towards them. What it returns is needed by all of the below.
at::Tensor batch_statistics(const Rows& rows, const at::Tensor& moments, const ChannelNumbers& numbers);

// y = the normalised x, plus the residual if there is one, cut at zero.
template <typename T>
void normalize(
    const Rows& rows,
    const at::Tensor& x,
    const at::Tensor& residual,
    const at::Tensor& y,
    const at::Tensor& statistics);

// From the gradient of the output: those of scale and shift, of the residual, and what is needed for
// the gradient of the input.
struct NormGradients {
  at::Tensor scale;
  at::Tensor shift;
  at::Tensor residual;
  at::Tensor slopes;
};

// `y` is undefined without a residual: the sign of the normalised x then says where ReLU cut.
template <typename T>
NormGradients norm_gradients(
    const Rows& rows,
    const at::Tensor& dy,
    const at::Tensor& x,
    const at::Tensor& y,
    const at::Tensor& statistics);

// The gradient of a chunk of the input.
template <typename T>
void input_gradient(
    const Rows& rows,
    int64_t chunk,
    const at::Tensor& dy,
    const at::Tensor& x,
    const at::Tensor& statistics,
    const NormGradients& gradients,
    T* dx);

}  // namespace resnet
