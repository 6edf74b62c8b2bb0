// SPDX-License-Identifier: Apache-2.0
// A table of one group as a JSON reply, with the same keys from the command line, a server and bindings.
#pragma once

#include <nlohmann/json_fwd.hpp>
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

/// The reply to a group. `scores_MM` are the scores of `table` in the order of addition that the caller wants; `tau`
/// turns them into probabilities. A group without responses has an empty order.
[[nodiscard]] nlohmann::ordered_json reply(const TokenGroup& group, const PreferenceTable& table,
                                           const Tensor& scores_MM, double tau, const ReplyParts& parts);

}  // namespace rondo::rank
