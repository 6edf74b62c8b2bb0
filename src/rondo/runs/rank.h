// SPDX-License-Identifier: Apache-2.0
// The responses of every prompt in order, every sequence computed once.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "rondo/data/open_tokens.h"
#include "rondo/model/scoring.h"
#include "rondo/model/text_policy.h"
#include "rondo/runs/run.h"

namespace rondo::runs {

struct RankConfig {
  std::string model;
  data::DataOptions data;
  model::TextOverrides text;
  std::string device = "cpu";
  std::string dtype;              // of the weights; "" = as stored
  std::vector<std::string> with;  // further parts of a reply (rank/reply.h)
  bool deterministic = false;
  int64_t token_budget = 16384;

  Process process;
};
void describe(FieldVisitor& v, RankConfig& c);

struct RankResult {
  int64_t prompts = 0;
  model::ScoringCost cost;
};

/// Calls `visit` with the reply to each row, in the order of the file: {"id", "order", ...} (rank/reply.h), and
/// "kept_responses", which its indices count, where over-long responses were dropped. Rows of one prompt are computed
/// together; replies wait until those of earlier rows are there.
RankResult rank(const RankConfig& config, const Hooks& hooks,
                const std::function<void(const nlohmann::ordered_json&)>& visit);

}  // namespace rondo::runs
