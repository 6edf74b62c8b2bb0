// SPDX-License-Identifier: Apache-2.0
// The training loop: sample groups, cut them into micro-batches by tokens, accumulate exactly, step, log, evaluate,
// checkpoint. Everything that varies is handed in.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "rondo/base/log.h"
#include "rondo/data/sampler.h"
#include "rondo/data/token_source.h"
#include "rondo/model/model.h"
#include "rondo/train/checkpoint.h"
#include "rondo/train/objective.h"
#include "rondo/train/optimizer.h"
#include "rondo/train/schedule.h"

namespace rondo::train {

struct LoopConfig {
  int64_t steps = 0;
  double lr = 1e-3;
  double head_lr = 0;            // of the preference head; 0 = lr
  int64_t token_budget = 16384;  // tokens of a micro-batch; a larger group is a micro-batch of its own
  int64_t eval_every = 0;        // steps; 0 = only at the end
  int64_t checkpoint_every = 0;  // steps; 0 = only at the end and on interruption
  bool keep_best = false;        // publish the weights with the lowest held-out log-loss instead of the last
  int64_t patience = 0;          // stop after so many evaluations without improvement; 0 = never
  data::SamplerOptions sampler;
  ObjectiveConfig objective;
  OptimizerOptions optimizer;
  ScheduleOptions schedule;
};

/// The optimizer that a loop has: Muon, where wanted, for the matrices of the model's blocks, and head_lr for what is
/// not its backbone. Throws ConfigError where there is nothing to train, or head_lr has no rate to differ from.
Optimizer loop_optimizer(const model::Model& model, const LoopConfig& config);

/// Steps of so many passes over the groups of `source`.
int64_t steps_of_epochs(data::TokenSource& source, const data::SamplerOptions& sampler, int64_t epochs);

/// What the loop needs from outside.
struct LoopHooks {
  LogSink log = silent_log();
  ProgressSink progress = silent_progress();
  /// Held-out metrics of the present weights with the key log_loss; empty where there is no held-out data.
  std::function<nlohmann::json()> evaluate;
  /// Writes a model directory with the present weights.
  std::function<void(const std::filesystem::path&)> save_model;
  /// Asked after every step: true ends the run with a checkpoint (Ctrl-C).
  std::function<bool()> should_stop = [] { return false; };
};

struct LoopResult {
  RunState state;
  bool interrupted = false;
  bool stopped_early = false;
};

/// Runs from the newest checkpoint in `out` where there is one, else from step 0. Writes out/metrics.jsonl,
/// out/checkpoints, out/best, and the model into `out` at the end. Throws DataError on a loss that is not finite.
/// `objective` speaks of the groups of `source`; config.objective is not read.
LoopResult run_loop(const model::Model& model, data::TokenSource& source, const StepObjective& objective,
                    const LoopConfig& config, const std::filesystem::path& out, const LoopHooks& hooks);

/// The same with the objective of preference models that config.objective describes.
LoopResult run_loop(const model::Model& model, data::TokenSource& source, const LoopConfig& config,
                    const std::filesystem::path& out, const LoopHooks& hooks);

}  // namespace rondo::train
