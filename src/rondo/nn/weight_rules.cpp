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
    case 'S':
      return sizes.positions;
    case 'Y':
      return sizes.types;
    case 'B':
      return sizes.span;
    default:
      if (letter >= '1' && letter <= '9') return letter - '0';
      throw InternalError(std::string("unknown shape letter '") + letter + "' in a weight table");
  }
}

}  // namespace

std::vector<int64_t> resolve_shape(std::string_view letters, const Sizes& sizes) {
  std::vector<int64_t> shape;
  bool inside = false;
  int64_t finished_terms = 0, term = 1;
  for (const char letter : letters) {
    if (letter == '(') {
      inside = true;
      finished_terms = 0;
      term = 1;
    } else if (letter == ')') {
      inside = false;
      shape.push_back(finished_terms + term);
    } else if (letter == '+') {
      finished_terms += term;
      term = 1;
    } else if (inside) {
      term *= size_of(letter, sizes);
    } else {
      shape.push_back(size_of(letter, sizes));
    }
  }
  return shape;
}

std::vector<ExpectedWeight> expand_rules(std::span<const WeightRule> rules, const Sizes& sizes) {
  std::vector<ExpectedWeight> once, layered;
  const auto exists = [&](const WeightRule& rule) { return rule.only_if == nullptr || sizes.*rule.only_if; };
  for (const WeightRule& rule : rules) {
    if (rule.name.find("{}") == std::string_view::npos && exists(rule)) {
      once.push_back({std::string(rule.name), resolve_shape(rule.shape, sizes), rule.start});
    }
  }
  for (int64_t layer = 0; layer < sizes.layers; ++layer) {
    for (const WeightRule& rule : rules) {
      const size_t braces = rule.name.find("{}");
      if (braces == std::string_view::npos || layer < rule.first_layer || !exists(rule)) continue;
      std::string name(rule.name);
      name.replace(braces, 2, std::to_string(layer));
      layered.push_back({std::move(name), resolve_shape(rule.shape, sizes), rule.start});
    }
  }
  once.insert(once.end(), layered.begin(), layered.end());
  return once;
}

}  // namespace rondo::nn
