// The loops of a 3x3 convolution with stride 1 and a border of one zero, by Winograd's minimal filtering
// F(2x2, 3x3) (Lavin & Gray, "Fast Algorithms for Convolutional Neural Networks", 2016, section 4.1).
// A tile of 2x2 outputs needs 4x4 inputs. Image and kernel are transformed to 16 points each, at which
// a convolution is a product of matrices: 16 multiplications for four outputs instead of 36.
//
// Activations are f32, NHWC, of even height and width; channels come in groups of CHANNEL_GROUP.
// Kernels are [outputs][3][3][inputs]. The order of the additions is fixed by the shape alone.

#pragma once

#include <cstdint>

namespace resnet {

// The number of channels must be a multiple of this.
constexpr int64_t CHANNEL_GROUP = 16;

// Products of two transformed numbers in a tile.
constexpr int64_t POINTS = 16;

// An activation [height][width][inputs] that becomes [height][width][outputs].
struct ConvolutionShape {
  int64_t height;
  int64_t width;
  int64_t inputs;
  int64_t outputs;
};

struct WinogradKernels {
  // How many floats `convolve` and `accumulate` need to work in.
  int64_t (*scratch)(ConvolutionShape shape);

  // The kernels of the outputs from `first` to before `last`, a whole number of groups, for a forward
  // pass: into [POINTS][inputs][outputs].
  void (*transform_kernel)(
      const float* kernel, float* points, int64_t inputs, int64_t outputs, int64_t first,
      int64_t last);

  // The same for the gradient of the activation, which is a convolution of the output's gradient with
  // the kernel turned by 180 degrees: into [POINTS][outputs][inputs].
  void (*transform_turned_kernel)(
      const float* kernel, float* points, int64_t inputs, int64_t outputs, int64_t first,
      int64_t last);

  // y = x * kernel + bias of one image. `bias` may be null.
  void (*convolve)(
      const float* x, const float* points, const float* bias, float* y, ConvolutionShape shape,
      float* scratch);

  // Adds one image's part of the gradient of the transformed kernel to sums[POINTS][outputs][inputs],
  // or begins them with it.
  void (*accumulate)(
      const float* x, const float* dy, bool first_image, float* sums, ConvolutionShape shape,
      float* scratch);

  // The gradient of the kernels of some outputs, from all of the `count` sums that lie one after the
  // other.
  void (*kernel_gradient)(
      const float* sums, int64_t count, float* gradient, int64_t inputs, int64_t outputs,
      int64_t first, int64_t last);
};

}  // namespace resnet
