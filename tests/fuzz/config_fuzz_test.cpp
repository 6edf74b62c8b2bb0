// SPDX-License-Identifier: Apache-2.0
// config.json: mutated ones are read or refused with a ModelError, never anything else.
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <span>

#include "rondo/backbones/shared/family.h"
#include "rondo/base/error.h"
#include "rondo/base/random.h"
#include "rondo/io/json.h"
#include "rondo/model/adapter.h"
#include "rondo/model/adapter_config.h"
#include "rondo/model/head_config.h"
#include "rondo/model/initial.h"

namespace rondo {
namespace {

constexpr const char* kSeeds[] = {
    R"({"architectures":["LlamaForCausalLM"],"vocab_size":50,"hidden_size":16,"num_hidden_layers":2,"num_attention_heads":4,"num_key_value_heads":2,"intermediate_size":24,"rope_theta":100.0,"rope_scaling":{"rope_type":"llama3","factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":32},"rondo":{"head":{"kind":"hrc","planes":3,"gate":"softmax","norm":"unit","tau":0.1,"reward_clip":2.0,"ties":false}}})",
    R"({"architectures":["LlamaForSequenceClassification"],"num_labels":1,"id2label":{"0":"LABEL_0"},"vocab_size":50,"hidden_size":16,"num_hidden_layers":2,"num_attention_heads":4,"intermediate_size":24,"head_dim":4,"rope_parameters":{"rope_type":"default","rope_theta":1e4},"tie_word_embeddings":true,"hidden_act":"silu","max_position_embeddings":64})",
    R"({"architectures":["Gemma3ForCausalLM"],"vocab_size":50,"hidden_size":16,"num_hidden_layers":2,"num_attention_heads":4,"num_key_value_heads":2,"head_dim":4,"intermediate_size":24,"sliding_window":5,"layer_types":["sliding_attention","full_attention"],"query_pre_attn_scalar":12,"rope_parameters":{"full_attention":{"rope_type":"yarn","factor":4.0,"rope_theta":1e6,"original_max_position_embeddings":32},"sliding_attention":{"rope_type":"default","rope_theta":1e4}},"rondo":{"head":{"kind":"bt","tau":1.0}}})",
    R"({"architectures":["GPT2LMHeadModel"],"vocab_size":50,"n_embd":16,"n_layer":2,"n_head":4,"n_positions":64,"n_inner":null,"activation_function":"gelu_new","scale_attn_by_inverse_layer_idx":true,"rondo":{"head":{"kind":"bt","tau":1.0}}})",
    R"({"architectures":["RobertaModel"],"vocab_size":50,"hidden_size":16,"num_hidden_layers":2,"num_attention_heads":4,"intermediate_size":24,"max_position_embeddings":40,"type_vocab_size":1,"pad_token_id":1,"layer_norm_eps":1e-5,"rondo":{"head":{"kind":"bt","tau":1.0}}})",
    R"({"architectures":["DebertaV2Model"],"vocab_size":50,"hidden_size":16,"num_hidden_layers":2,"num_attention_heads":4,"intermediate_size":24,"max_position_embeddings":32,"type_vocab_size":0,"relative_attention":true,"position_buckets":6,"max_relative_positions":-1,"pos_att_type":"p2c|c2p","norm_rel_ebd":"layer_norm","share_att_key":true,"position_biased_input":false,"rondo":{"head":{"kind":"bt","tau":1.0}}})",
    R"({"architectures":["ModernBertModel"],"vocab_size":50,"hidden_size":16,"num_hidden_layers":2,"num_attention_heads":4,"intermediate_size":24,"local_attention":6,"global_attn_every_n_layers":2,"norm_bias":true,"mlp_bias":true,"global_rope_theta":1e5,"rondo":{"head":{"kind":"bt","tau":1.0}}})",
    R"({"architectures":["DebertaV2ForSequenceClassification"],"id2label":{"0":"LABEL_0"},"vocab_size":50,"hidden_size":16,"num_hidden_layers":1,"num_attention_heads":4,"intermediate_size":24,"max_position_embeddings":32,"type_vocab_size":0,"pooler_hidden_act":"gelu"})",
    R"({"architectures":["ModernBertForSequenceClassification"],"num_labels":1,"vocab_size":50,"hidden_size":16,"num_hidden_layers":1,"num_attention_heads":4,"intermediate_size":24,"classifier_activation":"gelu","classifier_bias":true,"classifier_pooling":"mean","norm_bias":true})",
    R"({"architectures":["RewardModel"],"model_type":"llama","mean":0.5,"std":2.0,"vocab_size":50,"hidden_size":16,"num_hidden_layers":1,"num_attention_heads":4,"intermediate_size":24})",
};
constexpr const char* kTokens[] = {"null", "true", "-1", "0",      "1e400", "18446744073709551615",
                                   "\"\"", "[]",   "{}", "\"bt\"", "NaN",   "3.5"};

int64_t iterations() {
  const char* const named = std::getenv("RONDO_FUZZ_ITERATIONS");
  return named != nullptr ? std::atoll(named) : 100000;
}

// Changes a few bytes, or puts another value behind a random colon.
std::string mutate(std::string text, Random& random) {
  const uint64_t changes = 1 + random.below(4);
  for (uint64_t k = 0; k < changes && !text.empty(); ++k) {
    const size_t at = random.below(text.size());
    const size_t colon = text.find(':', at);
    if (random.below(2) == 0 || colon == std::string::npos) {
      text[at] = static_cast<char>(random.below(256));
      continue;
    }
    const size_t end = std::min(text.find_first_of(",}", colon), text.size());
    text.replace(colon + 1, end - colon - 1, kTokens[random.below(std::size(kTokens))]);
  }
  return text;
}

// A model of many layers or a large table takes long to make; what a config says of such a one was read before.
bool is_small(const nn::Sizes& s) {
  constexpr int64_t kSmall = 64;
  return s.layers <= 4 && std::max({s.vocab, s.hidden, s.heads * s.head_size, s.inner, s.positions, s.types}) <= kSmall;
}

// Everything that loading reads, where the sizes allow it with weights.
void read_config(const std::string& text) {
  const nlohmann::json config = io::parse_json(text, "fuzz", ErrorKind::kModel);
  const backbones::FamilyEntry& family = model::family_of(config, "fuzz");
  backbones::ConfigReader reader(config, "fuzz");
  const nn::Sizes sizes = family.sizes(reader);
  family.max_length(reader);
  if (is_small(sizes)) {
    nn::ParameterSet parameters = model::initial_backbone(family, sizes, 0.1, 1);
    family.build(family, reader, parameters);
    for (const nn::ExpectedWeight& w : nn::expand_rules(family.classifier.weights, sizes)) {
      parameters.add(w.name, at::zeros(w.shape, at::TensorOptions().dtype(at::kFloat)));
    }
    if (family.classifier.build != nullptr && model::is_classifier(config)) family.classifier.build(reader, parameters);
  }
  reader.refuse_unread_maths();
  static_cast<void>(model::announces_head(config, "fuzz"));
  model::announced_head(config, "fuzz");
  (void)reader.unused();
}

constexpr const char* kAdapterSeeds[] = {
    R"({"peft_type":"LORA","task_type":"SEQ_CLS","base_model_name_or_path":"../base","r":4,"lora_alpha":8,"lora_dropout":0.1,"target_modules":["q_proj","v_proj"],"modules_to_save":["score"],"bias":"none","fan_in_fan_out":false,"init_lora_weights":true,"use_rslora":true,"use_dora":false,"rank_pattern":{},"alpha_pattern":{},"layers_to_transform":null})",
    R"({"peft_type":"LORA","r":16,"lora_alpha":32.5,"target_modules":".*layers\\.1\\.(q|k)_proj","init_lora_weights":"gaussian","exclude_modules":null,"lora_bias":false,"peft_version":"0.21.2","inference_mode":true})",
    R"({"r":1,"lora_alpha":1,"target_modules":"all-linear","revision":null,"megatron_core":"megatron.core","loftq_config":{}})",
};

// Reads, and picks the matrices that the file names.
void read_adapter(const std::string& text) {
  const nn::LoraConfig lora = model::read_adapter_config(io::parse_json(text, "fuzz", ErrorKind::kModel), "fuzz");
  const nn::Sizes sizes{.hidden = 8, .layers = 2, .heads = 2, .kv_heads = 1, .head_size = 4, .inner = 12};
  try {
    model::targeted(model::block_matrices(backbones::family_by_name("llama"), sizes), lora);
  } catch (const ConfigError&) {
    // A name or pattern that matches nothing is well formed.
  }
}

void expect_read_or_refused(std::span<const char* const> seeds, void (*reader)(const std::string&)) {
  Random random(1);
  int64_t read = 0, refused = 0;
  for (int64_t i = 0; i < iterations(); ++i) {
    const std::string text = mutate(seeds[random.below(seeds.size())], random);
    try {
      reader(text);
      ++read;
    } catch (const Error& error) {
      ++refused;
      ASSERT_EQ(error.kind(), ErrorKind::kModel) << error.what() << "\n" << text;
    } catch (const std::exception& error) {
      FAIL() << "not one of ours: " << error.what() << "\n" << text;
    }
  }
  // Both sides of the fence are reached.
  EXPECT_GT(read, iterations() / 100);
  EXPECT_GT(refused, iterations() / 10);
}

TEST(ConfigFuzz, IsReadOrRefused) { expect_read_or_refused(kSeeds, &read_config); }

TEST(AdapterConfigFuzz, IsReadOrRefused) { expect_read_or_refused(kAdapterSeeds, &read_adapter); }

}  // namespace
}  // namespace rondo
