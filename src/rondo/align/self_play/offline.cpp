// SPDX-License-Identifier: Apache-2.0
#include "rondo/align/self_play/offline.h"

#include <fmt/format.h>

#include "rondo/base/error.h"
#include "rondo/base/hash.h"
#include "rondo/model/directory.h"

namespace rondo::align {
namespace {

namespace fs = std::filesystem;

std::string groups_hash(data::TokenSource& groups) {
  Sha256 hash;
  for (int64_t g = 0; g < groups.size(); ++g) {
    const auto group = groups.get(g);
    for (const TokenResponse& r : group->responses) {
      hash.update({reinterpret_cast<const char*>(r.ids.data()), r.ids.size() * sizeof(int32_t)});
      hash.update(fmt::format("/{}\n", r.response_begin));
    }
  }
  return hash.hex();
}

StoredLogProbs base_log_probs(const AlignConfig& config, const model::Model& base, data::TokenSource& groups,
                              const SelfPlayHooks& hooks) {
  const fs::path folder = fs::path(config.out) / "log_probs";
  fs::create_directories(folder);
  const fs::path file = log_probs_file(folder, model::weights_hash(base), groups_hash(groups));
  if (!fs::exists(file)) StoredLogProbs(base, groups, config.generate.token_budget, hooks.progress).save(file);
  return {file, groups};
}

void check_labels(const AlignConfig& config, data::TokenSource& groups) {
  if (objective_by_name(config.objective.objective).learns_from != LearnsFrom::kPair) return;
  for (int64_t g = 0; g < groups.size(); ++g) {
    const auto group = groups.get(g);
    for (const Comparison& c : group->comparisons) {
      if (c.p != 0.5F) return;
    }
  }
  throw DataError("no pair to learn from: `data`: objective '" + config.objective.objective +
                  "' needs responses of which one is preferred");
}

}  // namespace

train::LoopResult train_offline(const AlignConfig& config, const model::Reader& policy, data::TokenSource& groups,
                                const nlohmann::json& rondo, const SelfPlayHooks& hooks) {
  check_labels(config, groups);
  // Nothing is trained yet: fresh adapters add nothing, and a checkpoint is read by the loop.
  const StoredLogProbs reference = base_log_probs(config, policy.model(), groups, hooks);
  const PolicyObjective objective(policy.model(), config.objective, {.judged = {}, .reference = &reference},
                                  config.limits);
  train::LoopConfig loop = config.loop;
  loop.token_budget = config.generate.token_budget;
  loop.sampler.seed = static_cast<uint64_t>(config.seed);
  if (loop.steps == 0) loop.steps = train::steps_of_epochs(groups, loop.sampler, config.epochs);
  return train::run_loop(
      policy.model(), groups, objective, loop, config.out,
      {.log = hooks.log,
       .progress = hooks.progress,
       .evaluate = {},
       .save_model =
           [&](const fs::path& target) { model::save(policy.model(), rondo, target, policy.files().tokenizer); },
       .should_stop = hooks.should_stop});
}

}  // namespace rondo::align
