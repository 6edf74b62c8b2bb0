// SPDX-License-Identifier: Apache-2.0
// Heads turn pooled states into rewards, embeddings and a gate; the score kernel (core/preference_table.h) does the
// rest.
//
// A head is one .cpp in this folder and one line in heads.def. It is a row of functions without state: its weights lie
// in the model's parameter set under the published names (score.weight, value_head.weight, prompt_head.weight).
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/base/tensor.h"
#include "rondo/core/score_kernel.h"
#include "rondo/nn/parameters.h"
#include "rondo/nn/weight_rules.h"

namespace rondo::heads {

/// Names of the gates lambda(x) >= 0 (docs/methods.md, Heads).
inline const std::vector<std::string> kGateNames = {"none", "softmax", "softmax_k", "softplus"};
/// Names of the embedding norms: the whole 2k vector divided by its L2 norm, or as it is.
inline const std::vector<std::string> kNormNames = {"unit", "none"};

struct HeadConfig {
  std::string kind = "gpm";
  int64_t planes = 4;  // k; the embedding has 2k numbers. Ignored by bt.
  std::string gate = "none";
  std::string norm = "unit";
  double tau = 0.1;              // temperature of P = sigmoid(s / tau)
  double reward_clip = 2.0;      // hrc: rewards are clipped to +-reward_clip (score units)
  bool ties = false;             // a learnable log nu of the Davidson loss is part of the head
  bool bias = false;             // bt: the reward has a constant, which no comparison sees
  bool classifier = false;       // bt: states first pass the layers of the family's own sequence classifier (encoders)
  std::vector<int64_t> answers;  // pair_lm: the tokens that say "the first" and "the second"
  int64_t outputs = 1;           // pair_rm: logits of a candidate, averaged

  bool has_gate() const;
  /// Of the head that `kind` names; false where it names none, as in a policy.
  bool is_scalar() const;
  bool clips_rewards() const;
};

/// 0.1 with unit norm, 1 without and for BT (contracts.md).
double default_tau(std::string_view kind, std::string_view norm);

/// Up to two names, empty where there are fewer.
using ClassNames = std::array<std::string_view, 2>;

struct HeadEntry {
  std::string_view name;
  std::string_view cite;
  /// Responses have embeddings, with planes, a norm and maybe a gate; otherwise nothing but a reward, which cannot
  /// express a cycle, or pairs.
  bool embeds = false;
  /// Reads sequences that hold two responses: K(K - 1) of them for K responses.
  bool pairwise = false;
  /// States that are read of a sequence: one, or one at each of its marks.
  int64_t readings = 1;
  /// Pairwise: the states it gets are next-token logits of config.answers, in that order.
  bool reads_logits = false;
  /// Rewards are clipped to +-config.reward_clip, and a run says how many are.
  bool clips_rewards = false;
  /// The head that others are held to where a report compares heads.
  bool is_control = false;
  /// In reports: a short title, what it stands for, and a colour (Okabe & Ito 2008: the colour-blind tell them apart).
  std::string_view title;
  std::string_view meaning;
  std::string_view colour;
  /// Classes that trainers wrap around a model of transformers, by which config.json names this head.
  ClassNames trainer_classes = {};
  /// Those classes keep the backbone's tensors under the name of the wrapped model (model::kWrapperPrefix).
  bool wraps_backbone = false;
  /// One reward and nothing else, as transformers' sequence classifiers with one output have it.
  bool scalar() const { return !embeds && !pairwise; }
  std::vector<nn::ExpectedWeight> (*weights)(const HeadConfig& config, int64_t hidden);
  /// pooled_RD: states of the responses; prompt_GD: states at the gate positions (undefined without a gate). Both in
  /// float32 or wider. Returns the parts of the score kernel.
  HeadOutput (*forward)(const HeadConfig& config, const nn::ParameterSet& parameters, const Tensor& pooled_RD,
                        const Tensor& prompt_GD);
};

std::span<const HeadEntry* const> all_heads();
/// Null where there is none of the name.
const HeadEntry* find_head(std::string_view name);
/// Throws ConfigError with the nearest name.
const HeadEntry& head_by_name(std::string_view name);
std::vector<std::string> head_names();

/// The tie parameter log nu [1], part of any head whose config says `ties`.
inline constexpr std::string_view kLogNu = "log_nu";

/// The weights of a head with the tie parameter where wanted.
std::vector<nn::ExpectedWeight> head_weights(const HeadConfig& config, int64_t hidden);

#define HEAD(name) extern const HeadEntry name##_entry;
#include "rondo/heads/heads.def"
#undef HEAD

}  // namespace rondo::heads
