// SPDX-License-Identifier: Apache-2.0
// What the loop minimises: the interface, and the objective of preference models: a head's scores under a preference
// loss, with optional centring and language-model terms (docs/methods.md, Losses). A new pairing of existing losses is
// a config, not code. The objective of policies is in align/policy.
//
//   L = (1 - c_lm) ( sum_C loss / sum_C weight + c_center mean_C (r_i + r_j)^2 ) + c_lm mean_T nll
#pragma once

#include <map>
#include <span>
#include <string>

#include "rondo/core/pack.h"
#include "rondo/losses/shared/loss.h"
#include "rondo/model/model.h"

namespace rondo::train {

struct ObjectiveConfig {
  std::string loss = "cross_entropy";
  double smoothing = 0;
  double center = 0;          // weight of the centring term; bt and hrc only
  double lm_weight = 0;       // c_lm
  bool equal_groups = false;  // each group gets the same total weight
  bool recompute = false;     // activation checkpointing
};

/// Denominators of the terms over a whole step, known before the first forward pass, so that micro-batches add up
/// exactly.
struct StepCounts {
  double weight = 0;  // 0: nothing to learn in this step
  double comparisons = 0;
  double lm_tokens = 0;
};

/// Sums over a micro-batch, for the log.
struct ObjectiveReport {
  double loss_sum = 0;  // weighted
  double weight = 0;
  double correct = 0;  // comparisons with p != 1/2 on the right side
  double decided = 0;
  double clipped = 0;  // responses whose reward sits at the clip (hrc)
  int64_t responses = 0;
  int64_t tokens = 0;
  /// Further sums over the weight; their means go to metrics.jsonl.
  std::map<std::string, double> further;

  void add(const ObjectiveReport& other);
};

class StepObjective {
 public:
  virtual ~StepObjective() = default;
  virtual PackOptions pack_options() const = 0;
  virtual StepCounts counts(std::span<const GroupSelection> selections) const = 0;
  /// Forward and backward over one micro-batch; gradients are those of the step's mean.
  virtual ObjectiveReport backward(std::span<const GroupSelection> selections, const StepCounts& step) const = 0;
};

class Objective : public StepObjective {
 public:
  /// Throws ConfigError on contradictions (centring a head without rewards, ties without log nu, ...).
  Objective(const model::Model& model, const ObjectiveConfig& config);

  PackOptions pack_options() const override;
  StepCounts counts(std::span<const GroupSelection> selections) const override;
  ObjectiveReport backward(std::span<const GroupSelection> selections, const StepCounts& step) const override;

 private:
  Tensor centring(const HeadOutput& output, const ComparisonBatch& comparisons) const;

  const model::Model& model_;
  ObjectiveConfig config_;
  const losses::LossEntry& loss_;
};

}  // namespace rondo::train
