// Compiled once for each kind of processor, with RESNET_PROCESSOR naming it and RESNET_LANES the floats
// of a register. Of headers with functions only registers.h may be included, which says why.

#include "batch_norm_kernels.h"
#include "registers.h"

namespace resnet::RESNET_PROCESSOR {

namespace {

static_assert(CHANNEL_MULTIPLE % LANES == 0);

typedef int32_t Mask __attribute__((vector_size(4 * LANES)));
typedef uint32_t Words __attribute__((vector_size(4 * LANES)));
typedef uint16_t Halves __attribute__((vector_size(2 * LANES)));

// Rows that share one load of a channel's constants and sums.
constexpr int64_t TILE = 4;

RESNET_INLINE Floats load(const Bfloat16* at) {
  Halves halves;
  __builtin_memcpy(&halves, at, sizeof halves);
  return (Floats)(__builtin_convertvector(halves, Words) << 16);
}

// To the nearest, ties to even. The processor's own "no number", and any that was a bf16, stays none.
RESNET_INLINE void store(Bfloat16* at, Floats values) {
  const Words words = (Words)values;
  const Words rounded = (words + 0x7fff + ((words >> 16) & 1)) >> 16;
  const Halves halves = __builtin_convertvector(rounded, Halves);
  __builtin_memcpy(at, &halves, sizeof halves);
}

RESNET_INLINE Floats where(Mask mask, Floats values) { return (Floats)(mask & (Mask)values); }

// What is no number is not positive, and becomes none: a broken run must show.
RESNET_INLINE Floats relu(Floats values) { return where(!(values <= 0), values); }

// Calls body(rows, offset of the values, channel) for every group of lanes of every tile.
template <typename Body>
RESNET_INLINE void for_tiles(int64_t rows, int64_t channels, Body body) {
  int64_t row = 0;
  for (; row + TILE <= rows; row += TILE) {
    for (int64_t channel = 0; channel < channels; channel += LANES) {
      body(TILE, row * channels + channel, channel);
    }
  }
  for (; row < rows; ++row) {
    for (int64_t channel = 0; channel < channels; channel += LANES) {
      body(1, row * channels + channel, channel);
    }
  }
}

#define RESNET_BODY [&](int64_t tile, int64_t at, int64_t channel) __attribute__((always_inline))

template <typename T>
void moments(const T* x, int64_t rows, int64_t channels, float* means, float* squares) {
  clear(means, channels);
  for_tiles(rows, channels, RESNET_BODY {
    Floats sum = load(means + channel);
    for (int64_t row = 0; row < tile; ++row) {
      sum += load(x + at + row * channels);
    }
    store(means + channel, sum);
  });
  for (int64_t channel = 0; channel < channels; ++channel) {
    means[channel] /= static_cast<float>(rows);
  }
  clear(squares, channels);
  for_tiles(rows, channels, RESNET_BODY {
    const Floats mean = load(means + channel);
    Floats sum = load(squares + channel);
    for (int64_t row = 0; row < tile; ++row) {
      const Floats distance = load(x + at + row * channels) - mean;
      sum += distance * distance;
    }
    store(squares + channel, sum);
  });
}

template <bool RESIDUAL, typename T>
RESNET_INLINE void normalize_rows(
    const T* x, const T* residual, T* y, int64_t rows, int64_t channels, Line line) {
  for_tiles(rows, channels, RESNET_BODY {
    const Floats scale = load(line.scale + channel);
    const Floats shift = load(line.shift + channel);
    for (int64_t row = 0; row < tile; ++row) {
      const int64_t place = at + row * channels;
      Floats value = load(x + place) * scale + shift;
      if constexpr (RESIDUAL) {
        value += load(residual + place);
      }
      store(y + place, relu(value));
    }
  });
}

template <typename T>
void normalize(const T* x, const T* residual, T* y, int64_t rows, int64_t channels, Line line) {
  residual == nullptr ? normalize_rows<false>(x, residual, y, rows, channels, line)
                      : normalize_rows<true>(x, residual, y, rows, channels, line);
}

template <bool RESIDUAL, typename T>
RESNET_INLINE void parameter_gradient_rows(
    const T* dy, const T* x, const T* y, T* dz, int64_t rows, int64_t channels, Line line,
    const float* mean, float* sums, float* products) {
  for_tiles(rows, channels, RESNET_BODY {
    const Floats scale = load(line.scale + channel);
    const Floats shift = load(line.shift + channel);
    const Floats centre = load(mean + channel);
    Floats sum = load(sums + channel);
    Floats product = load(products + channel);
    for (int64_t row = 0; row < tile; ++row) {
      const int64_t place = at + row * channels;
      const Floats value = load(x + place);
      const Floats output = RESIDUAL ? load(y + place) : value * scale + shift;
      const Floats gradient = where(output > 0, load(dy + place));
      if constexpr (RESIDUAL) {
        store(dz + place, gradient);
      }
      sum += gradient;
      product += gradient * (value - centre);
    }
    store(sums + channel, sum);
    store(products + channel, product);
  });
}

template <typename T>
void parameter_gradients(
    const T* dy, const T* x, const T* y, T* dz, int64_t rows, int64_t channels, Line line,
    const float* mean, float* sums, float* products) {
  clear(sums, channels);
  clear(products, channels);
  y == nullptr
      ? parameter_gradient_rows<false>(
            dy, x, y, dz, rows, channels, line, mean, sums, products)
      : parameter_gradient_rows<true>(
            dy, x, y, dz, rows, channels, line, mean, sums, products);
}

template <bool CUT, typename T>
RESNET_INLINE void input_gradient_rows(
    const T* dy, const T* x, T* dx, int64_t rows, int64_t channels, Line line,
    InputGradient constants) {
  for_tiles(rows, channels, RESNET_BODY {
    const Floats line_scale = load(line.scale + channel);
    const Floats line_shift = load(line.shift + channel);
    const Floats mean = load(constants.mean + channel);
    const Floats slope = load(constants.slope + channel);
    const Floats offset = load(constants.offset + channel);
    const Floats scale = load(constants.scale + channel);
    for (int64_t row = 0; row < tile; ++row) {
      const int64_t place = at + row * channels;
      const Floats value = load(x + place);
      Floats gradient = load(dy + place);
      if constexpr (CUT) {
        gradient = where(value * line_scale + line_shift > 0, gradient);
      }
      store(dx + place, (gradient + (value - mean) * slope + offset) * scale);
    }
  });
}

template <typename T>
void input_gradient(
    const T* dy, const T* x, T* dx, int64_t rows, int64_t channels, Line line,
    InputGradient constants, bool cut) {
  cut ? input_gradient_rows<true>(dy, x, dx, rows, channels, line, constants)
      : input_gradient_rows<false>(dy, x, dx, rows, channels, line, constants);
}

}  // namespace

extern const Kernels<float> f32;
const Kernels<float> f32 = {moments, normalize, parameter_gradients, input_gradient};

extern const Kernels<Bfloat16> bf16;
const Kernels<Bfloat16> bf16 = {moments, normalize, parameter_gradients, input_gradient};

}  // namespace resnet::RESNET_PROCESSOR
