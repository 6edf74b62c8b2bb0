// SPDX-License-Identifier: Apache-2.0
// DistilBERT: BERT without token types, under names of its own. arXiv:1910.01108.
#include "rondo/backbones/shared/encoder.h"

namespace rondo::backbones {
namespace {

using enum nn::Start;

constexpr nn::WeightRule kWeights[] = {
    {"distilbert.embeddings.word_embeddings.weight", "VD"},
    {"distilbert.embeddings.position_embeddings.weight", "SD"},
    {"distilbert.embeddings.LayerNorm.weight", "D"},
    {"distilbert.embeddings.LayerNorm.bias", "D", kZeros},
    {"distilbert.transformer.layer.{}.attention.q_lin.weight", "DD"},
    {"distilbert.transformer.layer.{}.attention.q_lin.bias", "D", kZeros},
    {"distilbert.transformer.layer.{}.attention.k_lin.weight", "DD"},
    {"distilbert.transformer.layer.{}.attention.k_lin.bias", "D", kZeros},
    {"distilbert.transformer.layer.{}.attention.v_lin.weight", "DD"},
    {"distilbert.transformer.layer.{}.attention.v_lin.bias", "D", kZeros},
    {"distilbert.transformer.layer.{}.attention.out_lin.weight", "DD"},
    {"distilbert.transformer.layer.{}.attention.out_lin.bias", "D", kZeros},
    {"distilbert.transformer.layer.{}.sa_layer_norm.weight", "D"},
    {"distilbert.transformer.layer.{}.sa_layer_norm.bias", "D", kZeros},
    {"distilbert.transformer.layer.{}.ffn.lin1.weight", "FD"},
    {"distilbert.transformer.layer.{}.ffn.lin1.bias", "F", kZeros},
    {"distilbert.transformer.layer.{}.ffn.lin2.weight", "DF"},
    {"distilbert.transformer.layer.{}.ffn.lin2.bias", "D", kZeros},
    {"distilbert.transformer.layer.{}.output_layer_norm.weight", "D"},
    {"distilbert.transformer.layer.{}.output_layer_norm.bias", "D", kZeros},
};

constexpr nn::WeightRule kClassifier[] = {{"pre_classifier.weight", "DD"}, {"pre_classifier.bias", "D", kZeros}};

// The head of pre-training.
constexpr std::string_view kIgnorable[] = {"distilbert.embeddings.position_ids", "vocab_transform.*",
                                           "vocab_layer_norm.*", "vocab_projector.*"};

constexpr KeyName kKeyNames[] = {{"hidden_size", "dim"},
                                 {"num_hidden_layers", "n_layers"},
                                 {"num_attention_heads", "n_heads"},
                                 {"intermediate_size", "hidden_dim"}};

constexpr int64_t kDefaultPositions = 512;
constexpr double kEps = 1e-12;

nn::Sizes sizes(ConfigReader& config) {
  nn::Sizes s = read_sizes(config, kKeyNames);
  s.inner = config.integer_or("hidden_dim", 4 * s.hidden, 1, kMostSize);
  s.positions = read_max_length(config, kDefaultPositions);
  if (s.hidden % s.heads != 0) config.fail("n_heads", "does not divide dim");
  return s;
}

std::unique_ptr<Backbone> build(const FamilyEntry&, ConfigReader& config, const nn::ParameterSet& parameters) {
  const nn::Sizes s = sizes(config);
  const nn::Activation activation = read_activation(config, "activation", "gelu");
  config.boolean_or("sinusoidal_pos_embds", false);  // how the stored table was made
  const Weights model(parameters, "distilbert.");
  TransformerParts parts;
  parts.embeddings = bert_embeddings(model.under("embeddings"), kEps);
  parts.kinds = {{}};
  for (int64_t i = 0; i < s.layers; ++i) {
    const Weights layer = model.under("transformer.layer").under(i), self = layer.under("attention");
    parts.blocks.push_back(
        {.attention = {.qkv = separate_qkv(self.linear("q_lin"), self.linear("k_lin"), self.linear("v_lin"), s),
                       .out = self.linear("out_lin"),
                       .options = {.scale = usual_scale(s)}},
         .attention_sum_norm = layer.norm("sa_layer_norm", nn::NormKind::kLayer, kEps),
         .mlp = {.activation = activation, .in = layer.linear("ffn.lin1"), .out = layer.linear("ffn.lin2")},
         .mlp_sum_norm = layer.norm("output_layer_norm", nn::NormKind::kLayer, kEps)});
  }
  return std::make_unique<Transformer>(s, std::move(parts));
}

nn::Transition classifier(ConfigReader&, const nn::ParameterSet& parameters) {
  return {.dense = Weights(parameters, "").linear("pre_classifier"), .activation = nn::Activation::kRelu};
}

}  // namespace

constinit const FamilyEntry distilbert_entry{
    .name = "distilbert",
    .model_type = "distilbert",
    .architectures = {"DistilBertModel", "DistilBertForMaskedLM", "DistilBertForSequenceClassification"},
    .prefix = "distilbert.",
    .key_names = kKeyNames,
    .is_encoder = true,
    .sizes = &sizes,
    .weights = kWeights,
    .ignorable = kIgnorable,
    .lm_head = {},
    .max_length = [](ConfigReader& config) { return read_max_length(config, kDefaultPositions); },
    .build = &build,
    .classifier = {.output = "classifier", .output_has_bias = true, .weights = kClassifier, .build = &classifier},
};

}  // namespace rondo::backbones
