// SPDX-License-Identifier: Apache-2.0
#include "rondo/train/config.h"

#include <filesystem>

#include "rondo/base/error.h"
#include "rondo/losses/shared/loss.h"

namespace rondo::train {
namespace {

constexpr int64_t kMostTokens = int64_t{1} << 31;

void describe_head(FieldVisitor& v, TrainConfig& c) {
  std::vector<std::string> heads = heads::head_names();
  heads.insert(heads.begin(), "");
  v.choice("head", c.head, "fresh head; empty keeps the model's own", heads);
  v.integer("planes", c.head_options.planes, "planes k of a gpm or hrc head; its embedding has 2k numbers", 1, 65536);
  v.choice("gate", c.head_options.gate, "prompt gate of a gpm or hrc head", heads::kGateNames);
  v.choice("norm", c.head_options.norm, "embedding norm of a gpm or hrc head", heads::kNormNames);
  v.number("tau", c.tau, "temperature of probabilities; 0 = .1 with unit norm, 1 otherwise", 0.0, 1e6);
  v.number("reward_clip", c.head_options.reward_clip, "hrc: rewards are clipped to +- this", 1e-6, 1e6);
}

void describe_objective(FieldVisitor& v, ObjectiveConfig& c) {
  v.choice("loss", c.loss, "row of the losses table", losses::loss_names());
  v.number("smoothing", c.smoothing, "assumed share of flipped labels", 0.0, 0.5);
  v.number("center", c.center, "weight of the centring term on rewards (bt, hrc)", 0.0, 1e3);
  v.number("lm_weight", c.lm_weight, "share of the language-model loss on chosen responses", 0.0, 1.0);
  v.boolean("equal_groups", c.equal_groups, "every group weighs the same, whatever its number of comparisons");
  v.boolean("recompute", c.recompute, "activation checkpointing: less memory, a third more time");
}

constexpr double kAlphaOverRank = 2;  // as TRL's defaults have it, r 16 and alpha 32

}  // namespace

void describe_lora(FieldVisitor& v, nn::LoraConfig& c) {
  v.integer("lora_rank", c.rank, "rank of new adapters on a frozen backbone; 0 = train the backbone itself", 0, 65536);
  v.number("lora_alpha", c.alpha, "adapters are scaled by alpha / rank; 0 = twice the rank", 0.0, 1e6);
  v.number("lora_dropout", c.dropout, "share of an adapter's inputs that is dropped", 0.0, 0.99);
  v.boolean("lora_rslora", c.rank_stabilised, "scale by alpha / sqrt(rank)");
  v.texts("lora_targets", c.targets, "modules with an adapter, by last parts of their names; none = all of the blocks");
  v.text("lora_pattern", c.pattern, "modules with an adapter, by a regular expression for their whole names");
}

void describe_optimizer(FieldVisitor& v, LoopConfig& c) {
  v.number("lr", c.lr, "peak learning rate, reached after warm-up", 0.0, 10.0);
  v.choice("optimizer", c.optimizer.kind, "muon: block matrices by Muon, the rest by AdamW", kOptimizerNames);
  v.number("beta1", c.optimizer.beta1, "AdamW", 0.0, 0.9999);
  v.number("beta2", c.optimizer.beta2, "AdamW", 0.0, 0.999999);
  v.number("weight_decay", c.optimizer.weight_decay,
           "decoupled weight decay of matrices; biases and norms do not decay", 0.0, 10.0);
  v.number("momentum", c.optimizer.muon_momentum, "Muon", 0.0, 0.9999);
  v.number("clip", c.optimizer.clip, "gradient norm above which gradients are scaled down; 0 = off", 0.0, 1e9);
  v.choice("schedule", c.schedule.kind, "learning rate over the steps", kScheduleNames);
  v.number("warmup", c.schedule.warmup, "share of the steps", 0.0, 1.0);
  v.number("floor", c.schedule.floor, "last learning rate, as a share of the peak", 0.0, 1.0);
  v.number("decay_share", c.schedule.decay_share, "wsd: share of the steps that decay", 0.0, 1.0);
}

void describe(FieldVisitor& v, TrainConfig& c) {
  v.text("model", c.model, "model directory to start from");
  v.texts("data", c.data, "training files, folders, or - for standard input");
  v.texts("eval_data", c.eval_data, "held-out files");
  v.texts("rename", c.rename, "column renames, question=prompt");
  v.integer("max_bad", c.max_bad, "bad rows allowed before the run is refused", 0, kManyRows);
  v.text("out", c.out, "folder of the run and of the trained model");
  describe_head(v, c);
  describe_objective(v, c.loop.objective);
  describe_optimizer(v, c.loop);
  v.number("head_lr", c.loop.head_lr,
           "peak learning rate of the head and of a classifier's layers before it, on the same schedule; 0 = that of "
           "the rest",
           0.0, 10.0);
  v.integer("steps", c.loop.steps, "optimiser steps; 0 = by epochs", 0, kManyRows);
  v.integer("epochs", c.epochs, "passes over the data where steps is 0", 1, 1000000);
  v.integer("batch_groups", c.loop.sampler.batch_groups, "groups per step", 1, 1 << 20);
  v.integer("group_size", c.loop.sampler.group_size, "responses drawn from a group at most", 2, 1 << 20);
  v.integer("token_budget", c.loop.token_budget, "tokens of a micro-batch", 1, kMostTokens);
  v.choice("dtype", c.dtype, "type of the backbone's weights while training; bfloat16 keeps float32 masters",
           kDtypeNames);
  describe_lora(v, c.lora);
  v.texts("freeze", c.freeze, "patterns of parameters that stay, e.g. 'model.layers.0.*'");
  v.integer("eval_every", c.loop.eval_every, "steps between held-out evaluations; 0 = at the end", 0, kManyRows);
  v.integer("checkpoint_every", c.loop.checkpoint_every, "steps between checkpoints; 0 = at the end", 0, kManyRows);
  v.boolean("keep_best", c.loop.keep_best, "publish the weights with the lowest held-out log-loss");
  v.integer("patience", c.loop.patience, "stop after so many evaluations without improvement; 0 = never", 0, 1000000);
}

namespace {

// A flag without effect would be taken for one that has: what a head does not use is refused.
void refuse_foreign_flags(const TrainConfig& config) {
  const heads::HeadConfig plain;
  const heads::HeadConfig& given = config.head_options;
  const bool names_planes = given.planes != plain.planes || given.gate != plain.gate || given.norm != plain.norm;
  const bool names_clip = given.reward_clip != plain.reward_clip;
  if (config.head.empty() && (names_planes || names_clip || config.tau != 0))
    throw ConfigError("`planes`, `gate`, `norm`, `tau` and `reward_clip` describe a fresh head: give `head` as well");
  if (config.head.empty()) return;
  if (names_planes && !heads::head_by_name(config.head).embeds)
    throw ConfigError("`planes`, `gate` and `norm` describe embeddings, and a " + config.head +
                      " head has none; leave them out or take `head` gpm or hrc");
  if (names_clip && !heads::head_by_name(config.head).clips_rewards)
    throw ConfigError("`reward_clip` is of hrc heads, and this one is " + config.head + "; leave it out");
}

}  // namespace

void refuse_idle_flags(const TrainConfig& config) {
  refuse_foreign_flags(config);
  const LoopConfig& loop = config.loop;
  if (config.eval_data.empty() && (loop.eval_every > 0 || loop.patience > 0 || loop.keep_best))
    throw ConfigError("`eval_every`, `patience` and `keep_best` look at held-out data: give `eval_data` as well");
}

std::optional<heads::HeadConfig> new_head(const TrainConfig& config) {
  if (config.head.empty()) return std::nullopt;
  heads::HeadConfig head = config.head_options;
  head.kind = config.head;
  if (!heads::head_by_name(head.kind).embeds) {
    head.gate = "none";
    head.norm = "none";
  }
  head.tau = config.tau > 0 ? config.tau : heads::default_tau(head.kind, head.norm);
  head.ties = losses::loss_by_name(config.loop.objective.loss).has_ties;
  return head;
}

std::optional<nn::LoraConfig> new_adapter(const nn::LoraConfig& config, const std::string& base) {
  if (config.rank == 0) {
    if (config.alpha != 0 || config.dropout != 0 || config.rank_stabilised || !config.targets.empty() ||
        !config.pattern.empty())
      throw ConfigError(
          "settings of adapters without adapters: give `lora_rank`, or leave the other fields of adapters out");
    return std::nullopt;
  }
  if (!config.targets.empty() && !config.pattern.empty())
    throw ConfigError("`lora_targets` and `lora_pattern` both name the modules of adapters; give one of them");
  nn::LoraConfig lora = config;
  if (lora.alpha == 0) lora.alpha = kAlphaOverRank * static_cast<double>(lora.rank);
  if (lora.targets == std::vector<std::string>{"all-linear"}) lora.targets.clear();
  lora.base = std::filesystem::absolute(base).lexically_normal().string();
  return lora;
}

}  // namespace rondo::train
