// SPDX-License-Identifier: Apache-2.0
// A table of one group as a JSON reply, with the same keys from the command line, a server and bindings.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "rondo/core/preference_table.h"
#include "rondo/core/token_group.h"

namespace rondo::rank {

/// What a reply holds beyond order, mean scores and cycles.
inline const std::vector<std::string> kReplyParts = {"rewards",   "embeddings",      "gate", "scores", "probabilities",
                                                     "token_ids", "pooled_positions"};

class ReplyParts {
 public:
  /// Names of kReplyParts, or "all". Throws ConfigError on another one.
  explicit ReplyParts(const std::vector<std::string>& names);
  [[nodiscard]] bool has(const char* name) const;

 private:
  std::vector<std::string> wanted_;
};

/// Adds "token_ids" and "pooled_positions", where they are wanted, of the responses at these places; of a pairwise
/// model those of ordered pairs, which "token_pairs" names.
void add_tokens(const TokenGroup& group, std::span<const int64_t> places, const ReplyParts& parts,
                nlohmann::ordered_json& row);

/// The reply to the responses at these places of a group, which may name one several times: those have the same tokens
/// and are listed under "same_tokens". `table` is that of the places (PreferenceTable::of_responses), `scores_MM` its
/// scores in the order of addition that the caller wants; `tau` turns them into probabilities. Without responses the
/// order is empty.
[[nodiscard]] nlohmann::ordered_json reply(const TokenGroup& group, std::span<const int64_t> places,
                                           const PreferenceTable& table, const Tensor& scores_MM, double tau,
                                           const ReplyParts& parts);

}  // namespace rondo::rank
