// SPDX-License-Identifier: Apache-2.0
// Llama 1 to 3: pre-norm decoder with RMSNorm, rotary positions, grouped queries and SwiGLU, no biases.
// arXiv:2302.13971, arXiv:2307.09288, arXiv:2407.21783.
#include <ATen/TensorOperators.h>
#include <ATen/ops/linear.h>

#include <cmath>

#include "rondo/backbones/shared/family.h"
#include "rondo/backbones/shared/rope_config.h"
#include "rondo/base/error.h"
#include "rondo/nn/forest_attention.h"
#include "rondo/nn/layers.h"
#include "rondo/nn/recompute.h"
#include "rondo/nn/rope.h"

namespace rondo::backbones {
namespace {

constexpr std::string_view kArchitectures[] = {"LlamaForCausalLM", "LlamaForSequenceClassification", "LlamaModel"};

constexpr nn::WeightRule kWeights[] = {
    {"model.embed_tokens.weight", "VD"},
    {"model.norm.weight", "D"},
    {"model.layers.{}.input_layernorm.weight", "D"},
    {"model.layers.{}.self_attn.q_proj.weight", "(HK)D"},
    {"model.layers.{}.self_attn.k_proj.weight", "(JK)D"},
    {"model.layers.{}.self_attn.v_proj.weight", "(JK)D"},
    {"model.layers.{}.self_attn.o_proj.weight", "D(HK)"},
    {"model.layers.{}.post_attention_layernorm.weight", "D"},
    {"model.layers.{}.mlp.gate_proj.weight", "FD"},
    {"model.layers.{}.mlp.up_proj.weight", "FD"},
    {"model.layers.{}.mlp.down_proj.weight", "DF"},
};

constexpr std::string_view kIgnorable[] = {"model.layers.{}.self_attn.rotary_emb.inv_freq"};

constexpr int64_t kMostSize = int64_t{1} << 24;

nn::Sizes sizes(ConfigReader& config) {
  nn::Sizes s;
  s.vocab = config.integer("vocab_size", 1, kMostSize);
  s.hidden = config.integer("hidden_size", 1, kMostSize);
  s.layers = config.integer("num_hidden_layers", 1, 4096);
  s.heads = config.integer("num_attention_heads", 1, 65536);
  s.kv_heads = config.integer_or("num_key_value_heads", s.heads, 1, s.heads);
  s.head_size = config.integer_or("head_dim", s.hidden / s.heads, 1, kMostSize);
  s.inner = config.integer("intermediate_size", 1, kMostSize);
  if (s.heads % s.kv_heads != 0) config.fail("num_key_value_heads", "does not divide num_attention_heads");
  if (s.head_size % 2 != 0) config.fail("head_dim", "is odd; rotary positions need an even head size");
  config.require_text("hidden_act", "silu");
  config.require_false("attention_bias");
  config.require_false("mlp_bias");
  config.integer_or("pretraining_tp", 1, 1, 64);  // splits the products, not the result
  config.number_or("attention_dropout", 0, 0, 1);
  return s;
}

int64_t max_length(ConfigReader& config) {
  return config.integer_or("max_position_embeddings", 2048, 1, int64_t{1} << 31);
}

struct Layer {
  Tensor attention_norm_D, q, k, v, o, mlp_norm_D;
  nn::SwiGlu mlp;
};

/// What all layers of one forward pass share.
struct Pass {
  nn::RopeTables rope;
  std::shared_ptr<const nn::AttentionPlan> plan;
};

class Llama : public Backbone {
 public:
  Llama(ConfigReader& config, const nn::ParameterSet& p)
      : Backbone(backbones::sizes(config)),
        eps_(config.number_or("rms_norm_eps", 1e-6, 0, 1)),
        inverse_frequencies_(nn::rope_inverse_frequencies(read_rope(config, sizes().head_size))),
        embed_VD_(p.get("model.embed_tokens.weight")),
        norm_D_(p.get("model.norm.weight")),
        lm_head_VD_(p.has("lm_head.weight") ? p.get("lm_head.weight") : Tensor()) {
    if (config.boolean_or("tie_word_embeddings", false)) lm_head_VD_ = embed_VD_;
    for (int64_t i = 0; i < sizes().layers; ++i) {
      const std::string at = "model.layers." + std::to_string(i) + ".";
      layers_.push_back(
          {p.get(at + "input_layernorm.weight"),
           p.get(at + "self_attn.q_proj.weight"),
           p.get(at + "self_attn.k_proj.weight"),
           p.get(at + "self_attn.v_proj.weight"),
           p.get(at + "self_attn.o_proj.weight"),
           p.get(at + "post_attention_layernorm.weight"),
           {p.get(at + "mlp.gate_proj.weight"), p.get(at + "mlp.up_proj.weight"), p.get(at + "mlp.down_proj.weight")}});
    }
  }

  Tensor forward(const PackedBatch& batch, const ForwardOptions& options) const override {
    Tensor x_ND = nn::embed(embed_VD_, batch.ids_N);
    const Pass pass{nn::rope_tables(inverse_frequencies_.to(x_ND.device()), batch.positions_N, x_ND.scalar_type()),
                    nn::plan_attention(batch.layout, sizes().heads)};
    for (const Layer& layer : layers_) {
      if (options.recompute_blocks) {
        x_ND = nn::recompute([&layer, pass, this](const Tensor& x) { return block(layer, pass, x); }, x_ND, layer.o);
      } else {
        x_ND = block(layer, pass, x_ND);
      }
    }
    return nn::rms_norm(x_ND, norm_D_, eps_);
  }

  Tensor logits(const Tensor& hidden_ND) const override {
    if (!lm_head_VD_.defined()) throw ModelError("this model has no lm_head.weight and its embeddings are not tied");
    return at::linear(hidden_ND, lm_head_VD_);
  }

 private:
  Tensor block(const Layer& layer, const Pass& pass, const Tensor& x_ND) const {
    const Tensor after_attention_ND = x_ND + attention(layer, pass, nn::rms_norm(x_ND, layer.attention_norm_D, eps_));
    return after_attention_ND + layer.mlp.forward(nn::rms_norm(after_attention_ND, layer.mlp_norm_D, eps_));
  }

  Tensor attention(const Layer& layer, const Pass& pass, const Tensor& x_ND) const {
    const int64_t size = sizes().head_size;
    const Tensor q_NHK = nn::rotate(at::linear(x_ND, layer.q).unflatten(-1, {-1, size}), pass.rope);
    const Tensor k_NJK = nn::rotate(at::linear(x_ND, layer.k).unflatten(-1, {-1, size}), pass.rope);
    const Tensor v_NJK = at::linear(x_ND, layer.v).unflatten(-1, {-1, size});
    const double scale = 1.0 / std::sqrt(static_cast<double>(size));
    return at::linear(nn::forest_attention(q_NHK, k_NJK, v_NJK, pass.plan, scale).flatten(1), layer.o);
  }

  double eps_;
  Tensor inverse_frequencies_;
  Tensor embed_VD_;
  Tensor norm_D_;
  Tensor lm_head_VD_;
  std::vector<Layer> layers_;
};

std::unique_ptr<Backbone> build(ConfigReader& config, const nn::ParameterSet& parameters) {
  return std::make_unique<Llama>(config, parameters);
}

}  // namespace

constinit const FamilyEntry llama_entry{
    .name = "llama",
    .architectures = kArchitectures,
    .sizes = &sizes,
    .weights = kWeights,
    .ignorable = kIgnorable,
    .lm_head = "lm_head.weight",
    .max_length = &max_length,
    .build = &build,
};

}  // namespace rondo::backbones
