// SPDX-License-Identifier: Apache-2.0
// Backbones: packed tokens to hidden states. One file per family and one line in backbones.def; nothing about a family
// is known elsewhere. Families differ through values given to the shared layers of nn/.
#pragma once

#include <algorithm>
#include <array>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "rondo/backbones/shared/config_reader.h"
#include "rondo/backbones/shared/decoder_weights.h"
#include "rondo/base/tensor.h"
#include "rondo/core/packed_batch.h"
#include "rondo/nn/key_value_cache.h"
#include "rondo/nn/parameters.h"
#include "rondo/nn/transition.h"
#include "rondo/nn/weight_rules.h"

namespace rondo::backbones {

struct ForwardOptions {
  /// Run each block again in the backward pass instead of storing its activations.
  bool recompute_blocks = false;
  /// Sampling: keys and values of the prompts are recorded here, then read and extended by one token a response. The
  /// caller finishes prompts and steps.
  nn::KeyValueCache* cache = nullptr;
};

class Backbone {
 public:
  virtual ~Backbone() = default;
  /// Hidden states after the final norm, hidden_ND, for every token of the batch.
  virtual Tensor forward(const PackedBatch& batch, const ForwardOptions& options) const = 0;
  /// Next-token logits [N, V] of hidden states; throws ModelError where the family has no language-model head.
  virtual Tensor logits(const Tensor& hidden_ND) const = 0;
  /// The logits of a few tokens alone [N, tokens], in float32 or wider whatever the weights are.
  virtual Tensor logits_of(const Tensor& hidden_ND, const std::vector<int64_t>& tokens) const = 0;
  const nn::Sizes& sizes() const { return sizes_; }

 protected:
  explicit Backbone(const nn::Sizes& sizes) : sizes_(sizes) {}

 private:
  nn::Sizes sizes_;
};

/// A key that this family spells differently in config.json.
struct KeyName {
  std::string_view usual;  // "hidden_size"
  std::string_view own;    // "n_embd"
};

/// What transformers' ...ForSequenceClassification of a family has between a pooled state and its outputs. As it
/// stands: the outputs of decoders, a matrix without bias.
struct ClassifierEntry {
  /// The linear map that gives the outputs.
  std::string_view output = "score";
  bool output_has_bias = false;
  /// The layers in front of it (encoders); none where `build` is null.
  std::span<const nn::WeightRule> weights = {};
  nn::Transition (*build)(ConfigReader& config, const nn::ParameterSet& parameters) = nullptr;
  /// Key of config.json that says which state is read, "cls" or "mean"; where there is none, encoders read the first.
  std::string_view pooling_key = {};
};

/// Names of classes in transformers, in place so that an entry can list them.
class ArchitectureNames {
 public:
  static constexpr size_t kMost = 6;
  constexpr ArchitectureNames(std::initializer_list<std::string_view> names) : count_(names.size()) {
    std::copy(names.begin(), names.end(), names_.begin());  // no constant expression where there are too many
  }
  constexpr const std::string_view* begin() const { return names_.data(); }
  constexpr const std::string_view* end() const { return names_.data() + count_; }
  constexpr std::string_view front() const { return names_.front(); }

 private:
  std::array<std::string_view, kMost> names_{};
  size_t count_;
};

struct DecoderValues;
struct FamilyEntry;

/// A FamilyEntry::build: a decoder in Llama's naming, whose values the family's `decoder` says.
std::unique_ptr<Backbone> build_decoder(const FamilyEntry& family, ConfigReader& config,
                                        const nn::ParameterSet& parameters);
/// A FamilyEntry::sizes: those of such a decoder without biases.
nn::Sizes read_plain_decoder_sizes(ConfigReader& config);

/// Frequencies that older checkpoints store.
inline constexpr std::string_view kDecoderIgnorable[] = {"model.layers.{}.self_attn.rotary_emb.inv_freq"};

/// As it stands, a decoder in Llama's naming: such an entry has no `build`, it says in which values it differs
/// (`decoder`).
struct FamilyEntry {
  std::string_view name;
  /// `model_type` in config.json.
  std::string_view model_type;
  /// Values of `architectures` in config.json that name this family.
  ArchitectureNames architectures;
  /// First component of the weight names, which a checkpoint of the bare backbone leaves out: "model.".
  std::string_view prefix = "model.";
  std::span<const KeyName> key_names = {};
  /// Encoders see their whole sequence, so nothing is shared between responses.
  bool is_encoder = false;
  /// Sizes from config.json; throws ModelError on a missing or contradictory key.
  nn::Sizes (*sizes)(ConfigReader& config) = &read_plain_decoder_sizes;
  std::span<const nn::WeightRule> weights = kDecoderWeights;
  /// Matrices of the blocks lie as [in, out] in the file.
  bool matrices_are_in_out = false;
  /// Tensors that may be in a file and are not used (patterns with one "{}" for a number, or a "*" at the end).
  std::span<const std::string_view> ignorable = kDecoderIgnorable;
  /// Weights of the language-model head, wanted by policies only; empty where the family has none. Reuses the embedding
  /// where config.json ties them, or does not say and the family ties them.
  std::string_view lm_head = "lm_head.weight";
  bool tied = false;
  /// `pad_token_id` where config.json does not say; -1 = none.
  int64_t default_pad = -1;
  /// Longest sequence the model was made for, in tokens.
  int64_t (*max_length)(ConfigReader& config);
  /// What build_decoder makes the model of; null where that is Llama's, and for families with a `build` of their own.
  DecoderValues (*decoder)(ConfigReader& config, const nn::Sizes& sizes) = nullptr;
  std::unique_ptr<Backbone> (*build)(const FamilyEntry& family, ConfigReader& config,
                                     const nn::ParameterSet& parameters) = &build_decoder;
  ClassifierEntry classifier = {};
};

std::span<const FamilyEntry* const> all_families();

/// Null where no family answers to it.
const FamilyEntry* find_family(std::string_view architecture);
/// Throws ModelError listing the known families.
const FamilyEntry& family_of_architecture(std::string_view architecture);
/// Throws ConfigError with the nearest name.
const FamilyEntry& family_by_name(std::string_view name);

#define FAMILY(name) extern const FamilyEntry name##_entry;
#include "rondo/backbones/backbones.def"
#undef FAMILY

}  // namespace rondo::backbones
