// SPDX-License-Identifier: Apache-2.0
#include "rondo/align/self_play/config.h"

#include "rondo/align/self_play/refresh.h"
#include "rondo/base/device.h"
#include "rondo/base/error.h"
#include "rondo/base/parse_number.h"

namespace rondo::align {

AlignConfig::AlignConfig() {
  // What the published runs of GPO and SPPO used (docs/align.md), but for beta, which is in log-odds here.
  loop.lr = 5e-7;
  loop.sampler.batch_groups = 8;
}

void describe(FieldVisitor& v, AlignConfig& c) {
  v.text("policy", c.policy, "model directory with a language-model head to start from");
  v.text("judge", c.judge, "preference model that scores the samples");
  v.text("prompts", c.prompts, "JSONL rows with `prompt` or `messages`");
  v.text("out", c.out, "folder of the run and of the trained policy");
  v.integer("iterations", c.iterations, "rounds of sampling, judging and training", 1, 1000000);
  v.integer("epochs", c.epochs, "passes over the samples of a round where steps is 0", 1, 1000000);
  v.integer("steps", c.loop.steps, "optimiser steps of a round; 0 = by epochs", 0, kManyRows);
  v.integer("batch_groups", c.loop.sampler.batch_groups, "prompts per step", 1, 1 << 20);
  v.integer("group_size", c.loop.sampler.group_size, "responses of a prompt per step at most; the others take turns", 1,
            1 << 20);
  v.choice("reference", c.reference,
           "policy that log-ratios are taken against; auto: the previous iterate for gpo, ln_gpo, sppo, sppo_hard and "
           "dsppo, the base otherwise",
           kReferenceNames);
  v.text("magnet", c.magnet,
         "policy that the target pulls to: none, base, previous, or moving:N, the iterate of every "
         "N-th round");
  describe(v, c.objective);
  v.number("max_drift", c.limits.max_drift, "nats per token off the reference at which a run stops", 1e-6, 1e9);
  v.boolean("recompute", c.limits.recompute, "activation checkpointing: less memory, a third more time");
  train::describe_lora(v, c.lora);
  describe(v, c.generate);
  train::describe_optimizer(v, c.loop);
  v.integer("checkpoint_every", c.loop.checkpoint_every, "steps between checkpoints; 0 = at the end of a round", 0,
            kManyRows);
  v.text("eval_prompts", c.eval_prompts,
         "prompts of the contests against earlier policies; empty = the training prompts");
  v.integer("eval_responses", c.eval_responses, "responses of a policy to a prompt in a contest; 0 = no contests", 0,
            65536);
  v.text("referee", c.referee, "a second preference model that judges the contests and is never trained on");
  v.text("referee_command", c.referee_command,
         "shell command that labels rows: {prompt, responses} on its input, the same with `table` or `comparisons` on "
         "its output");
  v.text("answer_command", c.answer_command,
         "shell command that says what judges and referees read of a response: {prompt, responses} on its input, the "
         "same with other responses, as many, on its output");
  v.text(
      "refresh_judge", c.refresh_judge,
      "EVERY:STEPS: before every EVERY-th round the judge learns STEPS steps from labels of the latest samples, given "
      "by the referee command or the referee; without one the run stops until they lie in its folder");
  v.number("judge_lr", c.judge_lr, "peak learning rate of a refreshed judge", 0.0, 10.0);
}

model::LoadOptions trained_policy(const AlignConfig& config, at::Device device) {
  return {.seed = static_cast<uint64_t>(config.seed),
          .dtype = float_type(config.dtype),
          .device = device,
          .trainable = true,
          .as_policy = true,
          .new_adapter = train::new_adapter(config.lora, config.policy)};
}

std::optional<int64_t> magnet_iterate(const std::string& magnet, int64_t iteration) {
  if (magnet == "none") return std::nullopt;
  if (magnet == "base") return 0;
  if (magnet == "previous") return iteration - 1;
  constexpr std::string_view kMoving = "moving:";
  if (magnet.starts_with(kMoving)) {
    const auto every = parse_number<int64_t>(std::string_view(magnet).substr(kMoving.size()));
    if (every && *every > 0) return (iteration - 1) / *every * *every;
  }
  throw ConfigError("unknown magnet '" + magnet +
                    "': `magnet`: expected none, base, previous or moving:N, N at least 1");
}

int64_t reference_iterate(const AlignConfig& config, int64_t iteration) {
  if (config.reference == "base") return 0;
  if (config.reference == "previous") return iteration - 1;
  return objective_by_name(config.objective.objective).is_self_play ? iteration - 1 : 0;
}

void check_self_play(const AlignConfig& config) {
  magnet_iterate(config.magnet, 1);
  const bool compares = objective_by_name(config.objective.objective).learns_from != LearnsFrom::kResponses;
  if (compares && config.generate.responses < 2)
    throw ConfigError("one response has nothing to be compared with: `responses` 1; give at least 2");
  if (config.objective.magnet_weight > 0 && config.magnet == "none")
    throw ConfigError("`magnet_weight` without a magnet: give `magnet` base, previous or moving:N");
  (void)refresh_plan(config.refresh_judge);
}

}  // namespace rondo::align
