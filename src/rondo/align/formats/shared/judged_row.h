// SPDX-License-Identifier: Apache-2.0
// A row of a file and what a judge said of its responses, as plain numbers: what formats write.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "rondo/align/judging/judging.h"
#include "rondo/core/group.h"

namespace rondo::align::formats {

using NumberTable = std::vector<std::vector<double>>;

/// Of K responses. Scores and their means are in the judge's score units, log-odds are scores over tau.
struct Verdict {
  double tau = 1;
  bool is_scalar = false;  // rewards say it all (BT)
  NumberTable scores;
  NumberTable probabilities;
  std::vector<double> mean_scores;
  std::vector<double> mean_log_odds;
  std::vector<double> mean_probabilities;
  std::vector<double> rewards;  // empty where the judge has none
  int64_t best = 0;
  int64_t worst = 0;

  int64_t size() const { return static_cast<int64_t>(mean_scores.size()); }
  /// As many numbers everywhere as there are responses.
  bool is_whole() const;
  /// Nothing is preferred to anything: there is no pair to train on.
  bool is_even() const { return best == worst; }
  /// One number a response for files that know nothing else: the reward of a scalar judge, mean log-odds otherwise.
  const std::vector<double>& scalars() const { return is_scalar ? rewards : mean_log_odds; }
};

Verdict verdict_of(const JudgedGroup& judged);
nlohmann::ordered_json to_json(const Verdict& verdict);
/// Throws nlohmann exceptions where it was not written by to_json.
Verdict verdict_from_json(const nlohmann::ordered_json& json);

struct JudgedRow {
  nlohmann::ordered_json row;  // as it was read
  Group group;                 // what it means
  Verdict verdict;
};

/// The conversation with one response: what published training files keep of it.
nlohmann::ordered_json conversation_json(const Group& group, int64_t response);
/// The turns before a response; a plain text is one user turn.
nlohmann::ordered_json prompt_messages_json(const Group& group);

}  // namespace rondo::align::formats
