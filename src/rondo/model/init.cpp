// SPDX-License-Identifier: Apache-2.0
#include "rondo/model/init.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "rondo/base/error.h"
#include "rondo/io/atomic_file.h"
#include "rondo/model/directory.h"
#include "rondo/model/initial.h"
#include "rondo/model/publish.h"
#include "rondo/text/text_encoder.h"
#include "rondo/text/tokenizer/word_tokenizer.h"

namespace rondo::model {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> read_words(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw ResourceError("cannot read the word list: " + path + ": it cannot be opened; is the path right?");
  std::vector<std::string> words;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) words.push_back(line);
  }
  if (words.empty()) throw DataError("the word list is empty: " + path + "; write one word a line");
  return words;
}

// Nothing is padded here, but transformers asks, and RoBERTa counts positions from there.
std::optional<int32_t> padding_token(const text::Tokenizer& tokenizer) {
  const auto id = tokenizer.token_id("<pad>");
  return id ? id : tokenizer.token_id("[PAD]");
}

// The usual keys, in the family's own spelling. Those that a family does not have are taken out once it has read them.
nlohmann::json shape_config(const InitConfig& c, const backbones::FamilyEntry& family, int64_t vocab,
                            std::optional<int32_t> pad) {
  nlohmann::json config = {{"architectures", {std::string(family.architectures.front())}},
                           {"model_type", std::string(family.model_type)},
                           {"vocab_size", vocab},
                           {"hidden_size", c.hidden},
                           {"num_hidden_layers", c.layers},
                           {"num_attention_heads", c.heads},
                           {"num_key_value_heads", c.kv_heads > 0 ? c.kv_heads : c.heads},
                           {"head_dim", c.hidden / c.heads},
                           {"intermediate_size", c.inner},
                           {"rope_theta", c.rope_theta},
                           {"max_position_embeddings", c.max_length},
                           {"pad_token_id", pad.value_or(0)},
                           {"tie_word_embeddings", true}};
  for (const backbones::KeyName& key : family.key_names) {
    config[std::string(key.own)] = config[std::string(key.usual)];
    config.erase(std::string(key.usual));
  }
  return config;
}

// Takes out what nobody read; a flag that asked for it is refused.
void drop_unread(const InitConfig& c, const backbones::ConfigReader& reader, nlohmann::json& config) {
  constexpr std::string_view kKept[] = {"architectures", "model_type", "pad_token_id"};
  for (const std::string& key : reader.unused()) {
    const bool asked = (key == "num_key_value_heads" && c.kv_heads > 0 && c.kv_heads != c.heads) ||
                       (key == "rope_theta" && c.rope_theta != InitConfig().rope_theta);
    if (asked) throw ConfigError(fmt::format("family {} has no {}; leave it out", c.family, key));
    if (std::find(std::begin(kKept), std::end(kKept), key) == std::end(kKept)) config.erase(key);
  }
}

void write_word_tokenizer(const InitConfig& c) {
  io::write_file(fs::path(c.out) / "tokenizer.json", text::build_word_tokenizer(read_words(c.words)));
  io::write_file(fs::path(c.out) / "tokenizer_config.json", text::build_word_tokenizer_config());
}

}  // namespace

void describe(FieldVisitor& v, InitConfig& c) {
  std::vector<std::string> families;
  for (const auto* family : backbones::all_families()) families.emplace_back(family->name);
  v.choice("family", c.family, "backbone", families);
  v.integer("layers", c.layers, "blocks", 1, 4096);
  v.integer("hidden", c.hidden, "hidden size D", 1, 1 << 20);
  v.integer("heads", c.heads, "attention heads", 1, 1 << 16);
  v.integer("kv_heads", c.kv_heads, "key/value heads; 0 = as many as heads", 0, 1 << 16);
  v.integer("inner", c.inner, "inner size of the feed-forward blocks", 1, 1 << 24);
  v.number("rope_theta", c.rope_theta, "base of the rotary frequencies", 1.0, 1e12);
  v.integer("max_length", c.max_length, "longest sequence in tokens", 1, int64_t{1} << 31);
  v.number("std", c.std, "standard deviation of the matrices; 0 = 1/sqrt(inputs)", 0.0, 10.0);
  v.text("words", c.words, "word list, one a line: builds a whole-word tokenizer");
  v.text("tokenizer", c.tokenizer, "directory whose tokenizer files are taken");
  v.text("out", c.out, "directory to write");
}

InitResult init_model(const InitConfig& c, uint64_t seed) {
  require_field(c.out, "out");
  if (c.words.empty() == c.tokenizer.empty())
    throw ConfigError("which tokenizer? give a file of `words` or the folder of a `tokenizer`, one of them");
  refuse_existing(c.out);
  std::error_code error;
  fs::create_directories(c.out, error);
  if (error) throw ResourceError("cannot write: " + c.out + ": " + error.message());
  if (!c.words.empty()) write_word_tokenizer(c);
  const std::string tokenizer_from = c.words.empty() ? c.tokenizer : c.out;
  const text::TextEncoder encoder = text::load_text_encoder(tokenizer_from, {});
  const int64_t vocab = encoder.tokenizer().id_limit();

  const backbones::FamilyEntry& family = backbones::family_by_name(c.family);
  nlohmann::json config = shape_config(c, family, vocab, padding_token(encoder.tokenizer()));
  backbones::ConfigReader reader(config, "the shape asked for");
  const nn::Sizes sizes = family.sizes(reader);
  nn::ParameterSet parameters = initial_backbone(family, sizes, c.std, seed);
  family.max_length(reader);
  family.build(family, reader, parameters);
  drop_unread(c, reader, config);
  config["initializer_range"] = c.std;
  config["torch_dtype"] = "float32";
  save_backbone(config, parameters, c.out, tokenizer_from);
  return {.parameters = parameters.element_count(), .vocabulary = vocab};
}

}  // namespace rondo::model
