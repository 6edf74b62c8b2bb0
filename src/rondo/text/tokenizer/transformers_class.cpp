// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/tokenizer/transformers_class.h"

#include <string_view>

namespace rondo::text {
namespace {

constexpr const char* kMark = "\xE2\x96\x81";  // U+2581, sentencepiece's visible space

bool truth(const Json& config, const char* name, bool fallback) {
  const auto found = config.find(name);
  return found != config.end() && found->is_boolean() ? found->get<bool>() : fallback;
}

// Switches of the model that a class sets itself.
void set_model(Json& tokenizer, const Json& unknown, bool sentencepiece) {
  Json& model = tokenizer["model"];
  model["unk_token"] = unknown;
  model["fuse_unk"] = sentencepiece;
  model["byte_fallback"] = sentencepiece;
  model["ignore_merges"] = false;
  model["dropout"] = nullptr;
  model["continuing_subword_prefix"] = nullptr;
  model["end_of_word_suffix"] = nullptr;
}

Json replace(const char* from, const char* to) {
  return {{"type", "Replace"}, {"pattern", {{"String", from}}}, {"content", to}};
}

Json sentencepiece_decoder(bool strips) {
  Json members = Json::array({replace(kMark, " "), {{"type", "ByteFallback"}}, {{"type", "Fuse"}}});
  if (strips) members.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  return {{"type", "Sequence"}, {"decoders", members}};
}

Json byte_level(bool prefix_space, bool use_regex) {
  return {{"type", "ByteLevel"}, {"add_prefix_space", prefix_space}, {"trim_offsets", true}, {"use_regex", use_regex}};
}

void llama(const Json& config, Json& tokenizer) {
  const bool prefix_space = truth(config, "add_prefix_space", true);
  const char* const scheme = !prefix_space ? "never" : truth(config, "legacy", false) ? "always" : "first";
  set_model(tokenizer, nullptr, true);
  tokenizer["normalizer"] = nullptr;
  tokenizer["pre_tokenizer"] = {
      {"type", "Metaspace"}, {"replacement", kMark}, {"prepend_scheme", scheme}, {"split", false}};
  tokenizer["decoder"] = sentencepiece_decoder(prefix_space);
}

void gemma(const Json&, Json& tokenizer) {
  set_model(tokenizer, "<unk>", true);
  tokenizer["normalizer"] = replace(" ", kMark);
  tokenizer["pre_tokenizer"] = {
      {"type", "Split"}, {"pattern", {{"String", " "}}}, {"behavior", "MergedWithPrevious"}, {"invert", false}};
  tokenizer["decoder"] = sentencepiece_decoder(false);
}

void gpt2(const Json& config, Json& tokenizer) {
  set_model(tokenizer, nullptr, false);
  tokenizer["normalizer"] = nullptr;
  tokenizer["pre_tokenizer"] = byte_level(truth(config, "add_prefix_space", false), true);
  tokenizer["decoder"] = byte_level(true, true);
}

void gpt_neox(const Json& config, Json& tokenizer) {
  gpt2(config, tokenizer);
  tokenizer["normalizer"] = {{"type", "NFC"}};
  tokenizer["post_processor"] = nullptr;
}

void qwen2(const Json& config, Json& tokenizer) {
  // Qwen2's pattern: digits one by one, letters without the marks that stand on them.
  constexpr const char* kPattern =
      R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
  gpt2(config, tokenizer);
  tokenizer["normalizer"] = {{"type", "NFC"}};
  const Json split = {
      {"type", "Split"}, {"pattern", {{"Regex", kPattern}}}, {"behavior", "Isolated"}, {"invert", false}};
  const Json members = Json::array({split, byte_level(truth(config, "add_prefix_space", false), false)});
  tokenizer["pre_tokenizer"] = {{"type", "Sequence"}, {"pretokenizers", members}};
}

bool mentions_byte_level(const Json& component) { return component.dump().find("\"ByteLevel\"") != std::string::npos; }

struct Row {
  std::string_view name;  // without "Fast"
  void (*rebuild)(const Json& config, Json& tokenizer);
};

constexpr Row kRows[] = {{"GPT2Tokenizer", &gpt2},
                         {"GPTNeoXTokenizer", &gpt_neox},
                         {"GemmaTokenizer", &gemma},
                         {"LlamaTokenizer", &llama},
                         {"Qwen2Tokenizer", &qwen2}};

}  // namespace

std::string rebuild_as_transformers(const Json& config, Json& tokenizer) {
  const auto found = config.is_object() ? config.find("tokenizer_class") : config.end();
  if (!config.is_object() || found == config.end() || !found->is_string()) return "";
  std::string name = found->get<std::string>();
  if (name.ends_with("Fast")) name.resize(name.size() - 4);
  const bool is_bpe = tokenizer.is_object() && tokenizer.contains("model") && tokenizer["model"].is_object() &&
                      tokenizer["model"].contains("merges");
  if (!is_bpe) return "";
  // Published files name LlamaTokenizer where they are byte-level; transformers then takes them as they are.
  if (name == "LlamaTokenizer" && mentions_byte_level(tokenizer.value("pre_tokenizer", Json()))) return "";
  for (const Row& row : kRows) {
    if (row.name != name) continue;
    std::string changed;
    const Json before = {{"normalizer", tokenizer.value("normalizer", Json())},
                         {"pre_tokenizer", tokenizer.value("pre_tokenizer", Json())},
                         {"post_processor", tokenizer.value("post_processor", Json())},
                         {"decoder", tokenizer.value("decoder", Json())}};
    row.rebuild(config, tokenizer);
    for (const auto& [part, value] : before.items()) {
      if (value != tokenizer.value(part, Json())) changed += (changed.empty() ? "" : ", ") + part;
    }
    return changed.empty() ? "" : name + " of transformers 5 builds its own " + changed;
  }
  return "";
}

}  // namespace rondo::text
