// SPDX-License-Identifier: Apache-2.0
#include "rondo/losses/shared/loss.h"

#include <ATen/TensorOperators.h>

#include "rondo/base/error.h"
#include "rondo/base/nearest.h"

namespace rondo::losses {
namespace {

constexpr const LossEntry* kLosses[] = {
#define LOSS(name) &name##_entry,
#include "rondo/losses/losses.def"
#undef LOSS
};

}  // namespace

std::span<const LossEntry* const> all_losses() { return kLosses; }

std::vector<std::string> loss_names() {
  std::vector<std::string> names;
  for (const LossEntry* loss : kLosses) names.emplace_back(loss->name);
  return names;
}

const LossEntry& loss_by_name(std::string_view name) {
  for (const LossEntry* loss : kLosses) {
    if (loss->name == name) return *loss;
  }
  throw ConfigError(unknown_name_message("loss", name, loss_names()));
}

Tensor smoothed(const Tensor& p_C, const LossConfig& config) {
  return config.smoothing == 0 ? p_C : p_C * (1 - 2 * config.smoothing) + config.smoothing;
}

}  // namespace rondo::losses
