// SPDX-License-Identifier: Apache-2.0
// ModernBERT: pre-norm encoder with rotary positions, GeGLU, and two windowed layers to each full one, which have
// frequencies of their own. arXiv:2412.13663.
#include "rondo/backbones/shared/config_values.h"
#include "rondo/backbones/shared/rope_config.h"
#include "rondo/backbones/shared/transformer.h"
#include "rondo/backbones/shared/weights.h"

namespace rondo::backbones {
namespace {

using enum nn::Start;

constexpr nn::WeightRule kWeights[] = {
    {"model.embeddings.tok_embeddings.weight", "VD"},
    {"model.embeddings.norm.weight", "D"},
    {"model.embeddings.norm.bias", "D", kZeros, &nn::Sizes::norm_bias},
    {"model.final_norm.weight", "D"},
    {"model.final_norm.bias", "D", kZeros, &nn::Sizes::norm_bias},
    {"model.layers.{}.attn_norm.weight", "D", kOnes, nullptr, 1},
    {"model.layers.{}.attn_norm.bias", "D", kZeros, &nn::Sizes::norm_bias, 1},
    {"model.layers.{}.attn.Wqkv.weight", "(3D)D"},
    {"model.layers.{}.attn.Wqkv.bias", "(3D)", kZeros, &nn::Sizes::attention_bias},
    {"model.layers.{}.attn.Wo.weight", "DD"},
    {"model.layers.{}.attn.Wo.bias", "D", kZeros, &nn::Sizes::attention_bias},
    {"model.layers.{}.mlp_norm.weight", "D"},
    {"model.layers.{}.mlp_norm.bias", "D", kZeros, &nn::Sizes::norm_bias},
    {"model.layers.{}.mlp.Wi.weight", "(2F)D"},
    {"model.layers.{}.mlp.Wi.bias", "(2F)", kZeros, &nn::Sizes::mlp_bias},
    {"model.layers.{}.mlp.Wo.weight", "DF"},
    {"model.layers.{}.mlp.Wo.bias", "D", kZeros, &nn::Sizes::mlp_bias},
};

constexpr nn::WeightRule kClassifier[] = {{"head.dense.weight", "DD"},
                                          {"head.dense.bias", "D", kZeros, &nn::Sizes::classifier_bias},
                                          {"head.norm.weight", "D"},
                                          {"head.norm.bias", "D", kZeros, &nn::Sizes::norm_bias}};

// The head of pre-training, where no classifier reads it.
constexpr std::string_view kIgnorable[] = {"head.*", "decoder.*"};

constexpr KeyName kKeyNames[] = {{"rope_theta", "global_rope_theta"}};

constexpr RopeKeys kFullRope{.layer_type = "full_attention", .theta = "global_rope_theta", .theta_default = 160000};
constexpr RopeKeys kLocalRope{.layer_type = "sliding_attention", .theta = "local_rope_theta"};
constexpr int64_t kDefaultWindow = 128;
constexpr int64_t kDefaultPattern = 3;
constexpr double kDefaultEps = 1e-5;

nn::Sizes sizes(ConfigReader& config) {
  nn::Sizes s = read_sizes(config);
  s.inner = config.integer("intermediate_size", 1, kMostSize);
  s.attention_bias = config.boolean_or("attention_bias", false);
  s.mlp_bias = config.boolean_or("mlp_bias", false);
  s.norm_bias = config.boolean_or("norm_bias", false);
  s.classifier_bias = config.boolean_or("classifier_bias", false);
  if (s.hidden % s.heads != 0) config.fail("num_attention_heads", "does not divide hidden_size");
  return s;
}

std::unique_ptr<Backbone> build(const FamilyEntry&, ConfigReader& config, const nn::ParameterSet& parameters) {
  const nn::Sizes s = sizes(config);
  const double eps = config.number_or("norm_eps", kDefaultEps, 0, 1);
  const nn::Activation activation = read_activation(config, "hidden_activation", "gelu");
  // local_attention counts both sides.
  const int64_t window = config.integer_or("local_attention", kDefaultWindow, 0, kMostSize) / 2 + 1;
  const int64_t pattern = config.integer_or("global_attn_every_n_layers", kDefaultPattern, 1, kMostSize);
  const std::vector<bool> sliding =
      read_sliding_layers(config, s.layers, [&](int64_t layer) { return layer % pattern != 0; });
  const Weights model(parameters, "model.");
  TransformerParts parts;
  parts.embeddings.tokens_VD = model.tensor("embeddings.tok_embeddings.weight");
  parts.embeddings.norm = model.norm("embeddings.norm", nn::NormKind::kLayer, eps);
  parts.kinds = {{.rope = read_rope(config, s.head_size, kFullRope)},
                 {.window = window, .rope = read_rope(config, s.head_size, kLocalRope)}};
  parts.final_norm = model.norm("final_norm", nn::NormKind::kLayer, eps);
  for (int64_t i = 0; i < s.layers; ++i) {
    const Weights layer = model.under("layers").under(i);
    parts.blocks.push_back(
        {.attention_norm = layer.norm("attn_norm", nn::NormKind::kLayer, eps),
         .attention = {.qkv = fused_qkv(nn::QkvProjection::Layout::kStacked, layer.linear("attn.Wqkv"), s),
                       .out = layer.linear("attn.Wo"),
                       .options = {.scale = usual_scale(s)}},
         .mlp_norm = layer.norm("mlp_norm", nn::NormKind::kLayer, eps),
         .mlp = {.gating = nn::FeedForward::Gate::kStacked,
                 .activation = activation,
                 .in = layer.linear("mlp.Wi"),
                 .out = layer.linear("mlp.Wo")},
         .kind = sliding[static_cast<size_t>(i)]});
  }
  return std::make_unique<Transformer>(s, std::move(parts));
}

nn::Transition classifier(ConfigReader& config, const nn::ParameterSet& parameters) {
  const Weights head(parameters, "head.");
  return {.dense = head.linear("dense"),
          .activation = read_activation(config, "classifier_activation", "gelu"),
          .norm = head.norm("norm", nn::NormKind::kLayer, config.number_or("norm_eps", kDefaultEps, 0, 1))};
}

}  // namespace

constinit const FamilyEntry modernbert_entry{
    .name = "modernbert",
    .model_type = "modernbert",
    .architectures = {"ModernBertModel", "ModernBertForMaskedLM", "ModernBertForSequenceClassification"},
    .key_names = kKeyNames,
    .is_encoder = true,
    .sizes = &sizes,
    .weights = kWeights,
    .ignorable = kIgnorable,
    .lm_head = {},
    .max_length = [](ConfigReader& config) { return read_max_length(config, 8192); },
    .build = &build,
    .classifier = {.output = "classifier",
                   .output_has_bias = true,
                   .weights = kClassifier,
                   .build = &classifier,
                   .pooling_key = "classifier_pooling"},
};

}  // namespace rondo::backbones
