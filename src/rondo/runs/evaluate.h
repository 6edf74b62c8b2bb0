// SPDX-License-Identifier: Apache-2.0
// How well models agree with labels: one or several on the same rows, which are read once.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "rondo/data/open_tokens.h"
#include "rondo/metrics/evaluation.h"
#include "rondo/model/scoring.h"
#include "rondo/model/text_policy.h"
#include "rondo/runs/run.h"

namespace rondo::runs {

struct EvaluateConfig {
  std::vector<std::string> models;  // directories; all are compared with the first
  data::DataOptions data;
  model::TextOverrides text;
  std::string device = "cpu";
  std::string dtype;  // of the weights; "" = as stored
  std::string dump;   // JSONL file with every comparison and its score; "" = none
  bool subsets = false;
  bool swap_check = false;
  bool deterministic = false;
  int64_t token_budget = 16384;
  int64_t resamples = 1000;

  Process process;
};
void describe(FieldVisitor& v, EvaluateConfig& c);

struct EvaluatedModel {
  std::string name;
  metrics::Evaluation evaluation;
  int64_t undecided = 0;  // comparisons of responses with the same tokens: not in the evaluation
  std::map<std::string, metrics::Evaluation> subsets;  // where they were asked for
  model::ScoringCost cost;
  double transitive_share = 0;
  double largest_swap_gap = 0;
  std::string model_hash;
};

struct EvaluateResult {
  std::vector<EvaluatedModel> models;
  std::vector<metrics::Difference> differences;  // of the second, third, ... model from the first
  std::string data_hash;
  /// Under the keys of the output files: an object for one model, {"models", "differences"} for several.
  nlohmann::ordered_json json;
};

/// Calls `done` after each model. Throws before the first model is judged where a later one's tokenizer cannot be
/// opened.
EvaluateResult evaluate(const EvaluateConfig& config, const Hooks& hooks,
                        const std::function<void(const EvaluatedModel&)>& done);

}  // namespace rondo::runs
