// SPDX-License-Identifier: Apache-2.0
// What a judge says of the responses of every row, at one forward pass per response, beside the row or in the files of
// published pipelines. Finished rows collect in OUT.part, from which an interrupted run continues.
#pragma once

#include <string>
#include <vector>

#include "rondo/data/open_tokens.h"
#include "rondo/model/scoring.h"
#include "rondo/model/text_policy.h"
#include "rondo/runs/run.h"

namespace rondo::runs {

struct ScoreConfig {
  std::string model;
  data::DataOptions data;
  std::vector<std::string> responses;
  model::TextOverrides text;
  std::string diagonal = "exclude";
  std::string pair = "score";
  bool deterministic = false;
  int64_t token_budget = 16384;
  std::string out;
  std::string format = "rondo";
  bool with_scores = false;
  bool as_published = false;
  std::string device = "cpu";
  std::string dtype;  // of the weights; "" = as stored

  Process process;
};
void describe(FieldVisitor& v, ScoreConfig& c);

struct ScoreResult {
  bool interrupted = false;
  int64_t rows = 0;  // finished, of earlier calls too
  int64_t responses = 0;
  int64_t even = 0;  // rows that prefer nothing
  int64_t bad_rows = 0;
  int64_t dropped_rows = 0;  // over the length limit
  model::ScoringCost cost;   // of this call
};

/// Scores what OUT.part does not hold yet and writes OUT. Throws ConfigError where another run left rows there.
ScoreResult score(const ScoreConfig& config, const Hooks& hooks);

}  // namespace rondo::runs
