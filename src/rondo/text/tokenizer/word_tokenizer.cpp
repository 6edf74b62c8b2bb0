// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/tokenizer/word_tokenizer.h"

#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/text/unicode/unicode.h"

namespace rondo::text {
namespace {

using Out = nlohmann::ordered_json;

constexpr const char* kUnknown = "<unk>";
constexpr const char* kBos = "<s>";
constexpr const char* kEos = "</s>";
constexpr int kBosId = 1;

Out added_token(int id, const char* content) {
  return {{"id", id},        {"content", content},  {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", false}, {"special", true}};
}

Out special(const char* token, int type_id) { return {{"SpecialToken", {{"id", token}, {"type_id", type_id}}}}; }
Out sequence(const char* name, int type_id) { return {{"Sequence", {{"id", name}, {"type_id", type_id}}}}; }

void check_word(const std::string& word) {
  bool fits = !word.empty() && is_valid_utf8(word);
  for (size_t pos = 0; fits && pos < word.size();) fits = !is_white_space(next_code_point(word, pos));
  if (!fits)
    throw DataError("word cannot be a token: '" + word +
                    "': it is empty, holds white space or is not UTF-8; leave it out");
}

}  // namespace

std::string build_word_tokenizer(const std::vector<std::string>& words) {
  // Sorted by word in memory, written by id: a set of the words seen keeps this linear.
  nlohmann::json seen = nlohmann::json::object();
  std::vector<std::string> order = {kUnknown, kBos, kEos};
  for (const std::string& word : order) seen[word] = true;
  for (const std::string& word : words) {
    check_word(word);
    if (seen.contains(word)) continue;
    seen[word] = true;
    order.push_back(word);
  }
  nlohmann::json vocab = nlohmann::json::object();
  for (size_t id = 0; id < order.size(); ++id) vocab[order[id]] = id;
  Out root;
  root["version"] = "1.0";
  root["truncation"] = nullptr;
  root["padding"] = nullptr;
  root["added_tokens"] = {added_token(0, kUnknown), added_token(1, kBos), added_token(2, kEos)};
  root["normalizer"] = nullptr;
  root["pre_tokenizer"] = {{"type", "WhitespaceSplit"}};
  root["post_processor"] = {{"type", "TemplateProcessing"},
                            {"single", {special(kBos, 0), sequence("A", 0)}},
                            {"pair", {special(kBos, 0), sequence("A", 0), sequence("B", 1)}},
                            {"special_tokens", {{kBos, {{"id", kBos}, {"ids", {kBosId}}, {"tokens", {kBos}}}}}}};
  root["decoder"] = nullptr;
  root["model"] = {{"type", "WordLevel"}, {"vocab", std::move(vocab)}, {"unk_token", kUnknown}};
  return root.dump(1) + "\n";
}

std::string build_word_tokenizer_config() {
  const Out root = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                    {"bos_token", kBos},
                    {"eos_token", kEos},
                    {"unk_token", kUnknown}};
  return root.dump(1) + "\n";
}

}  // namespace rondo::text
