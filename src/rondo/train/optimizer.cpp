// SPDX-License-Identifier: Apache-2.0
#include "rondo/train/optimizer.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/baddbmm.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "rondo/base/error.h"
#include "rondo/nn/lora.h"

namespace rondo::train {
namespace {

// Quintic coefficients of Jordan et al. 2024: steepest at 0 among those that keep singular values near 1.
constexpr double kA = 3.4445, kB = -4.7750, kC = 2.0315;
constexpr int kNewtonSchulzSteps = 5;
constexpr double kMuonScale = 0.2;  // arXiv:2502.16982 sec. 2.2: root mean square of an AdamW update
constexpr double kSmallestNorm = 1e-12;

// Vectors are biases and the weights of norms: pulling them to 0 is no prior that anyone holds.
bool decays(const Tensor& value) { return value.dim() >= 2; }

}  // namespace

Tensor orthogonalise(const Tensor& matrices) {
  const bool tall = matrices.size(1) > matrices.size(2);
  Tensor x = tall ? matrices.transpose(1, 2) : matrices;
  x = x / at::linalg_vector_norm(x, 2, at::IntArrayRef{1, 2}, /*keepdim=*/true).clamp_min(kSmallestNorm);
  for (int i = 0; i < kNewtonSchulzSteps; ++i) {
    const Tensor gram = at::bmm(x, x.transpose(1, 2));
    const Tensor poly = at::baddbmm(gram, gram, gram, kB, kC);
    x = at::baddbmm(x, poly, x, kA, 1);
  }
  return tall ? x.transpose(1, 2) : x;
}

Optimizer::Optimizer(const nn::ParameterSet& parameters, const OptimizerOptions& options, const OptimizerRoles& roles)
    : options_(options) {
  for (const nn::Parameter& p : parameters.all()) {
    if (!p.value.requires_grad()) continue;
    if (options.kind == "muon" && nn::is_lora(p.name))
      throw ConfigError("`optimizer` muon has no matrix to train: adapters freeze those of the blocks; use adamw");
    const Tensor data = p.value.detach();
    const bool is_wide = data.scalar_type() != at::kBFloat16 && data.scalar_type() != at::kHalf;
    trained_.push_back({p.name, p.value, is_wide ? data : data.to(at::kFloat), {}});
    const size_t index = trained_.size() - 1;
    if (options.kind == "muon" && roles.is_block_matrix(p.name)) {
      add_to_bucket(index);
    } else {
      add_to(group_of(roles.is_head(p.name) ? options.head_factor : 1, decays(data) ? options.weight_decay : 0), index);
    }
  }
  if (trained_.empty()) throw ConfigError("nothing to train: every parameter is frozen; give fewer `freeze` patterns");
  if (options.kind == "muon" && buckets_.empty())
    throw ConfigError("`optimizer` muon has no matrix to train: those of the blocks are frozen; use adamw");
  for (MuonBucket& bucket : buckets_) {
    const Tensor& like = trained_[bucket.members.front()].master;
    bucket.momentum =
        at::zeros({static_cast<int64_t>(bucket.members.size()), like.size(0), like.size(1)}, like.options());
  }
}

void Optimizer::add_to_bucket(size_t index) {
  const auto shape_of = [&](size_t member) { return trained_[member].master.sizes(); };
  const auto same = [&](const MuonBucket& bucket) { return shape_of(bucket.members.front()) == shape_of(index); };
  const auto found = std::find_if(buckets_.begin(), buckets_.end(), same);
  (found == buckets_.end() ? buckets_.emplace_back() : *found).members.push_back(index);
}

std::vector<std::string> Optimizer::muon_names() const {
  std::vector<std::string> names;
  for (const MuonBucket& bucket : buckets_) {
    for (const size_t member : bucket.members) names.push_back(trained_[member].name);
  }
  return names;
}

std::string Optimizer::summary() const {
  const size_t by_muon = muon_names().size();
  const auto is_matrix = [](const Trained& t) { return t.master.dim() >= 2; };
  const auto matrices = static_cast<size_t>(std::count_if(trained_.begin(), trained_.end(), is_matrix));
  return fmt::format("muon trains {} matrices of the blocks, adamw {} other matrices and {} vectors", by_muon,
                     matrices - by_muon, trained_.size() - matrices);
}

Optimizer::AdamwGroup& Optimizer::group_of(double factor, double weight_decay) {
  const auto found = std::find_if(groups_.begin(), groups_.end(), [&](const AdamwGroup& group) {
    return group.factor == factor && group.weight_decay == weight_decay;
  });
  if (found != groups_.end()) return *found;
  groups_.push_back({.factor = factor, .weight_decay = weight_decay});
  return groups_.back();
}

void Optimizer::add_to(AdamwGroup& group, size_t index) {
  const Tensor& master = trained_[index].master;
  group.members.push_back(index);
  group.first_moments.push_back(at::zeros_like(master));
  group.second_moments.push_back(at::zeros_like(master));
  group.step_counts.push_back(at::zeros({}, master.options().dtype(at::kFloat)));
}

void Optimizer::accumulate() {
  for (Trained& t : trained_) {
    Tensor& gradient = t.value.mutable_grad();
    if (!gradient.defined()) continue;
    if (!t.gradient.defined()) {
      t.gradient = gradient.to(t.master.scalar_type());
    } else {
      t.gradient.add_(gradient);
    }
    gradient = Tensor();
  }
}

double Optimizer::clip_gradients() {
  std::vector<Tensor> gradients;
  for (Trained& t : trained_) {
    // A parameter that the batch did not reach (an unused head part) keeps its place with a zero gradient.
    if (!t.gradient.defined()) t.gradient = at::zeros_like(t.master);
    gradients.push_back(t.gradient);
  }
  const double norm = at::linalg_vector_norm(at::stack(at::_foreach_norm(gradients, 2)), 2).item<double>();
  if (std::isfinite(norm) && options_.clip > 0 && norm > options_.clip) {
    at::_foreach_mul_(gradients, options_.clip / norm);
  }
  return norm;
}

double Optimizer::step(double lr) {
  const at::NoGradGuard no_grad;
  const double norm = clip_gradients();
  if (std::isfinite(norm)) {
    for (AdamwGroup& group : groups_) adamw_step(lr * group.factor, group);
    for (MuonBucket& bucket : buckets_) muon_step(lr, bucket);
  }
  finish_step();
  return norm;
}

void Optimizer::adamw_step(double lr, AdamwGroup& group) {
  std::vector<Tensor> values, gradients;
  for (const size_t member : group.members) {
    values.push_back(trained_[member].master);
    gradients.push_back(trained_[member].gradient.contiguous());
  }
  if (values.empty()) return;
  for (Tensor& count : group.step_counts) count.add_(1);
  at::_fused_adamw_(values, gradients, group.first_moments, group.second_moments, {}, group.step_counts, lr,
                    options_.beta1, options_.beta2, group.weight_decay, options_.eps, /*amsgrad=*/false,
                    /*maximize=*/false);
}

void Optimizer::muon_step(double lr, MuonBucket& bucket) {
  std::vector<Tensor> gradients;
  for (const size_t member : bucket.members) gradients.push_back(trained_[member].gradient);
  const Tensor gradient = at::stack(gradients);
  bucket.momentum.lerp_(gradient, 1 - options_.muon_momentum);
  const Tensor nesterov = gradient.lerp(bucket.momentum, options_.muon_momentum);
  const Tensor update = orthogonalise(nesterov);
  const double size = static_cast<double>(std::max(update.size(1), update.size(2)));
  for (size_t k = 0; k < bucket.members.size(); ++k) {
    Tensor& value = trained_[bucket.members[k]].master;
    if (options_.weight_decay > 0) value.mul_(1 - lr * options_.weight_decay);
    value.sub_(update[static_cast<int64_t>(k)], lr * kMuonScale * std::sqrt(size));
  }
}

void Optimizer::finish_step() {
  for (Trained& t : trained_) {
    if (!t.master.is_alias_of(t.value)) t.value.detach().copy_(t.master);
    t.gradient = Tensor();
  }
}

std::map<std::string, Tensor> Optimizer::state() const {
  std::map<std::string, Tensor> state;
  for (const AdamwGroup& group : groups_) {
    for (size_t k = 0; k < group.members.size(); ++k) {
      const std::string& name = trained_[group.members[k]].name;
      state["adamw.m." + name] = group.first_moments[k];
      state["adamw.v." + name] = group.second_moments[k];
      state["adamw.t." + name] = group.step_counts[k];
    }
  }
  for (const MuonBucket& bucket : buckets_) state["muon.m." + trained_[bucket.members.front()].name] = bucket.momentum;
  for (const Trained& t : trained_) {
    if (!t.master.is_alias_of(t.value)) state["master." + t.name] = t.master;
  }
  return state;
}

void Optimizer::load_state(const std::map<std::string, Tensor>& state) {
  const at::NoGradGuard no_grad;
  for (auto& [name, tensor] : this->state()) {
    const auto found = state.find(name);
    if (found == state.end() || found->second.sizes() != tensor.sizes()) {
      throw ResourceError("the checkpoint does not fit: " + name +
                          " is missing or has another shape; was the run's config changed?");
    }
    Tensor(tensor).copy_(found->second);
  }
  finish_step();
}

}  // namespace rondo::train
