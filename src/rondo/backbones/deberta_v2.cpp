// SPDX-License-Identifier: Apache-2.0
// DeBERTa v2 and v3: BERT whose attention scores have terms for relative positions (nn/relative_positions.h).
// arXiv:2006.03654, arXiv:2111.09543.
#include <algorithm>
#include <cmath>

#include "rondo/backbones/shared/encoder.h"

namespace rondo::backbones {
namespace {

using enum nn::Start;

constexpr nn::WeightRule kWeights[] = {
    {"deberta.embeddings.word_embeddings.weight", "VD"},
    {"deberta.embeddings.position_embeddings.weight", "SD", kOnes, &nn::Sizes::position_table},
    {"deberta.embeddings.token_type_embeddings.weight", "YD", kOnes, &nn::Sizes::type_table},
    {"deberta.embeddings.LayerNorm.weight", "D"},
    {"deberta.embeddings.LayerNorm.bias", "D", kZeros},
    {"deberta.encoder.rel_embeddings.weight", "(2B)D", kOnes, &nn::Sizes::relative_table},
    {"deberta.encoder.LayerNorm.weight", "D", kOnes, &nn::Sizes::relative_norm},
    {"deberta.encoder.LayerNorm.bias", "D", kZeros, &nn::Sizes::relative_norm},
    {"deberta.encoder.layer.{}.attention.self.query_proj.weight", "DD"},
    {"deberta.encoder.layer.{}.attention.self.query_proj.bias", "D", kZeros},
    {"deberta.encoder.layer.{}.attention.self.key_proj.weight", "DD"},
    {"deberta.encoder.layer.{}.attention.self.key_proj.bias", "D", kZeros},
    {"deberta.encoder.layer.{}.attention.self.value_proj.weight", "DD"},
    {"deberta.encoder.layer.{}.attention.self.value_proj.bias", "D", kZeros},
    {"deberta.encoder.layer.{}.attention.self.pos_key_proj.weight", "DD", kOnes, &nn::Sizes::relative_key},
    {"deberta.encoder.layer.{}.attention.self.pos_key_proj.bias", "D", kZeros, &nn::Sizes::relative_key},
    {"deberta.encoder.layer.{}.attention.self.pos_query_proj.weight", "DD", kOnes, &nn::Sizes::relative_query},
    {"deberta.encoder.layer.{}.attention.self.pos_query_proj.bias", "D", kZeros, &nn::Sizes::relative_query},
    {"deberta.encoder.layer.{}.attention.output.dense.weight", "DD"},
    {"deberta.encoder.layer.{}.attention.output.dense.bias", "D", kZeros},
    {"deberta.encoder.layer.{}.attention.output.LayerNorm.weight", "D"},
    {"deberta.encoder.layer.{}.attention.output.LayerNorm.bias", "D", kZeros},
    {"deberta.encoder.layer.{}.intermediate.dense.weight", "FD"},
    {"deberta.encoder.layer.{}.intermediate.dense.bias", "F", kZeros},
    {"deberta.encoder.layer.{}.output.dense.weight", "DF"},
    {"deberta.encoder.layer.{}.output.dense.bias", "D", kZeros},
    {"deberta.encoder.layer.{}.output.LayerNorm.weight", "D"},
    {"deberta.encoder.layer.{}.output.LayerNorm.bias", "D", kZeros},
};

constexpr nn::WeightRule kPooler[] = {{"pooler.dense.weight", "DD"}, {"pooler.dense.bias", "D", kZeros}};

// Absolute positions that a relative model does not add, and the heads of pre-training.
constexpr std::string_view kIgnorable[] = {"deberta.embeddings.position_ids",
                                           "deberta.embeddings.position_embeddings.*", "lm_predictions.*",
                                           "mask_predictions.*", "cls.*"};

constexpr int64_t kDefaultPositions = 512;

struct RelativeConfig {
  bool enabled = false;
  bool content_to_position = false;
  bool position_to_content = false;
  bool shared_projections = false;
  bool normed = false;
  int64_t buckets = 0;
  int64_t longest = 0;
};

RelativeConfig read_relative(ConfigReader& config) {
  RelativeConfig r;
  r.enabled = config.boolean_or("relative_attention", false);
  for (const std::string& term : config.texts("pos_att_type").value_or(std::vector<std::string>())) {
    if (term != "c2p" && term != "p2c") config.fail("pos_att_type", "holds '" + term + "'; known: c2p, p2c");
    (term == "c2p" ? r.content_to_position : r.position_to_content) = true;
  }
  for (const std::string& norm : config.texts("norm_rel_ebd").value_or(std::vector<std::string>())) {
    if (norm != "none" && norm != "layer_norm")
      config.fail("norm_rel_ebd", "holds '" + norm + "'; known: none, layer_norm");
    r.normed = r.normed || norm == "layer_norm";
  }
  r.shared_projections = config.boolean_or("share_att_key", false);
  r.buckets = std::max<int64_t>(0, config.integer_or("position_buckets", -1, -1, kMostSize));
  r.longest = config.integer_or("max_relative_positions", -1, -1, kMostSize);
  if (r.longest < 1) r.longest = read_max_length(config, kDefaultPositions);
  if (r.buckets == 1 || (r.buckets > 1 && r.longest <= r.buckets / 2 + 1))
    config.fail("position_buckets", "does not fit max_relative_positions: far positions would have no bucket");
  return r;
}

nn::Sizes sizes(ConfigReader& config) {
  nn::Sizes s = read_encoder_sizes(config, kDefaultPositions, 0);
  s.position_table = config.boolean_or("position_biased_input", true);
  const RelativeConfig r = read_relative(config);
  s.span = r.buckets > 0 ? r.buckets : r.longest;
  s.relative_table = r.enabled;
  s.relative_norm = r.normed;
  s.relative_key = r.enabled && r.content_to_position && !r.shared_projections;
  s.relative_query = r.enabled && r.position_to_content && !r.shared_projections;
  if (config.integer_or("embedding_size", s.hidden, 1, kMostSize) != s.hidden)
    config.fail("embedding_size", "is not hidden_size, which is not implemented");
  if (config.integer_or("attention_head_size", s.head_size, 1, kMostSize) != s.head_size)
    config.fail("attention_head_size", "is not hidden_size / num_attention_heads, which is not implemented");
  if (config.integer_or("conv_kernel_size", 0, 0, kMostSize) != 0)
    config.fail("conv_kernel_size", "is not 0: the convolution of the largest v2 models is not implemented");
  return s;
}

nn::RelativePositions relative_positions(const Weights& encoder, const Weights& self, const RelativeConfig& r,
                                         double eps) {
  nn::RelativePositions positions{.buckets = r.buckets, .longest = r.longest};
  if (!r.enabled) return positions;
  positions.table_SD = encoder.tensor("rel_embeddings.weight");
  positions.norm = encoder.norm("LayerNorm", nn::NormKind::kLayer, eps);
  if (r.content_to_position) positions.key = self.linear(r.shared_projections ? "key_proj" : "pos_key_proj");
  if (r.position_to_content) positions.query = self.linear(r.shared_projections ? "query_proj" : "pos_query_proj");
  return positions;
}

std::unique_ptr<Backbone> build(const FamilyEntry&, ConfigReader& config, const nn::ParameterSet& parameters) {
  const nn::Sizes s = sizes(config);
  const RelativeConfig r = read_relative(config);
  const double eps = config.number_or("layer_norm_eps", 1e-7, 0, 1);
  const nn::Activation activation = read_activation(config, "hidden_act", "gelu");
  const Weights model(parameters, "deberta."), encoder = model.under("encoder");
  TransformerParts parts;
  parts.embeddings = bert_embeddings(model.under("embeddings"), eps);
  parts.kinds = {{}};
  // Every kind of score adds its variance.
  const double kinds_of_scores = 1.0 + (r.content_to_position ? 1 : 0) + (r.position_to_content ? 1 : 0);
  for (int64_t i = 0; i < s.layers; ++i) {
    const Weights layer = encoder.under("layer").under(i), self = layer.under("attention.self");
    const nn::QkvProjection qkv =
        separate_qkv(self.linear("query_proj"), self.linear("key_proj"), self.linear("value_proj"), s);
    nn::Block block = bert_block(layer, qkv, usual_scale(s) / std::sqrt(kinds_of_scores), activation, eps);
    block.attention.relative = relative_positions(encoder, self, r, eps);
    parts.blocks.push_back(std::move(block));
  }
  return std::make_unique<Transformer>(s, std::move(parts));
}

nn::Transition pooler(ConfigReader& config, const nn::ParameterSet& parameters) {
  return {.dense = Weights(parameters, "pooler.").linear("dense"),
          .activation = read_activation(config, "pooler_hidden_act", "gelu")};
}

}  // namespace

constinit const FamilyEntry deberta_v2_entry{
    .name = "deberta_v2",
    .model_type = "deberta-v2",
    .architectures = {"DebertaV2Model", "DebertaV2ForMaskedLM", "DebertaV2ForSequenceClassification"},
    .prefix = "deberta.",
    .is_encoder = true,
    .sizes = &sizes,
    .weights = kWeights,
    .ignorable = kIgnorable,
    .lm_head = {},
    .max_length = [](ConfigReader& config) { return read_max_length(config, kDefaultPositions); },
    .build = &build,
    .classifier = {.output = "classifier", .output_has_bias = true, .weights = kPooler, .build = &pooler},
};

}  // namespace rondo::backbones
