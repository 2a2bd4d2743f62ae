// Work on libtorch's own threads.

#pragma once

#include <cstdint>

#include <c10/util/FunctionRef.h>

namespace resnet {

// Calls body(index) for every index below `count`, on as many threads as libtorch computes with. Who
// gets which index is not said.
void for_each(int64_t count, c10::function_ref<void(int64_t)> body);

}  // namespace resnet
