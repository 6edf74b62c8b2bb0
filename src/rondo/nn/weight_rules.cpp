// SPDX-License-Identifier: Apache-2.0
#include "rondo/nn/weight_rules.h"

#include "rondo/base/error.h"

namespace rondo::nn {
namespace {

int64_t size_of(char letter, const Sizes& sizes) {
  switch (letter) {
    case 'V':
      return sizes.vocab;
    case 'D':
      return sizes.hidden;
    case 'H':
      return sizes.heads;
    case 'J':
      return sizes.kv_heads;
    case 'K':
      return sizes.head_size;
    case 'F':
      return sizes.inner;
    default:
      throw InternalError(std::string("unknown shape letter '") + letter + "' in a weight table");
  }
}

}  // namespace

std::vector<int64_t> resolve_shape(std::string_view letters, const Sizes& sizes) {
  std::vector<int64_t> shape;
  bool inside = false;
  for (const char letter : letters) {
    if (letter == '(') {
      inside = true;
      shape.push_back(1);
    } else if (letter == ')') {
      inside = false;
    } else if (inside) {
      shape.back() *= size_of(letter, sizes);
    } else {
      shape.push_back(size_of(letter, sizes));
    }
  }
  return shape;
}

std::vector<ExpectedWeight> expand_rules(std::span<const WeightRule> rules, const Sizes& sizes) {
  std::vector<ExpectedWeight> once, layered;
  for (const WeightRule& rule : rules) {
    if (rule.name.find("{}") == std::string_view::npos) {
      once.push_back({std::string(rule.name), resolve_shape(rule.shape, sizes)});
    }
  }
  for (int64_t layer = 0; layer < sizes.layers; ++layer) {
    for (const WeightRule& rule : rules) {
      const size_t braces = rule.name.find("{}");
      if (braces == std::string_view::npos) continue;
      std::string name(rule.name);
      name.replace(braces, 2, std::to_string(layer));
      layered.push_back({std::move(name), resolve_shape(rule.shape, sizes)});
    }
  }
  once.insert(once.end(), layered.begin(), layered.end());
  return once;
}

}  // namespace rondo::nn
