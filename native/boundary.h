// What every function that Rust calls has in common.
//
// They return nullptr, or a message that the caller frees with resnet_free_message. No exception leaves
// them: unwinding into Rust is undefined.

#pragma once

#include <cstring>
#include <exception>

#include <ATen/core/Tensor.h>

#define RESNET_EXPORT extern "C" __attribute__((visibility("default")))

namespace resnet {

template <typename Body>
char* guarded(const Body& body) noexcept {
  try {
    body();
    return nullptr;
  } catch (const c10::Error& error) {
    // Without libtorch's call stack, which helps nobody here.
    return strdup(error.what_without_backtrace());
  } catch (const std::exception& error) {
    return strdup(error.what());
  } catch (...) {
    return strdup("libtorch failed without a message");
  }
}

// A tensor as tch keeps it: on the heap, freed by `delete`.
inline at::Tensor* to_heap(at::Tensor tensor) { return new at::Tensor(std::move(tensor)); }

inline std::optional<at::Tensor> optional(const at::Tensor* tensor) {
  return tensor == nullptr ? std::nullopt : std::make_optional(*tensor);
}

}  // namespace resnet
