// SPDX-License-Identifier: Apache-2.0
// BERT: encoder with learned positions, token types, and norms over the sums. arXiv:1810.04805.
#include "rondo/backbones/shared/encoder.h"

namespace rondo::backbones {
namespace {

using enum nn::Start;

constexpr nn::WeightRule kWeights[] = {
    {"bert.embeddings.word_embeddings.weight", "VD"},
    {"bert.embeddings.position_embeddings.weight", "SD"},
    {"bert.embeddings.token_type_embeddings.weight", "YD", kOnes, &nn::Sizes::type_table},
    {"bert.embeddings.LayerNorm.weight", "D"},
    {"bert.embeddings.LayerNorm.bias", "D", kZeros},
    {"bert.encoder.layer.{}.attention.self.query.weight", "DD"},
    {"bert.encoder.layer.{}.attention.self.query.bias", "D", kZeros},
    {"bert.encoder.layer.{}.attention.self.key.weight", "DD"},
    {"bert.encoder.layer.{}.attention.self.key.bias", "D", kZeros},
    {"bert.encoder.layer.{}.attention.self.value.weight", "DD"},
    {"bert.encoder.layer.{}.attention.self.value.bias", "D", kZeros},
    {"bert.encoder.layer.{}.attention.output.dense.weight", "DD"},
    {"bert.encoder.layer.{}.attention.output.dense.bias", "D", kZeros},
    {"bert.encoder.layer.{}.attention.output.LayerNorm.weight", "D"},
    {"bert.encoder.layer.{}.attention.output.LayerNorm.bias", "D", kZeros},
    {"bert.encoder.layer.{}.intermediate.dense.weight", "FD"},
    {"bert.encoder.layer.{}.intermediate.dense.bias", "F", kZeros},
    {"bert.encoder.layer.{}.output.dense.weight", "DF"},
    {"bert.encoder.layer.{}.output.dense.bias", "D", kZeros},
    {"bert.encoder.layer.{}.output.LayerNorm.weight", "D"},
    {"bert.encoder.layer.{}.output.LayerNorm.bias", "D", kZeros},
};

constexpr nn::WeightRule kPooler[] = {{"bert.pooler.dense.weight", "DD"}, {"bert.pooler.dense.bias", "D", kZeros}};

// The pooler where no classifier reads it, and the heads of pre-training.
constexpr std::string_view kIgnorable[] = {"bert.embeddings.position_ids", "bert.pooler.*", "cls.*"};

constexpr int64_t kDefaultPositions = 512;
constexpr int64_t kDefaultTypes = 2;

nn::Sizes sizes(ConfigReader& config) { return read_encoder_sizes(config, kDefaultPositions, kDefaultTypes); }

std::unique_ptr<Backbone> build(const FamilyEntry& family, ConfigReader& config, const nn::ParameterSet& parameters) {
  return std::make_unique<Transformer>(sizes(config), bert_parts(family, config, parameters));
}

nn::Transition pooler(ConfigReader&, const nn::ParameterSet& parameters) {
  return {.dense = Weights(parameters, "bert.pooler.").linear("dense"), .activation = nn::Activation::kTanh};
}

}  // namespace

constinit const FamilyEntry bert_entry{
    .name = "bert",
    .model_type = "bert",
    .architectures = {"BertModel", "BertForMaskedLM", "BertForPreTraining", "BertForSequenceClassification"},
    .prefix = "bert.",
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
