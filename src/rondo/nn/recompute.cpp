// SPDX-License-Identifier: Apache-2.0
#include "rondo/nn/recompute.h"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

namespace rondo::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using Block = std::function<Tensor(const Tensor&)>;

struct BlockHolder : torch::CustomClassHolder {
  explicit BlockHolder(Block b) : block(std::move(b)) {}
  Block block;
};

struct Recompute : torch::autograd::Function<Recompute> {
  static Tensor forward(AutogradContext* context, const Tensor& x_ND, const Tensor& /*anchor*/, const Block& block) {
    context->save_for_backward({x_ND});
    context->saved_data["block"] = c10::IValue::make_capsule(c10::make_intrusive<BlockHolder>(block));
    const at::NoGradGuard no_grad;
    return block(x_ND);
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const auto holder = c10::static_intrusive_pointer_cast<BlockHolder>(context->saved_data["block"].toCapsule());
    const Tensor x_ND = context->get_saved_variables()[0].detach().requires_grad_(true);
    const at::AutoGradMode with_grad(true);
    // Parameters of the block receive their gradients from this inner pass directly.
    torch::autograd::backward({holder->block(x_ND)}, {grads[0]});
    return {x_ND.grad(), Tensor(), Tensor()};
  }
};

}  // namespace

Tensor recompute(const Block& block, const Tensor& x_ND, const Tensor& anchor) {
  return Recompute::apply(x_ND, anchor, block);
}

}  // namespace rondo::nn
