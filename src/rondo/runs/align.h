// SPDX-License-Identifier: Apache-2.0
// A policy against a preference model: self-play against a judge, or training on responses and labels that are there
// already. OUT becomes run.json, the rounds of self-play, the trained policy itself, and report.html.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "rondo/align/self_play/config.h"
#include "rondo/data/open_tokens.h"
#include "rondo/model/text_policy.h"
#include "rondo/runs/run.h"

namespace rondo::runs {

struct AlignConfig {
  align::AlignConfig align;
  data::DataOptions data;               // labelled rows instead of a judge and prompts
  std::vector<std::string> judge_data;  // what a refreshed judge was trained on
  model::TextOverrides text;            // of the policy
  std::string device = "cpu";

  // Of this call, and not of the run.
  Process process;
  bool is_resumed = false;
  std::string dump_ids;  // of a plan: JSONL file for the ids of every row or prompt; "" = none
};
/// What run.json keeps of it.
void describe(FieldVisitor& v, AlignConfig& c);

/// The config of the run in `folder`, to be continued. Throws ConfigError where there is none, DataError where it
/// cannot be read.
AlignConfig resumed_alignment(const std::string& folder);

/// The manifest that a run would begin with: opens everything, writes nothing but `dump_ids`.
nlohmann::json plan_alignment(const AlignConfig& config, const Hooks& hooks);

struct AlignResult {
  bool interrupted = false;
  int64_t iterations = 0;                 // of self-play
  std::optional<train::LoopResult> loop;  // of training on labelled rows
  std::vector<std::string> warnings;      // of what the rounds became
};

/// Runs what is missing of the run.
AlignResult align(const AlignConfig& config, const Hooks& hooks);

}  // namespace rondo::runs
