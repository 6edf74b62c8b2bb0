// SPDX-License-Identifier: Apache-2.0
#include "rondo/align/self_play/offline.h"

#include <fmt/format.h>

#include "rondo/base/error.h"
#include "rondo/base/hash.h"
#include "rondo/model/directory.h"

namespace rondo::align {
namespace {

namespace fs = std::filesystem;

constexpr float kEven = 0.5F;

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

// Labels that an objective has no use for are refused, by the row that has the first of them.
void check_use(const ObjectiveEntry& objective, const data::TokenStore& groups, int64_t index) {
  const bool learns_from_pairs = objective.learns_from == LearnsFrom::kPair;
  const Group group = groups.groups().group(index);
  for (size_t r = 0, number = 0; r < group.rows.size(); ++r) {
    for (; static_cast<int64_t>(number) < group.rows[r].comparison_end; ++number) {
      const Comparison& c = group.comparisons[number];
      const char* unused = nullptr;
      if (c.margin != 0 && !objective.takes_margin) unused = "margin";
      if (c.weight != 1 && !learns_from_pairs) unused = "weight";
      if (c.p != 0 && c.p != 1 && c.p != kEven && !learns_from_pairs) unused = "p";
      if (unused == nullptr) continue;
      throw DataError(fmt::format(
          "a label would have no effect: {}: '{}', and objective '{}' has no use for it; leave it out, or choose an "
          "objective that `rondo list objectives` marks with it",
          group.rows[r].place, unused, objective.name));
    }
  }
}

void check_labels(const AlignConfig& config, data::TokenStore& groups) {
  const ObjectiveEntry& objective = objective_by_name(config.objective.objective);
  bool is_decided = objective.learns_from != LearnsFrom::kPair;
  for (int64_t g = 0; g < groups.size(); ++g) {
    const auto group = groups.get(g);
    bool is_plain = true;
    for (const Comparison& c : group->comparisons) {
      is_decided = is_decided || c.p != kEven;
      is_plain = is_plain && c.weight == 1 && c.margin == 0 && (c.p == 0 || c.p == 1 || c.p == kEven);
    }
    if (!is_plain) check_use(objective, groups, g);
  }
  if (is_decided) return;
  throw DataError("no pair to learn from: `data`: objective '" + config.objective.objective +
                  "' needs responses of which one is preferred");
}

}  // namespace

train::LoopResult train_offline(const AlignConfig& config, const model::Reader& policy, data::TokenStore& groups,
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
