// SPDX-License-Identifier: Apache-2.0
// RoBERTa and XLM-RoBERTa: BERT whose positions count from behind the padding id. arXiv:1907.11692, arXiv:1911.02116.
#include "rondo/backbones/shared/encoder.h"

namespace rondo::backbones {
namespace {

using enum nn::Start;

constexpr nn::WeightRule kWeights[] = {
    {"roberta.embeddings.word_embeddings.weight", "VD"},
    {"roberta.embeddings.position_embeddings.weight", "SD"},
    {"roberta.embeddings.token_type_embeddings.weight", "YD", kOnes, &nn::Sizes::type_table},
    {"roberta.embeddings.LayerNorm.weight", "D"},
    {"roberta.embeddings.LayerNorm.bias", "D", kZeros},
    {"roberta.encoder.layer.{}.attention.self.query.weight", "DD"},
    {"roberta.encoder.layer.{}.attention.self.query.bias", "D", kZeros},
    {"roberta.encoder.layer.{}.attention.self.key.weight", "DD"},
    {"roberta.encoder.layer.{}.attention.self.key.bias", "D", kZeros},
    {"roberta.encoder.layer.{}.attention.self.value.weight", "DD"},
    {"roberta.encoder.layer.{}.attention.self.value.bias", "D", kZeros},
    {"roberta.encoder.layer.{}.attention.output.dense.weight", "DD"},
    {"roberta.encoder.layer.{}.attention.output.dense.bias", "D", kZeros},
    {"roberta.encoder.layer.{}.attention.output.LayerNorm.weight", "D"},
    {"roberta.encoder.layer.{}.attention.output.LayerNorm.bias", "D", kZeros},
    {"roberta.encoder.layer.{}.intermediate.dense.weight", "FD"},
    {"roberta.encoder.layer.{}.intermediate.dense.bias", "F", kZeros},
    {"roberta.encoder.layer.{}.output.dense.weight", "DF"},
    {"roberta.encoder.layer.{}.output.dense.bias", "D", kZeros},
    {"roberta.encoder.layer.{}.output.LayerNorm.weight", "D"},
    {"roberta.encoder.layer.{}.output.LayerNorm.bias", "D", kZeros},
};

constexpr nn::WeightRule kClassifier[] = {{"classifier.dense.weight", "DD"}, {"classifier.dense.bias", "D", kZeros}};

// The pooler, which no classifier reads, and the head of pre-training.
constexpr std::string_view kIgnorable[] = {"roberta.embeddings.position_ids", "roberta.pooler.*", "lm_head.*"};

constexpr int64_t kDefaultPositions = 512;
constexpr int64_t kDefaultTypes = 2;
constexpr int64_t kDefaultPadding = 1;

nn::Sizes sizes(ConfigReader& config) { return read_encoder_sizes(config, kDefaultPositions, kDefaultTypes); }

int64_t padding_id(ConfigReader& config) { return config.integer_or("pad_token_id", kDefaultPadding, 0, kMostSize); }

int64_t max_length(ConfigReader& config) {
  const int64_t length = read_max_length(config, kDefaultPositions) - padding_id(config) - 1;
  if (length < 1) config.fail("max_position_embeddings", "leaves no position behind pad_token_id");
  return length;
}

std::unique_ptr<Backbone> build(const FamilyEntry& family, ConfigReader& config, const nn::ParameterSet& parameters) {
  TransformerParts parts = bert_parts(family, config, parameters);
  parts.embeddings.padding_id = padding_id(config);
  return std::make_unique<Transformer>(sizes(config), std::move(parts));
}

nn::Transition classifier(ConfigReader&, const nn::ParameterSet& parameters) {
  return {.dense = Weights(parameters, "classifier.").linear("dense"), .activation = nn::Activation::kTanh};
}

}  // namespace

constinit const FamilyEntry roberta_entry{
    .name = "roberta",
    .model_type = "roberta",
    .architectures = {"RobertaModel", "RobertaForMaskedLM", "RobertaForSequenceClassification", "XLMRobertaModel",
                      "XLMRobertaForMaskedLM", "XLMRobertaForSequenceClassification"},
    .prefix = "roberta.",
    .is_encoder = true,
    .sizes = &sizes,
    .weights = kWeights,
    .ignorable = kIgnorable,
    .lm_head = {},
    .max_length = &max_length,
    .build = &build,
    .classifier = {.output = "classifier.out_proj",
                   .output_has_bias = true,
                   .weights = kClassifier,
                   .build = &classifier},
};

}  // namespace rondo::backbones
