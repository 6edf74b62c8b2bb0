// SPDX-License-Identifier: Apache-2.0
// A policy objective as the training loop minimises it: log-probabilities of whole groups from the forest, the loss of
// each group from objectives.def, the mean over the groups of a step.
#pragma once

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "rondo/align/objectives/shared/objective.h"
#include "rondo/align/policy/stored_log_probs.h"
#include "rondo/train/objective.h"

namespace rondo::align {

/// What is known of the groups before the policy moves. Log-probabilities are of the same source of groups.
struct PolicyEvidence {
  /// By group; empty where the groups carry labels instead (offline data).
  std::span<const Judgement> judged;
  const StoredLogProbs* reference = nullptr;
  const StoredLogProbs* last = nullptr;    // the policy that sampled; null = as reference
  const StoredLogProbs* magnet = nullptr;  // null = none
};

struct PolicyLimits {
  bool recompute = false;  // activation checkpointing
  /// Nats per token that the policy may stand off its reference, on average over a micro-batch.
  double max_drift = 10;
};

class PolicyObjective : public train::StepObjective {
 public:
  /// `evidence` and `policy` outlive the objective. Throws ConfigError where the objective needs a judge and there is
  /// none.
  PolicyObjective(const model::Model& policy, const ObjectiveConfig& config, const PolicyEvidence& evidence,
                  const PolicyLimits& limits);

  PackOptions pack_options() const override;
  train::StepCounts counts(std::span<const GroupSelection> selections) const override;
  /// Throws DataError where the policy ran away from its reference.
  train::ObjectiveReport backward(std::span<const GroupSelection> selections,
                                  const train::StepCounts& step) const override;

  /// The group of a selection without the policy's own numbers, which are those of the reference: what targets are
  /// made from.
  PolicyGroup group_at_reference(const GroupSelection& selection) const;

 private:
  bool learns_from_labels() const;
  bool teaches(const GroupSelection& selection) const;
  GroupSelection winners_of(const GroupSelection& selection) const;
  PolicyGroup group_of(const GroupSelection& selection, const ResponseLogProbs& probs, int64_t first_response,
                       int64_t first_token) const;
  /// The sum of the losses of the groups that teach, undefined where none does.
  Tensor loss_of_groups(std::span<const GroupSelection> selections, const ResponseLogProbs& probs,
                        train::ObjectiveReport& report) const;
  Tensor loss_of_pairs(std::span<const GroupSelection> selections, const ResponseLogProbs& probs,
                       train::ObjectiveReport& report) const;

  const model::Model& policy_;
  ObjectiveConfig config_;
  const ObjectiveEntry& entry_;
  PolicyEvidence evidence_;
  PolicyLimits limits_;
};

}  // namespace rondo::align
