// SPDX-License-Identifier: Apache-2.0
// The config of `rondo train`: flags, --config files and the run.json of a run are made from its description.
#pragma once

#include <string>
#include <vector>

#include "rondo/base/config.h"
#include "rondo/heads/shared/head.h"
#include "rondo/nn/lora.h"
#include "rondo/train/loop.h"

namespace rondo::train {

inline const std::vector<std::string> kDtypeNames = {"float32", "bfloat16"};

struct TrainConfig {
  std::string model;
  std::vector<std::string> data;
  std::vector<std::string> eval_data;
  std::vector<std::string> rename;
  int64_t max_bad = 0;
  std::string out;

  std::string head;  // empty: the model's own head
  heads::HeadConfig head_options;
  double tau = 0;  // 0: the default of the head
  std::string dtype = "float32";
  std::vector<std::string> freeze;
  nn::LoraConfig lora;  // alpha 0: twice the rank

  LoopConfig loop;
  int64_t epochs = 1;  // used where loop.steps is 0
  int64_t seed = 1;
};

void describe(FieldVisitor& visitor, TrainConfig& config);
/// Learning rate, optimiser and schedule.
void describe_optimizer(FieldVisitor& visitor, LoopConfig& config);

/// Throws ConfigError where a setting has no effect beside the others.
void refuse_idle_flags(const TrainConfig& config);
/// The head a run starts with: nullopt = the one that the model directory announces.
std::optional<heads::HeadConfig> new_head(const TrainConfig& config);
/// The adapters a run adds to `base`: nullopt = none. Throws ConfigError on contradictions.
std::optional<nn::LoraConfig> new_adapter(const nn::LoraConfig& config, const std::string& base);
void describe_lora(FieldVisitor& visitor, nn::LoraConfig& config);

}  // namespace rondo::train
