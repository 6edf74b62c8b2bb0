// SPDX-License-Identifier: Apache-2.0
// The config of `rondo align`: flags, --config files and the run.json of a run are made from its description.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rondo/align/objectives/shared/objective.h"
#include "rondo/align/policy/policy_objective.h"
#include "rondo/base/config.h"
#include "rondo/generate/generator.h"
#include "rondo/model/directory.h"
#include "rondo/train/config.h"

namespace rondo::align {

inline const std::vector<std::string> kReferenceNames = {"auto", "base", "previous"};

struct AlignConfig {
  std::string policy;
  std::string judge;
  std::string prompts;
  std::string out;

  int64_t iterations = 3;
  int64_t epochs = 1;  // passes over the samples of an iteration where loop.steps is 0
  std::string reference = "auto";
  std::string magnet = "none";
  ObjectiveConfig objective;
  PolicyLimits limits;
  generate::GenerateOptions generate;
  train::LoopConfig loop;
  nn::LoraConfig lora;  // adapters of the first round, which later rounds train further

  std::string eval_prompts;     // empty: the training prompts
  int64_t eval_responses = 4;   // 0 = no contests
  std::string referee;          // a preference model that the policy is not trained on
  std::string referee_command;  // reads rows, writes labelled rows
  std::string answer_command;   // reads rows, writes what judges read of their responses
  std::string refresh_judge;    // EVERY:STEPS (refresh.h)
  double judge_lr = 1e-5;
  int64_t seed = 1;
  std::string dtype;  // of the weights of policies and judges; "" = as stored

  AlignConfig();
};

void describe(FieldVisitor& v, AlignConfig& c);
/// Throws ConfigError where fields of self-play contradict each other or cannot be read.
void check_self_play(const AlignConfig& config);
/// How the policy that training begins with is loaded: with new adapters where the config asks for some.
model::LoadOptions trained_policy(const AlignConfig& config, at::Device device);

/// Which iterate a magnet or reference is at iteration t = 1, 2, ...: 0 is the base, t - 1 the policy that samples.
/// nullopt = no magnet. Throws ConfigError, with the known forms, on any other text.
std::optional<int64_t> magnet_iterate(const std::string& magnet, int64_t iteration);
int64_t reference_iterate(const AlignConfig& config, int64_t iteration);

}  // namespace rondo::align
