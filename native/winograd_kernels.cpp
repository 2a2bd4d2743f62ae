// Compiled once for each kind of processor, with RESNET_PROCESSOR naming it and RESNET_LANES the floats
// of a register. Of headers with functions only registers.h may be included, which says why.

#include "winograd_kernels.h"
#include "registers.h"

namespace resnet::RESNET_PROCESSOR {

namespace {

// Registers of a group of channels.
constexpr int64_t REGISTERS = CHANNEL_GROUP / LANES;
static_assert(CHANNEL_GROUP % LANES == 0);

// Rows of a product that are summed up in registers at once: eight sums hide the time that an addition
// takes.
constexpr int64_t ROWS = 8 / REGISTERS;
static_assert(CHANNEL_GROUP % ROWS == 0);

// Tiles that are transformed together: enough that a kernel's points are read seldom, few enough that
// the tiles' points stay in a core's own cache. 16, 32 and 64 were measured.
constexpr int64_t TILES = 32;

// Floats between one point's matrix and the next, beyond its length: at multiples of 4 KiB all 16
// would share the same few lines of the cache.
constexpr int64_t GAP = 16;

// How an image is cut into groups of rows of tiles, and where their points lie in the scratch.
struct Plan {
  explicit Plan(ConvolutionShape shape)
      : across(shape.width / 2),
        rows(shape.height / 2),
        group(TILES / across > 1 ? TILES / across : 1),
        zeros(shape.width * shape.inputs),
        input_stride(group * across * shape.inputs + GAP),
        output_stride(group * across * shape.outputs + GAP) {}

  int64_t end(int64_t first) const { return first + group < rows ? first + group : rows; }

  // Tiles in a row, rows of tiles, and of those in a group.
  int64_t across;
  int64_t rows;
  int64_t group;
  // The scratch: a row of zeros, the points of the inputs, the points of the outputs.
  int64_t zeros;
  int64_t input_stride;
  int64_t output_stride;
};

int64_t scratch(ConvolutionShape shape) {
  const Plan plan(shape);
  return plan.zeros + POINTS * (plan.input_stride + plan.output_stride);
}

// B'dB of a row of tiles, B' being (1 0 -1 0, 0 1 1 0, 0 -1 1 0, 0 1 0 -1). Neighbours share half of
// their columns, so a column is transformed once.
RESNET_INLINE void transform_input(
    const float* image, int64_t row, ConvolutionShape shape, const float* zeros, float* points,
    int64_t stride) {
  const int64_t channels = shape.inputs;
  const float* lines[4];
  for (int64_t line = 0; line < 4; ++line) {
    const int64_t y = 2 * row - 1 + line;
    const bool inside = y >= 0 && y < shape.height;
    lines[line] = inside ? image + y * shape.width * channels : zeros;
  }
  const int64_t across = shape.width / 2;
  for (int64_t channel = 0; channel < channels; channel += LANES) {
    const auto column = [&](int64_t x, Floats* into) __attribute__((always_inline)) {
      const int64_t at = x * channels + channel;
      const Floats first = load(lines[0] + at), second = load(lines[1] + at);
      const Floats third = load(lines[2] + at), fourth = load(lines[3] + at);
      into[0] = first - third;
      into[1] = second + third;
      into[2] = third - second;
      into[3] = second - fourth;
    };
    Floats columns[4][4] = {};
    column(0, columns[1]);
    float* to = points + channel;
    for (int64_t tile = 0; tile < across; ++tile) {
      column(2 * tile + 1, columns[2]);
      if (tile + 1 < across) {
        column(2 * tile + 2, columns[3]);
      } else {
        for (int64_t line = 0; line < 4; ++line) {
          columns[3][line] = Floats{};
        }
      }
      for (int64_t line = 0; line < 4; ++line) {
        store(to + (4 * line + 0) * stride, columns[0][line] - columns[2][line]);
        store(to + (4 * line + 1) * stride, columns[1][line] + columns[2][line]);
        store(to + (4 * line + 2) * stride, columns[2][line] - columns[1][line]);
        store(to + (4 * line + 3) * stride, columns[1][line] - columns[3][line]);
        columns[0][line] = columns[2][line];
        columns[1][line] = columns[3][line];
      }
      to += channels;
    }
  }
}

// A'MA of a row of tiles, A' being (1 1 1 0, 0 1 -1 -1).
RESNET_INLINE void transform_output(
    const float* points, int64_t stride, const float* bias, float* image, int64_t row,
    ConvolutionShape shape) {
  const int64_t channels = shape.outputs;
  float* upper = image + 2 * row * shape.width * channels;
  float* lower = upper + shape.width * channels;
  for (int64_t tile = 0; tile < shape.width / 2; ++tile) {
    for (int64_t channel = 0; channel < channels; channel += LANES) {
      const float* from = points + tile * channels + channel;
      Floats top[4], bottom[4];
      for (int64_t column = 0; column < 4; ++column) {
        const Floats first = load(from + column * stride);
        const Floats second = load(from + (4 + column) * stride);
        const Floats third = load(from + (8 + column) * stride);
        const Floats fourth = load(from + (12 + column) * stride);
        top[column] = first + (second + third);
        bottom[column] = (second - third) - fourth;
      }
      const Floats shift = bias == nullptr ? Floats{} : load(bias + channel);
      const int64_t at = 2 * tile * channels + channel;
      store(upper + at, top[0] + (top[1] + top[2]) + shift);
      store(upper + at + channels, (top[1] - top[2]) - top[3] + shift);
      store(lower + at, bottom[0] + (bottom[1] + bottom[2]) + shift);
      store(lower + at + channels, (bottom[1] - bottom[2]) - bottom[3] + shift);
    }
  }
}

// AeA' of a row of tiles: what the gradient of a tile's outputs gives to its points.
RESNET_INLINE void transform_gradient(
    const float* image, int64_t row, ConvolutionShape shape, float* points, int64_t stride) {
  const int64_t channels = shape.outputs;
  const float* upper = image + 2 * row * shape.width * channels;
  const float* lower = upper + shape.width * channels;
  for (int64_t tile = 0; tile < shape.width / 2; ++tile) {
    for (int64_t channel = 0; channel < channels; channel += LANES) {
      const int64_t at = 2 * tile * channels + channel;
      const Floats a = load(upper + at), b = load(upper + at + channels);
      const Floats c = load(lower + at), d = load(lower + at + channels);
      const Floats left[4] = {a, a + c, a - c, -c};
      const Floats right[4] = {b, b + d, b - d, -d};
      float* to = points + tile * channels + channel;
      for (int64_t line = 0; line < 4; ++line) {
        store(to + (4 * line + 0) * stride, left[line]);
        store(to + (4 * line + 1) * stride, left[line] + right[line]);
        store(to + (4 * line + 2) * stride, left[line] - right[line]);
        store(to + (4 * line + 3) * stride, -right[line]);
      }
    }
  }
}

// A matrix in memory: the distance from a row to the next, and from a column to the next.
struct Matrix {
  const float* at;
  int64_t row;
  int64_t column;
};

// product[COUNT][CHANNEL_GROUP] = left[COUNT][depth] right[depth][CHANNEL_GROUP], or with ADD that is added
// to the product. Columns of `right` and of the product lie side by side.
template <int64_t COUNT, bool ADD>
RESNET_INLINE void multiply(
    Matrix left, const float* right, int64_t right_row, int64_t depth, float* product,
    int64_t product_row) {
  // Without knowing it, GCC prepares the sums for no depth at all: in memory, not in registers.
  if (depth < 1) {
    __builtin_unreachable();
  }
  Floats sums[COUNT][REGISTERS];
  for (int64_t row = 0; row < COUNT; ++row) {
    for (int64_t part = 0; part < REGISTERS; ++part) {
      sums[row][part] = ADD ? load(product + row * product_row + part * LANES) : Floats{};
    }
  }
  for (int64_t index = 0; index < depth; ++index) {
    for (int64_t part = 0; part < REGISTERS; ++part) {
      const Floats factor = load(right + index * right_row + part * LANES);
      for (int64_t row = 0; row < COUNT; ++row) {
        sums[row][part] += left.at[row * left.row + index * left.column] * factor;
      }
    }
  }
  for (int64_t row = 0; row < COUNT; ++row) {
    for (int64_t part = 0; part < REGISTERS; ++part) {
      store(product + row * product_row + part * LANES, sums[row][part]);
    }
  }
}

void convolve(
    const float* x, const float* kernel, const float* bias, float* y, ConvolutionShape shape,
    float* zeros) {
  const Plan plan(shape);
  float* inputs = zeros + plan.zeros;
  float* outputs = inputs + POINTS * plan.input_stride;
  clear(zeros, plan.zeros);
  for (int64_t first = 0; first < plan.rows; first = plan.end(first)) {
    const int64_t rows = plan.end(first) - first;
    for (int64_t row = 0; row < rows; ++row) {
      float* to = inputs + row * plan.across * shape.inputs;
      transform_input(x, first + row, shape, zeros, to, plan.input_stride);
    }
    const int64_t tiles = rows * plan.across;
    for (int64_t point = 0; point < POINTS; ++point) {
      const float* left = inputs + point * plan.input_stride;
      const float* right = kernel + point * shape.inputs * shape.outputs;
      float* product = outputs + point * plan.output_stride;
      for (int64_t output = 0; output < shape.outputs; output += CHANNEL_GROUP) {
        const auto rows_from = [&](int64_t tile, auto multiply_rows) __attribute__((always_inline)) {
          multiply_rows(
              Matrix{left + tile * shape.inputs, shape.inputs, 1}, right + output, shape.outputs,
              shape.inputs, product + tile * shape.outputs + output, shape.outputs);
        };
        int64_t tile = 0;
        for (; tile + ROWS <= tiles; tile += ROWS) {
          rows_from(tile, multiply<ROWS, false>);
        }
        for (; tile < tiles; ++tile) {
          rows_from(tile, multiply<1, false>);
        }
      }
    }
    for (int64_t row = 0; row < rows; ++row) {
      const float* from = outputs + row * plan.across * shape.outputs;
      transform_output(from, plan.output_stride, bias, y, first + row, shape);
    }
  }
}

void accumulate(
    const float* x, const float* dy, bool first_image, float* sums, ConvolutionShape shape,
    float* zeros) {
  const Plan plan(shape);
  float* inputs = zeros + plan.zeros;
  float* outputs = inputs + POINTS * plan.input_stride;
  clear(zeros, plan.zeros);
  for (int64_t first = 0; first < plan.rows; first = plan.end(first)) {
    const int64_t rows = plan.end(first) - first;
    for (int64_t row = 0; row < rows; ++row) {
      float* to = inputs + row * plan.across * shape.inputs;
      transform_input(x, first + row, shape, zeros, to, plan.input_stride);
      to = outputs + row * plan.across * shape.outputs;
      transform_gradient(dy, first + row, shape, to, plan.output_stride);
    }
    for (int64_t point = 0; point < POINTS; ++point) {
      const float* left = outputs + point * plan.output_stride;
      const float* right = inputs + point * plan.input_stride;
      float* product = sums + point * shape.outputs * shape.inputs;
      for (int64_t input = 0; input < shape.inputs; input += CHANNEL_GROUP) {
        for (int64_t output = 0; output < shape.outputs; output += ROWS) {
          const auto sum_up = [&](auto multiply_rows) __attribute__((always_inline)) {
            // The sum is over tiles, which are the rows of both.
            multiply_rows(
                Matrix{left + output, 1, shape.outputs}, right + input, shape.inputs,
                rows * plan.across, product + output * shape.inputs + input, shape.inputs);
          };
          first_image && first == 0 ? sum_up(multiply<ROWS, false>) : sum_up(multiply<ROWS, true>);
        }
      }
    }
  }
}

// GgG', G being (1 0 0, 1/2 1/2 1/2, 1/2 -1/2 1/2, 0 0 1).
RESNET_INLINE void transform(const Floats kernel[3][3], Floats points[4][4]) {
  Floats lines[4][3];
  for (int64_t column = 0; column < 3; ++column) {
    const Floats ends = kernel[0][column] + kernel[2][column];
    lines[0][column] = kernel[0][column];
    lines[1][column] = (ends + kernel[1][column]) * 0.5f;
    lines[2][column] = (ends - kernel[1][column]) * 0.5f;
    lines[3][column] = kernel[2][column];
  }
  for (int64_t line = 0; line < 4; ++line) {
    const Floats ends = lines[line][0] + lines[line][2];
    points[line][0] = lines[line][0];
    points[line][1] = (ends + lines[line][1]) * 0.5f;
    points[line][2] = (ends - lines[line][1]) * 0.5f;
    points[line][3] = lines[line][2];
  }
}

// The nine numbers of the kernel from `input` to `output`, for a register of inputs.
RESNET_INLINE const float* place(
    const float* kernel, int64_t inputs, int64_t output, int64_t number, int64_t input) {
  return kernel + (output * 9 + number) * inputs + input;
}

void transform_kernel(
    const float* kernel, float* points, int64_t inputs, int64_t outputs, int64_t first,
    int64_t last) {
  // Registers hold inputs, and a row of the result outputs: they are turned here.
  float block[POINTS][LANES][CHANNEL_GROUP];
  for (int64_t group = first; group < last; group += CHANNEL_GROUP) {
    for (int64_t input = 0; input < inputs; input += LANES) {
      for (int64_t output = 0; output < CHANNEL_GROUP; ++output) {
        Floats numbers[3][3], transformed[4][4];
        for (int64_t number = 0; number < 9; ++number) {
          numbers[number / 3][number % 3] =
              load(place(kernel, inputs, group + output, number, input));
        }
        transform(numbers, transformed);
        for (int64_t point = 0; point < POINTS; ++point) {
          for (int64_t lane = 0; lane < LANES; ++lane) {
            block[point][lane][output] = transformed[point / 4][point % 4][lane];
          }
        }
      }
      for (int64_t point = 0; point < POINTS; ++point) {
        for (int64_t lane = 0; lane < LANES; ++lane) {
          float* to = points + (point * inputs + input + lane) * outputs + group;
          __builtin_memcpy(to, block[point][lane], sizeof block[point][lane]);
        }
      }
    }
  }
}

void transform_turned_kernel(
    const float* kernel, float* points, int64_t inputs, int64_t outputs, int64_t first,
    int64_t last) {
  for (int64_t output = first; output < last; ++output) {
    for (int64_t input = 0; input < inputs; input += LANES) {
      Floats numbers[3][3], transformed[4][4];
      for (int64_t number = 0; number < 9; ++number) {
        numbers[2 - number / 3][2 - number % 3] =
            load(place(kernel, inputs, output, number, input));
      }
      transform(numbers, transformed);
      for (int64_t point = 0; point < POINTS; ++point) {
        store(
            points + (point * outputs + output) * inputs + input,
            transformed[point / 4][point % 4]);
      }
    }
  }
}

// G'SG, from the sums S.
void kernel_gradient(
    const float* sums, int64_t count, float* gradient, int64_t inputs, int64_t outputs,
    int64_t first, int64_t last) {
  for (int64_t output = first; output < last; ++output) {
    for (int64_t input = 0; input < inputs; input += LANES) {
      Floats points[4][4] = {};
      for (int64_t index = 0; index < count; ++index) {
        for (int64_t point = 0; point < POINTS; ++point) {
          const int64_t row = (index * POINTS + point) * outputs + output;
          points[point / 4][point % 4] += load(sums + row * inputs + input);
        }
      }
      Floats lines[3][4];
      for (int64_t column = 0; column < 4; ++column) {
        const Floats second = points[1][column] * 0.5f, third = points[2][column] * 0.5f;
        lines[0][column] = points[0][column] + (second + third);
        lines[1][column] = second - third;
        lines[2][column] = (second + third) + points[3][column];
      }
      for (int64_t line = 0; line < 3; ++line) {
        const Floats second = lines[line][1] * 0.5f, third = lines[line][2] * 0.5f;
        float* to = gradient + (output * 9 + 3 * line) * inputs + input;
        store(to, lines[line][0] + (second + third));
        store(to + inputs, second - third);
        store(to + 2 * inputs, (second + third) + lines[line][3]);
      }
    }
  }
}

}  // namespace

extern const WinogradKernels winograd;
const WinogradKernels winograd = {
    scratch, transform_kernel, transform_turned_kernel, convolve, accumulate, kernel_gradient};

}  // namespace resnet::RESNET_PROCESSOR
