// SPDX-License-Identifier: Apache-2.0
// Every recorded rendering of every recorded template: the text, the refusals, and the places of generation blocks.
#include <gtest/gtest.h>

#include "rondo/base/error.h"
#include "rondo/text/chat_template.h"
#include "rondo/text/files.h"
#include "rondo/text/jinja/error.h"
#include "tests/real/shared_data.h"

namespace rondo::text {
namespace {

using Json = nlohmann::ordered_json;

// strftime_now was fixed at 2025-03-14 15:09:26 when the renderings were recorded.
constexpr int64_t kRecordedClock = 1741964966;

TemplateInput input_of(const Json& row) {
  TemplateInput input;
  input.messages = row.at("messages");
  input.tools = row.at("tools");
  input.documents = row.at("documents");
  input.variables = row.at("kwargs").is_object() ? row.at("kwargs") : Json::object();
  input.add_generation_prompt = row.at("add_generation_prompt").get<bool>();
  for (const char* const name : {"bos_token", "eos_token"}) {
    if (row.contains(name) && !row.at(name).is_null()) input.variables[name] = row.at(name);
  }
  return input;
}

// "" where the rendering is as recorded.
std::string difference(const ChatTemplate& chat_template, const Json& row) {
  try {
    const Rendering rendering = chat_template.render(input_of(row));
    if (row.contains("error"))
      return "no error; expected " + row.at("error_type").get<std::string>() + ": " +
             row.at("error").get<std::string>();
    const auto text = row.at("text").get<std::string>();
    if (rendering.text != text) return "text differs:\n" + rendering.text + "\n--- expected ---\n" + text;
    if (!row.contains("generation")) return "";
    Json ranges = Json::array();
    for (const CharacterRange& range : rendering.generation) ranges.push_back({range.begin, range.end});
    return ranges == row.at("generation") ? ""
                                          : "generation " + ranges.dump() + ", expected " + row.at("generation").dump();
  } catch (const jinja::RenderError& error) {
    if (!row.contains("error")) return std::string("unexpected error: ") + error.what();
    const bool refused = row.at("error_type") == "raise_exception";
    if (refused != (error.type == "raise_exception")) return std::string("another error: ") + error.what();
    return refused && error.reason != row.at("error").get<std::string>() ? "refused with: " + error.reason : "";
  }
}

TEST(RealTemplates, RenderAsRecorded) {
  const auto folder = rondo::testing::shared_data("chat_templates");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no recorded templates in " << folder;
  std::map<std::string, std::unique_ptr<ChatTemplate>> templates;
  int rows = 0, different = 0;
  rondo::testing::for_each_row(folder / "renders.jsonl.gz", [&](const Json& row) {
    const auto name = row.at("template").get<std::string>();
    ++rows;
    std::string problem;
    try {
      auto& chat_template = templates[name];
      if (chat_template == nullptr) {
        const auto file = folder / (name.ends_with(".jinja") ? name : name + ".jinja");
        chat_template = std::make_unique<ChatTemplate>(read_text_file(file.string()), SpecialTokens{});
        chat_template->set_clock(kRecordedClock);
      }
      problem = difference(*chat_template, row);
    } catch (const Error& error) {
      problem = error.what();
    }
    if (problem.empty()) return;
    constexpr int kShown = 20;
    if (++different <= kShown) ADD_FAILURE() << name << ", " << row.at("conversation") << ": " << problem;
  });
  std::printf("%d templates, %d renderings, %d differ\n", static_cast<int>(templates.size()), rows, different);
  EXPECT_EQ(different, 0);
}

}  // namespace
}  // namespace rondo::text
