// SPDX-License-Identifier: Apache-2.0
// What a round's samples say about a policy: length, entropy, variety, distance from the base, and how cyclic the judge
// finds them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>

#include "rondo/align/policy/stored_log_probs.h"
#include "rondo/align/self_play/judge.h"
#include "rondo/align/self_play/samples.h"

namespace rondo::align {

/// {responses, length_mean, finished_share, distinct_share, entropy, entropy_per_token, kl_to_base}. Entropy and KL are
/// Monte Carlo estimates in nats a response, exact in expectation at temperature 1 without truncation.
nlohmann::json sample_statistics(const Samples& samples, const StoredLogProbs& sampler, const StoredLogProbs& base);

/// {cyclic_triads_share, transitive_share, axis_shares}: of the triads of responses of a prompt; of the variance of
/// scores (docs/methods.md, The score kernel); of each axis in the variance of mean scores (judging/judging.h, GPRL's
/// drift monitor). Null where there is no triad, no variance or no axis.
nlohmann::json judgement_statistics(std::span<const Judgement> judged);

/// Prompts all of whose responses have the same text: nothing can be learnt from them.
int64_t uniform_prompts(const Samples& samples);

/// Targets of an objective that has some, at the reference, over all responses, in nats: {low, mean_abs, high}.
nlohmann::json target_statistics(const ObjectiveConfig& config, std::span<const PolicyGroup> groups);

}  // namespace rondo::align
