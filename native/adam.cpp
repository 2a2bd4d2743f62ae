// libtorch's fused Adam.

#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/full.h>
#include <c10/core/GradMode.h>

#include "boundary.h"

// One update in place: w -= rate / (1 - beta_1^t) * m / (sqrt(v) / sqrt(1 - beta_2^t) + epsilon).
RESNET_EXPORT char* resnet_fused_adam(
    const at::Tensor* parameters,
    const at::Tensor* gradient,
    const at::Tensor* first_moment,
    const at::Tensor* second_moment,
    double step,
    double rate,
    double beta_1,
    double beta_2,
    double epsilon) {
  return resnet::guarded([&] {
    const c10::NoGradGuard no_gradients;
    const auto count = at::full({}, step, parameters->options().requires_grad(false));
    at::_fused_adam_(
        {*parameters},
        {*gradient},
        {*first_moment},
        {*second_moment},
        /*max_exp_avg_sqs=*/{},
        {count},
        rate,
        beta_1,
        beta_2,
        /*weight_decay=*/0.0,
        epsilon,
        /*amsgrad=*/false,
        /*maximize=*/false);
  });
}
