// SPDX-License-Identifier: Apache-2.0
// The group: one prompt, its responses, and labelled comparisons among them. Everything in Rondo is a group
// (docs/architecture.md).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rondo/core/conversation.h"

namespace rondo {

/// A labelled pair of a group's responses.
///   p       probability that i is preferred to j (1 = i won, 0.5 = even)
///   tie     share of the votes that were ties, in [0, 1]; used by the Davidson loss
///   weight  how much the comparison counts (votes, certainty); > 0
///   margin  label strength in score units, signed for (i, j): swapping i and j negates it
struct Comparison {
  int32_t i = 0;
  int32_t j = 0;
  float p = 1.0F;
  float tie = 0.0F;
  float weight = 1.0F;
  float margin = 0.0F;

  bool operator==(const Comparison&) const = default;
};

/// A response is an assistant turn; plain rows have `content` only.
struct Group {
  Prompt prompt;
  std::vector<Message> responses;
  std::vector<Comparison> comparisons;
  std::string id;
  std::string subset;
  std::string source;
};

}  // namespace rondo
