// SPDX-License-Identifier: Apache-2.0
// The weight table of a family: one rule per Hugging Face tensor name pattern, with its shape in the project's letters.
//
//   {"model.layers.{}.self_attn.q_proj.weight", "(HK)D"}
//
// "{}" counts the layers; parentheses hold a sum of products, "(HK+2JK)". Every tensor of a file must match exactly one
// rule, every rule must be filled.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rondo::nn {

/// Sizes behind the letters of a shape (base/shapes.h), and the parts that a config may switch off.
struct Sizes {
  int64_t vocab = 0;      // V
  int64_t hidden = 0;     // D
  int64_t layers = 0;     // L
  int64_t heads = 0;      // H
  int64_t kv_heads = 0;   // J
  int64_t head_size = 0;  // K
  int64_t inner = 0;      // F
  int64_t positions = 0;  // S
  int64_t types = 0;      // Y
  int64_t span = 0;       // B
  bool attention_bias = false;
  bool mlp_bias = false;
  bool norm_bias = false;
  bool position_table = false;
  bool type_table = false;
  bool relative_table = false;
  bool relative_norm = false;
  bool relative_key = false;
  bool relative_query = false;
  bool classifier_bias = false;
};

/// Value of a new vector; matrices are drawn.
enum class Start {
  kOnes,   // weights of norms
  kZeros,  // biases, and norms that add 1 to their weight
};

struct WeightRule {
  std::string_view name;
  std::string_view shape;
  Start start = Start::kOnes;
  /// The switch that must be on for the tensor to exist; null = always.
  bool Sizes::*only_if = nullptr;
  int64_t first_layer = 0;
};

struct ExpectedWeight {
  std::string name;
  std::vector<int64_t> shape;
  Start start = Start::kOnes;
};

/// Shape letters to sizes: "(HK)D" with H = 2, K = 16, D = 32 is [32, 32]. Throws InternalError on an unknown letter.
/// A digit is a factor: "(3D)".
std::vector<int64_t> resolve_shape(std::string_view letters, const Sizes& sizes);

/// All tensors that a family of these sizes has, layer by layer.
std::vector<ExpectedWeight> expand_rules(std::span<const WeightRule> rules, const Sizes& sizes);

}  // namespace rondo::nn
