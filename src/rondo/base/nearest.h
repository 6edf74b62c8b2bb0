// SPDX-License-Identifier: Apache-2.0
// "Did you mean": the nearest known name, and the one sentence every unknown name is answered with.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rondo {

/// The known name with the smallest edit distance, or "" where none is near (more than half of the letters differ).
std::string nearest_name(std::string_view name, const std::vector<std::string>& known);

/// "unknown loss 'ce'; known: cross_entropy, squared", with "did you mean" where a name is near.
std::string unknown_name_message(std::string_view what, std::string_view name, const std::vector<std::string>& known);

}  // namespace rondo
