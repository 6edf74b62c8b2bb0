// SPDX-License-Identifier: Apache-2.0
// A policy trained on responses and labels that are there already: supervised fine-tuning, DPO and its kin.
#pragma once

#include "rondo/align/self_play/config.h"
#include "rondo/align/self_play/self_play.h"
#include "rondo/data/token_store.h"

namespace rondo::align {

/// Labels count as in training: soft ones as p l(z - m) + (1 - p) l(m - z), weights as sum(w l) / sum(w) with each
/// group's share by its mean weight; those that the objective has no use for are refused.
/// config.out becomes the run folder of the training loop and the model directory of the policy; log-probabilities of
/// the base are kept in config.out/log_probs. Throws ConfigError where the objective needs scores, DataError where no
/// group has what it needs.
/// `policy`: config.policy, opened to be trained (trained_policy). `rondo`: what config.json keeps beside the weights.
train::LoopResult train_offline(const AlignConfig& config, const model::Reader& policy, data::TokenStore& groups,
                                const nlohmann::json& rondo, const SelfPlayHooks& hooks);

}  // namespace rondo::align
