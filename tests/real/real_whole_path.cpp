// SPDX-License-Identifier: Apache-2.0
// From messages to ids: template and tokenizer of a model together, against what apply_chat_template(tokenize=True) of
// transformers gave (tests/data/whole_path, recorded by tools/record_whole_path.py), and the tokens of generation
// blocks.
#include <gtest/gtest.h>

#include <algorithm>

#include "rondo/base/hash.h"
#include "rondo/text/chat_template.h"
#include "rondo/text/files.h"
#include "rondo/text/jinja/error.h"
#include "rondo/text/text_encoder.h"
#include "rondo/text/unicode/unicode.h"
#include "tests/real/shared_data.h"

namespace rondo::text {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kRecordedClock = 1741964966;  // 2025-03-14 15:09:26
constexpr size_t kDigestDigits = 16;

std::string digest(const std::string& text) { return sha256_hex(text).substr(0, kDigestDigits); }

// The code point that every byte belongs to, and one more for the end.
std::vector<int64_t> code_points(const std::string& text) {
  std::vector<int64_t> numbers;
  int64_t number = 0;
  for (size_t pos = 0; pos < text.size(); ++number) {
    next_code_point(text, pos);
    numbers.resize(pos, number);
  }
  numbers.push_back(number);
  return numbers;
}

// The first token whose span in code points holds `place`, or -1. A token that ends inside a character does not hold
// it: so transformers' char_to_token has it.
int64_t token_at(const Encoding& encoding, const std::vector<int64_t>& numbers, int64_t place) {
  for (size_t i = 0; i < encoding.offsets.size(); ++i) {
    const TextSpan& span = encoding.offsets[i];
    const bool holds = span.begin < span.end && numbers[span.begin] <= place && place <= numbers[span.end - 1];
    if (holds) return static_cast<int64_t>(i);
  }
  return -1;
}

std::string mask_of(const Rendering& rendering, const Encoding& encoding) {
  std::string mask(encoding.ids.size(), '0');
  const std::vector<int64_t> numbers = code_points(rendering.text);
  for (const CharacterRange& range : rendering.generation) {
    const int64_t first = token_at(encoding, numbers, range.begin), last = token_at(encoding, numbers, range.end - 1);
    if (first < 0) break;
    const int64_t end = last < 0 ? static_cast<int64_t>(mask.size()) : last + 1;
    if (first < end) std::fill(mask.begin() + first, mask.begin() + end, '1');
  }
  return mask;
}

// [count, digest of ids, digest of the mask], null where the template refuses.
Json answer(const ChatTemplate& chat_template, const Tokenizer& tokenizer, const Json& messages, bool with_mask) {
  TemplateInput input;
  input.messages = messages;
  input.variables = Json::object();
  input.add_generation_prompt = messages.back().at("role") != "assistant";
  try {
    const Rendering rendering = chat_template.render(input);
    const Encoding encoding = tokenizer.encode(rendering.text, false);
    std::string ids;
    for (const int32_t id : encoding.ids) ids += (ids.empty() ? "" : ",") + std::to_string(id);
    Json row = {encoding.ids.size(), digest(ids)};
    if (with_mask) row.push_back(digest(mask_of(rendering, encoding)));
    return row;
  } catch (const jinja::RenderError&) {
    return nullptr;
  }
}

TEST(WholePath, EqualsApplyChatTemplate) {
  const auto data = rondo::testing::shared_data("tokenizers").parent_path();
  if (!std::filesystem::exists(data / "tokenizers")) GTEST_SKIP() << "no tokenizers in " << data;
  // Tests run in the root of the repository.
  const std::filesystem::path file = "tests/data/whole_path/recorded.json.gz";
  const Json recorded = Json::parse(read_text_file(file.string()));
  int conversations = 0, refused = 0, different = 0, masks = 0;
  for (const Json& pair : recorded.at("pairs")) {
    const auto folder = (data / "tokenizers" / pair.at("tokenizer").get<std::string>()).string();
    const auto name = pair.at("template").get<std::string>();
    SCOPED_TRACE(folder + " with " + (name.empty() ? "its own template" : name));
    const Tokenizer tokenizer = load_tokenizer_as_transformers(folder);
    ChatTemplate chat_template = name.empty() ? std::move(*ChatTemplate::load(folder))
                                              : ChatTemplate(read_text_file((data / "chat_templates" / name).string()),
                                                             read_special_tokens(folder));
    chat_template.set_clock(kRecordedClock);
    int shown = 0;
    for (size_t i = 0; i < recorded.at("conversations").size(); ++i) {
      const Json& expected = pair.at("rows")[i];
      const bool with_mask = expected.is_array() && expected.size() == 3;
      const Json got = answer(chat_template, tokenizer, recorded.at("conversations")[i], with_mask);
      ++conversations;
      refused += expected.is_null() ? 1 : 0;
      masks += with_mask ? 1 : 0;
      if (got == expected) continue;
      ++different;
      if (++shown <= 2)
        ADD_FAILURE() << "conversation " << i << ": " << got << ", expected " << expected << ": "
                      << recorded.at("conversations")[i];
    }
  }
  std::printf("%d pairs, %d conversations (%d refused), %d masks, %d differ\n",
              static_cast<int>(recorded.at("pairs").size()), conversations, refused, masks, different);
  EXPECT_EQ(different, 0);
  EXPECT_GT(masks, 0);
}

}  // namespace
}  // namespace rondo::text
