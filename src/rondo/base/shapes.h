// SPDX-License-Identifier: Apache-2.0
// Shape letters of the whole project, and the check at public entries.
//
//   G groups in a batch            H attention heads
//   R responses of a batch         J key/value heads
//   C comparisons of a batch       K size of one head
//   N real tokens (no padding)     F inner feed-forward size
//   D hidden size                  V vocabulary
//   E embedding size, E = 2 P      L layers
//   P planes                       M responses of one group
//   S rows of a position table     Y token types
//   B relative positions to one side
//
// A tensor variable ends in its letters: hidden_ND, rewards_R.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "rondo/base/tensor.h"

namespace rondo {

inline constexpr int64_t kAny = -1;

/// Throws InternalError naming the tensor where its shape differs; kAny matches every size.
void expect_shape(const Tensor& tensor, std::initializer_list<int64_t> shape, const char* name);

}  // namespace rondo
