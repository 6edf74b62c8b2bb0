// SPDX-License-Identifier: Apache-2.0
// A training run of a preference model. OUT becomes run.json (what it began with), metrics.jsonl, checkpoints/, the
// trained model itself, held_out.json and report.html.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "rondo/data/open_tokens.h"
#include "rondo/model/text_policy.h"
#include "rondo/runs/run.h"
#include "rondo/train/config.h"

namespace rondo::runs {

struct TrainConfig {
  train::TrainConfig train;
  model::TextOverrides text;
  data::DataOptions length;  // only what describe_length names
  std::string device = "cpu";

  // Of this call, and not of the run.
  Process process;
  bool is_resumed = false;
  bool writes_report = true;
  std::string dump_ids;  // of a plan: JSONL file for the ids of every row (dump_tokens); "" = none
};
/// What run.json keeps of it.
void describe(FieldVisitor& v, TrainConfig& c);

/// The config of the run in `folder`, to be continued. Throws ConfigError where there is none, DataError where it
/// cannot be read.
TrainConfig resumed_training(const std::string& folder);

/// What a run would do, in numbers.
struct TrainPlan {
  nlohmann::json manifest;
  int64_t parameters = 0;
  int64_t trained_parameters = 0;
  int64_t bytes = 0;  // of parameters, gradients and two moments
  data::TokenReport tokens;
  train::LoopConfig loop;
};
/// Opens model and data, checks everything, trains nothing and writes nothing but `dump_ids`.
TrainPlan plan_training(const TrainConfig& config, const Hooks& hooks);

/// Trains, or continues a run. An interrupted run ends with a checkpoint and without a model.
train::LoopResult train(const TrainConfig& config, const Hooks& hooks);

}  // namespace rondo::runs
