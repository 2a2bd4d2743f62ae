#include "parallel.h"

#include <ATen/TensorIterator.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

namespace resnet {

// Through an iteration over `count` bytes: at::parallel_for is a template that would have to be compiled
// with libtorch's OpenMP.
void for_each(int64_t count, c10::function_ref<void(int64_t)> body) {
  auto marks = at::empty({count}, at::kByte);
  auto iterator = at::TensorIterator::nullary_op(marks);
  const char* first = static_cast<const char*>(marks.const_data_ptr());
  const auto each = [&](char** data, const int64_t* strides, int64_t length, int64_t lines) {
    for (int64_t line = 0; line < lines; ++line) {
      for (int64_t index = 0; index < length; ++index) {
        body(data[0] + line * strides[1] + index * strides[0] - first);
      }
    }
  };
  iterator.for_each(each, /*grain_size=*/1);
}

}  // namespace resnet
