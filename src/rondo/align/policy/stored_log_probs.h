// SPDX-License-Identifier: Apache-2.0
// Log-probabilities of a fixed policy (a reference, a magnet, the sampler), computed once for all response tokens of a
// set of groups and kept, in memory and in a file named by the content of both.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "rondo/align/policy/log_probs.h"
#include "rondo/base/log.h"
#include "rondo/data/token_source.h"

namespace rondo::align {

class StoredLogProbs {
 public:
  /// Computes them: one forward pass over every group, batches of at most `token_budget` tokens.
  StoredLogProbs(const model::Model& policy, data::TokenSource& groups, int64_t token_budget,
                 const ProgressSink& progress);
  /// Those of a file, on the groups they were computed for. Throws DataError where it is damaged or does not
  /// fit.
  StoredLogProbs(const std::filesystem::path& file, data::TokenSource& groups);

  /// Of chosen responses of a group, token after token [T], float32 or wider, on the CPU.
  Tensor tokens_T(int64_t group, std::span<const int64_t> responses) const;
  /// Their sums [K].
  Tensor sums_K(int64_t group, std::span<const int64_t> responses) const;
  /// Tokens of a response that the policy is asked for.
  int64_t length(int64_t group, int64_t response) const;

  void save(const std::filesystem::path& file) const;

 private:
  void place(data::TokenSource& groups);
  void add_up();

  Tensor token_T_;
  Tensor sum_R_;
  std::vector<int64_t> first_response_;  // by group
  std::vector<int64_t> first_token_;     // by response, and the end
};

/// Where log-probabilities of a policy on some responses are kept: a name made of the content of both.
std::filesystem::path log_probs_file(const std::filesystem::path& folder, const std::string& policy_hash,
                                     const std::string& responses_hash);

}  // namespace rondo::align
