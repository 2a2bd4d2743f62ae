// Registers of RESNET_LANES floats, for the files that are compiled once for each kind of processor,
// RESNET_PROCESSOR. All here is each such file's own: a function that files share might be taken by the
// linker from the file that this processor cannot run.

#pragma once

#include <cstdint>

#define RESNET_INLINE static inline __attribute__((always_inline))

namespace resnet::RESNET_PROCESSOR {

namespace {

constexpr int64_t LANES = RESNET_LANES;

typedef float Floats __attribute__((vector_size(4 * LANES)));

RESNET_INLINE Floats load(const float* at) {
  Floats values;
  __builtin_memcpy(&values, at, sizeof values);
  return values;
}

RESNET_INLINE void store(float* at, Floats values) { __builtin_memcpy(at, &values, sizeof values); }

RESNET_INLINE void clear(float* values, int64_t count) {
  for (int64_t index = 0; index < count; ++index) {
    values[index] = 0;
  }
}

}  // namespace

}  // namespace resnet::RESNET_PROCESSOR
