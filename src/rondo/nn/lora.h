// SPDX-License-Identifier: Apache-2.0
// Low-rank adapters: LoRA (arXiv:2106.09685), rank-stabilised (arXiv:2312.03732).
//
//   y = x W' + b + scale * ( dropout(x) A' ) B',     scale = alpha / r, or alpha / sqrt(r) where rank-stabilised
//
// W stays, A and B are trained. They are parameters like others, named as PEFT names them: beside X.weight lie
// X.lora_A.weight [rank, in] and X.lora_B.weight [out, rank], in float32 or wider whatever the type of W. Whoever makes
// a Linear for X finds them there (backbones/shared/weights.h), so no family knows of adapters.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/base/tensor.h"

namespace rondo::nn {

class ParameterSet;

inline constexpr std::string_view kLoraA = ".lora_A.weight";
inline constexpr std::string_view kLoraB = ".lora_B.weight";

/// Whether a parameter belongs to an adapter.
bool is_lora(std::string_view name);

struct LoraConfig {
  int64_t rank = 0;  // 0: no adapters
  double alpha = 0;
  double dropout = 0;
  bool rank_stabilised = false;
  /// Names of modules, whole or their last parts; none and no pattern: every matrix of the blocks.
  std::vector<std::string> targets;
  /// A regular expression that matches the whole name of a module; instead of `targets`.
  std::string pattern;
  /// Folder of the base model, or its name on the hub.
  std::string base;

  double scale() const;
};

/// What holds for all adapters of a model, and changes between passes.
struct LoraState {
  LoraConfig config;
  bool drops = false;  // dropout falls; a mask is a function of (draw, module, shape of x) alone
  uint64_t draw = 0;
};

struct LoraAdapter {
  Tensor a;  // [rank, in]
  Tensor b;  // [out, rank]
  uint64_t stream = 0;
  std::shared_ptr<const LoraState> state;

  /// What the adapter adds to y, in the type of a.
  Tensor forward(const Tensor& x) const;
};

/// The adapter beside `module`.weight; null where there is none.
std::shared_ptr<const LoraAdapter> find_adapter(const ParameterSet& parameters, const std::string& module);

/// scale * B A, [out, in].
Tensor lora_product(const Tensor& a, const Tensor& b, const LoraConfig& config);

/// A: uniform in +- 1 / sqrt(in), Kaiming's with a = sqrt(5); B: zero. Drawn by our own generator, one stream per name.
Tensor initial_lora_a(const std::string& module, int64_t rank, int64_t in, uint64_t seed);

/// Dropout falls for the life of this object; nothing where the model has no adapters.
class LoraDropout {
 public:
  LoraDropout(const ParameterSet& parameters, uint64_t draw);
  ~LoraDropout();
  LoraDropout(const LoraDropout&) = delete;
  LoraDropout& operator=(const LoraDropout&) = delete;

 private:
  std::shared_ptr<LoraState> state_;
};

}  // namespace rondo::nn
