// SPDX-License-Identifier: Apache-2.0
// config.json: mutated ones are read or refused with a ModelError, never anything else.
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "rondo/backbones/shared/family.h"
#include "rondo/backbones/shared/rope_config.h"
#include "rondo/base/error.h"
#include "rondo/base/random.h"
#include "rondo/io/json.h"
#include "rondo/model/head_config.h"

namespace rondo {
namespace {

constexpr const char* kSeeds[] = {
    R"({"architectures":["LlamaForCausalLM"],"vocab_size":50,"hidden_size":16,"num_hidden_layers":2,"num_attention_heads":4,"num_key_value_heads":2,"intermediate_size":24,"rope_theta":100.0,"rope_scaling":{"rope_type":"llama3","factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":32},"rondo":{"head":{"kind":"hrc","planes":3,"gate":"softmax","norm":"unit","tau":0.1,"reward_clip":2.0,"ties":false}}})",
    R"({"architectures":["LlamaForSequenceClassification"],"num_labels":1,"id2label":{"0":"LABEL_0"},"vocab_size":50,"hidden_size":16,"num_hidden_layers":2,"num_attention_heads":4,"intermediate_size":24,"head_dim":4,"rope_parameters":{"rope_type":"default","rope_theta":1e4},"tie_word_embeddings":true,"hidden_act":"silu","max_position_embeddings":64})",
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

// Everything that loading reads before it opens the weights.
void read_config(const std::string& text) {
  const nlohmann::json config = io::parse_json(text, "fuzz", ErrorKind::kModel);
  const backbones::FamilyEntry& family = backbones::family_of_architecture(model::architecture_of(config, "fuzz"));
  backbones::ConfigReader reader(config, "fuzz");
  const nn::Sizes sizes = family.sizes(reader);
  backbones::read_rope(reader, sizes.head_size);
  family.max_length(reader);
  model::announced_head(config, "fuzz");
  (void)reader.unused();
}

TEST(ConfigFuzz, IsReadOrRefused) {
  Random random(1);
  int64_t read = 0, refused = 0;
  for (int64_t i = 0; i < iterations(); ++i) {
    const std::string text = mutate(kSeeds[random.below(std::size(kSeeds))], random);
    try {
      read_config(text);
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

}  // namespace
}  // namespace rondo
