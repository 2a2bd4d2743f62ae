// Switches of libtorch that tch does not reach.

#include <cstdint>
#include <cstdlib>

#if defined(__linux__)
#include <malloc.h>
#endif

#include <ATen/Context.h>
#include <ATen/DeviceAccelerator.h>
#include <torch/headeronly/version.h>

#include "boundary.h"

RESNET_EXPORT void resnet_free_message(char* message) { std::free(message); }

RESNET_EXPORT const char* resnet_libtorch_version() { return TORCH_VERSION; }

// glibc gives large blocks back to the system as soon as they are free, one by one: every step the
// kernel would clear the same pages anew. One arena, without mmap and without trimming, keeps them.
RESNET_EXPORT void resnet_keep_memory() {
#if defined(__GLIBC__)
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, -1);
#endif
}

RESNET_EXPORT void resnet_return_memory() {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

// Whether the processor can; off leaves denormal numbers as IEEE has them.
RESNET_EXPORT bool resnet_flush_denormal(bool on) { return at::globalContext().setFlushDenormal(on); }

RESNET_EXPORT char* resnet_set_tf32(bool allowed) {
  return resnet::guarded([&] {
    at::globalContext().setAllowTF32CuDNN(allowed);
    at::globalContext().setAllowTF32CuBLAS(allowed);
  });
}

RESNET_EXPORT char* resnet_set_determinism(bool deterministic) {
  return resnet::guarded([&] {
    at::globalContext().setDeterministicCuDNN(deterministic);
    // Warn only: an operation without a deterministic form must not end a run.
    at::globalContext().setDeterministicAlgorithms(deterministic, /*warn_only=*/true);
    // Searching for the fastest kernel may find another one each time.
    at::globalContext().setBenchmarkCuDNN(!deterministic);
  });
}

// The most memory that tensors took on a CUDA device since the last reset, in bytes.
RESNET_EXPORT char* resnet_cuda_peak_memory(int32_t device, bool reset, int64_t* bytes) {
  return resnet::guarded([&] {
    auto* allocator = at::getDeviceAllocator(c10::kCUDA);
    const auto index = static_cast<c10::DeviceIndex>(device);
    const auto all = static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE);
    *bytes = allocator->getDeviceStats(index).allocated_bytes[all].peak;
    if (reset) {
      allocator->resetPeakStats(index);
    }
  });
}
