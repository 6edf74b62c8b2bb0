// SPDX-License-Identifier: Apache-2.0
// A judge that was fitted once is exploited by the policy it trains. Refreshing it trains it further on fresh labels of
// the policy's own samples, beside the pool that it came from.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "rondo/align/self_play/contest.h"
#include "rondo/align/self_play/samples.h"
#include "rondo/data/token_store.h"
#include "rondo/train/loop.h"

namespace rondo::align {

/// "EVERY:STEPS": before every EVERY-th iteration the judge is trained for STEPS steps.
struct RefreshPlan {
  int64_t every = 0;  // 0 = never
  int64_t steps = 0;

  bool is_due(int64_t iteration) const { return every > 0 && iteration > 1 && (iteration - 1) % every == 0; }
};

/// "" = never. Throws ConfigError on any other text than two positive numbers.
RefreshPlan refresh_plan(const std::string& text);

/// Asks for labels of the texts and writes them as canonical rows; pairs without a label are left out. Throws DataError
/// where nothing is left.
void label_samples(const NamedReferee& labeller, std::span<const JudgedTexts> texts, const std::filesystem::path& path);

struct RefreshInput {
  std::filesystem::path judge;        // model directory to start from
  std::string base;                   // where the base of an adapter lies
  std::filesystem::path labels;       // rows of label_samples; each row stays a group of its own
  data::TokenSource* pool = nullptr;  // null = none
  train::LoopConfig loop;
  at::Device device = at::kCPU;
  std::string spool_folder;
};

/// Trains into `out`, which becomes a model directory. Resumable as every training run.
train::LoopResult refresh_judge(const RefreshInput& input, const std::filesystem::path& out,
                                const train::LoopHooks& hooks);

}  // namespace rondo::align
