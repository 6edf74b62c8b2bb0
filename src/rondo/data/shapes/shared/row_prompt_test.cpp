// SPDX-License-Identifier: Apache-2.0
// What of a row is prompt and what is answer: every turn once, contradictions named, in every shape alike.
#include "rondo/data/shapes/shared/row_prompt.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/data/prompt_rows.h"
#include "rondo/data/row_shapes.h"
#include "rondo/io/test_folder.h"

namespace rondo::data {
namespace {

using json = nlohmann::ordered_json;
using ::testing::AllOf;
using ::testing::HasSubstr;

Group read(const std::string& text) {
  const json row = json::parse(text);
  return read_row(shape_of(row), row);
}

std::string reason(const std::string& text) {
  return io::message_of<DataError>([&] { (void)read(text); });
}

// "system: Be short. / user: q -> a|b", or "q -> a|b" for a plain prompt.
std::string conversation(const Group& group) {
  std::vector<std::string> turns, answers;
  for (const Message& m : group.prompt.messages) turns.push_back(m.role + ": " + m.content);
  for (const Message& m : group.responses) answers.push_back(m.content);
  return fmt::format("{} -> {}", group.prompt.is_plain ? group.prompt.text : fmt::format("{}", fmt::join(turns, " / ")),
                     fmt::join(answers, "|"));
}

// Rows of pairs are written with u(TEXT), a(TEXT), s(TEXT) for turns.
std::string turn(const char* role, const std::string& text) { return json({{"role", role}, {"content", text}}).dump(); }
std::string u(const std::string& text) { return turn("user", text); }
std::string a(const std::string& text) { return turn("assistant", text); }
std::string s(const std::string& text) { return turn("system", text); }

std::string list(const std::vector<std::string>& turns) { return fmt::format("[{}]", fmt::join(turns, ",")); }

// head: the turns before the answers x and y.
std::string pair_row(std::vector<std::string> head, const std::string& columns) {
  std::vector<std::string> chosen = head, rejected = head;
  chosen.push_back(a("x"));
  rejected.push_back(a("y"));
  return fmt::format(R"({{{}"chosen":{},"rejected":{}}})", columns, list(chosen), list(rejected));
}

struct Overlap {
  const char* what;
  std::string columns;
  std::vector<std::string> head;
  std::string expected;
};

TEST(RowPrompt, TakesEveryTurnOnce) {
  const std::string history = "[" + u("p") + "," + a("o") + "," + u("q") + "]";
  const Overlap overlaps[] = {
      {"conversations alone", "", {u("q")}, "user: q"},
      {"the prompt as text", R"("prompt":"q",)", {u("q")}, "user: q"},
      {"the first user turn as text", R"("prompt":"p",)", {u("p"), a("o"), u("q")}, "user: p / assistant: o / user: q"},
      {"an empty prompt", R"("prompt":"",)", {u("q")}, "user: q"},
      {"the same list", R"("prompt":[)" + u("q") + "],", {u("q")}, "user: q"},
      {"the last turn", R"("prompt":[)" + u("q") + "],", {u("p"), a("o"), u("q")}, "user: p / assistant: o / user: q"},
      {"the first turn", R"("prompt":[)" + u("p") + "],", {u("p"), a("o"), u("q")}, "user: p / assistant: o / user: q"},
      {"a system turn in the conversations", R"("prompt":[)" + u("q") + "],", {s("S"), u("q")}, "system: S / user: q"},
      {"a system turn in the prompt", R"("prompt":[)" + s("S") + "," + u("q") + "],", {u("q")}, "system: S / user: q"},
      {"the history in the prompt", R"("prompt":)" + history + ",", {u("q")}, "user: p / assistant: o / user: q"},
      {"an overlap of one turn",
       R"("prompt":[)" + u("p") + "," + a("o") + "],",
       {a("o"), u("q")},
       "user: p / assistant: o / user: q"},
      {"conversations that go on",
       R"("prompt":[)" + u("p") + "],",
       {a("o"), u("q")},
       "user: p / assistant: o / user: q"},
      {"conversations that go on from a text",
       R"("prompt":"p",)",
       {a("o"), u("q")},
       "user: p / assistant: o / user: q"},
      {"one turn as an object", R"("prompt":)" + u("q") + ",", {u("q")}, "user: q"},
      {"messages as JSON text", R"("messages":"[{\"role\":\"user\",\"content\":\"q\"}]",)", {}, "user: q"},
      {"the transcript of an answer", R"("prompt":"\n\nHuman: q\n\nAssistant: y",)", {}, "user: q"},
      {"a prompt of a system turn", R"("prompt":[)" + s("S") + "],", {u("q")}, "system: S / user: q"},
      {"answers alone", R"("prompt":)" + history + ",", {}, "user: p / assistant: o / user: q"},
      {"the conversation of an answer", R"("messages":[)" + u("q") + "," + a("x") + "],", {u("q")}, "user: q"},
      {"the conversation of an answer alone", R"("messages":[)" + u("q") + "," + a("y") + "],", {}, "user: q"},
      {"a system column", R"("system":"S",)", {u("q")}, "system: S / user: q"},
      {"a system column and a turn", R"("system":"S",)", {s("S"), u("q")}, "system: S / user: q"},
      {"a system column and a text", R"("system":"S","prompt":"q",)", {u("q")}, "system: S / user: q"},
      {"a system column, answers alone", R"("system":"S","prompt":"q",)", {}, "system: S / user: q"},
      {"no system", R"("system":"",)", {u("q")}, "user: q"},
      {"a null system", R"("system":null,"prompt":null,)", {u("q")}, "user: q"},
      {"a transcript",
       R"("prompt":"\n\nHuman: p\n\nAssistant: o\n\nHuman: q\n\nAssistant:",)",
       {u("q")},
       "user: p / assistant: o / user: q"},
  };
  for (const Overlap& o : overlaps) {
    EXPECT_EQ(conversation(read(pair_row(o.head, o.columns))), o.expected + " -> x|y") << o.what;
  }
}

TEST(RowPrompt, NamesTheColumnsThatDisagree) {
  const Overlap contradictions[] = {
      {"a text", R"("prompt":"r",)", {u("q")}, "'prompt' and 'chosen' disagree"},
      {"a question", R"("question":"r",)", {u("q")}, "'question' and 'chosen' disagree"},
      {"a turn",
       R"("prompt":[)" + u("r") + "],",
       {u("q")},
       R"(prompt ends with the user turn "r", chosen begins with)"},
      {"another history",
       R"("prompt":[)" + u("p") + "," + a("n") + "," + u("q") + "],",
       {u("p"), a("o"), u("q")},
       "'prompt' and 'chosen' disagree"},
      {"a key",
       R"("prompt":[{"role":"user","content":"q","id":1}],)",
       {u("q")},
       R"(the user turn "q" differs in 'id' alone)"},
      {"two answers in a row",
       R"("prompt":[)" + u("p") + "," + a("n") + "],",
       {a("o"), u("q")},
       "'prompt' and 'chosen' disagree"},
      {"two system turns",
       R"("prompt":[)" + s("T") + "," + u("q") + "],",
       {s("S"), u("q")},
       "'prompt' and 'chosen' disagree"},
      {"a system column", R"("system":"T",)", {s("S"), u("q")}, "'system' and 'chosen' disagree"},
      {"a system column and a prompt",
       R"("system":"T","prompt":[)" + s("S") + "," + u("q") + "],",
       {u("q")},
       "'system' and 'prompt' disagree"},
  };
  for (const Overlap& o : contradictions) {
    EXPECT_THAT(reason(pair_row(o.head, o.columns)), AllOf(HasSubstr(o.expected), HasSubstr("keep one"))) << o.what;
  }
}

// One rule: shapes differ in how they name answers and labels, in nothing else.
TEST(RowPrompt, IsTheSameInEveryShape) {
  const std::string columns = R"({"system":"S","prompt":"q","tools":"[{\"b\":1,\"a\":2}]",)";
  const std::string x = list({u("q"), a("x")}), y = list({u("q"), a("y")});
  const std::string rows[] = {
      columns + R"("chosen":)" + x + R"(,"rejected":)" + y + "}",
      columns + R"("chosen":"x","rejected":"y"})",
      columns + R"("chosen":["x"],"rejected":["y"]})",
      columns + R"("chosen":"\n\nHuman: q\n\nAssistant: x","rejected":"\n\nHuman: q\n\nAssistant: y"})",
      columns + R"("chosen":)" + x + R"(,"rejected":)" + y + R"(,"score_chosen":2,"score_rejected":1})",
      columns + R"("responses":[)" + x + "," + y + R"(],"ranking":[0,1]})",
      columns + R"("responses":["x",)" + a("y") + R"(],"ranking":[0,1]})",
      columns + R"("response_a":)" + x + R"(,"response_b":)" + y + R"(,"label":"a"})",
      columns + R"("response_A":"x","response_B":"y","label":"A>B"})",
      columns + R"("response 1":"x","response 2":"y","label":0})",
      columns + R"("response_0":)" + x + R"(,"response_1":)" + y + R"(,"better_response_id":0})",
      columns + R"("response_1":"x","response_2":"y","preference_strength":-2})",
      columns + R"("output_1":"x","output_2":)" + list({a("y")}) + R"(,"label":1})",
      columns + R"("output_1":"x","output_2":"y","preference":1.25})",
      columns + R"("conversation_a":)" + x + R"(,"conversation_b":)" + y + R"(,"winner":"model_a"})",
      columns + R"("completions":[{"response":"x","overall_score":2},{"response":"y","overall_score":1}]})",
      columns + R"("answers":[{"answer":"x","rank":1},{"answer":"y","rank":2}]})",
      columns + R"("targets":{"choices":["x","y"],"labels":[1,0]}})",
      columns + R"("generate_0":)" + x + R"(,"generate_1":)" + y + R"(,"probability":[[0.5,0.9],[0.1,0.5]]})",
      columns + R"("all_generated_responses":["x","y"],"all_rm_scores":[2,1]})",
  };
  for (const std::string& row : rows) {
    const Group group = read(row);
    EXPECT_EQ(conversation(group), "system: S / user: q -> x|y") << row;
    EXPECT_EQ(group.prompt.tools_json, R"([{"b":1,"a":2}])") << row;
    EXPECT_GT(group.comparisons.at(0).p, 0.5F) << row;
    EXPECT_EQ(unlabelled_row(json::parse(row)).prompt, group.prompt) << row;
  }
}

TEST(RowPrompt, ConversationsPartAtTheirLastTurnOrNowhere) {
  const std::string sure = list({u("q"), a("x"), u("sure?"), a("yes")}), what = list({u("q"), a("y"), u("r"), a("z")});
  const std::string messages = R"({"chosen":)" + sure + R"(,"rejected":)" + what + "}";
  const std::string transcripts = R"({"chosen":"\n\nHuman: q\n\nAssistant: x\n\nHuman: sure?\n\nAssistant: yes",)"
                                  R"("rejected":"\n\nHuman: q\n\nAssistant: y\n\nHuman: r\n\nAssistant: z"})";
  EXPECT_EQ(reason(messages),
            "chosen has 3 messages after the shared ones; it must have one answer: turn 2 is the "
            "assistant turn \"x\" in chosen and the assistant turn \"y\" in rejected");
  EXPECT_EQ(reason(transcripts), reason(messages));
  EXPECT_THAT(
      reason(R"({"chosen":"\n\nHuman: q\n\nAssistant: x\n\nHuman: thanks","rejected":"\n\nHuman: q\n\nAssistant: y"})"),
      HasSubstr("chosen has 2 messages after the shared ones; it must have one answer"));
  EXPECT_THAT(
      reason(R"({"chosen":"\n\nHuman: q\n\nAssistant: y","rejected":"\n\nHuman: q\n\nAssistant: x\n\nHuman: thanks"})"),
      HasSubstr("rejected has 2 messages after the shared ones; it must have one answer"));
  EXPECT_EQ(
      reason(
          R"({"chosen":"\n\nHuman: q\n\nAssistant: x\n\nHuman: a","rejected":"\n\nHuman: q\n\nAssistant: x\n\nHuman: b"})"),
      "the answer in chosen has the role 'user', it must be 'assistant'");
  // A marker that stands in an answer to a transcript begins a turn there, too.
  EXPECT_THAT(
      reason(
          R"({"prompt":"\n\nHuman: q\n\nAssistant:","chosen":" x\n\nHuman: sure?\n\nAssistant: y","rejected":" z"})"),
      HasSubstr("chosen has 3 messages after the shared ones"));
  EXPECT_THAT(
      reason(
          R"({"prompt":"\n\nHuman: q\n\nAssistant:","answers":[{"answer":"x\n\nHuman: r","rank":1},{"answer":"y","rank":2}]})"),
      HasSubstr("answers[0] has 2 messages after the shared ones"));
  const std::string arena = R"({"model_a":"m","model_b":"n","winner":"model_a","conversation_a":)" + sure;
  EXPECT_THAT(reason(arena + R"(,"conversation_b":)" + what + "}"),
              HasSubstr("conversation_a has 3 messages after the shared ones; it must have one answer"));
}

TEST(RowPrompt, TranscriptsKeepTheirTextForModelsWithoutTemplate) {
  const std::string rows[] = {
      R"({"chosen":"\n\nHuman: q\n\nAssistant: x","rejected":"\n\nHuman: q\n\nAssistant: y"})",
      R"({"prompt":"\n\nHuman: q\n\nAssistant:","chosen":" x","rejected":" y"})",
      R"({"prompt":"\n\nHuman: q","chosen":"\n\nAssistant: x","rejected":"\n\nAssistant: y"})",
      R"({"prompt":"\n\nHuman: q\n\nAssistant: ","answers":[{"answer":"x","rank":1},{"answer":"y","rank":2}]})",
  };
  for (const std::string& row : rows) {
    EXPECT_EQ(conversation(read(row)), "user: q -> x|y") << row;
    EXPECT_EQ(read(row).prompt.text, "\n\nHuman: q\n\nAssistant: ") << row;
  }
}

TEST(RowPrompt, SharedTurnsMayNotDifferInAKeyAlone) {
  const std::string row =
      R"({"chosen":[{"role":"user","content":"q","id":1},{"role":"assistant","content":"x","id":2}],)"
      R"("rejected":[{"role":"user","content":"q","id":3},{"role":"assistant","content":"y","id":4}]})";
  EXPECT_THAT(reason(row), HasSubstr("turn 1 of chosen and rejected differs in 'id' alone"));
  // The order of keys is no difference, and null is no key.
  EXPECT_EQ(
      conversation(read(
          R"({"chosen":[{"role":"user","name":"n","k":1,"content":"q"},{"role":"assistant","content":"x"}],)"
          R"("rejected":[{"k":1,"role":"user","content":"q","name":"n","id":null},{"role":"assistant","content":"y"}]})")),
      "user: q -> x|y");
}

TEST(RowPrompt, SaysWhatIsMissingOrOfAnotherForm) {
  EXPECT_THAT(reason(R"({"prompt":null,"chosen":"x","rejected":"y"})"), HasSubstr("'prompt' is null"));
  EXPECT_THAT(reason(R"({"chosen":"x","rejected":"y"})"), HasSubstr("there is no 'prompt'"));
  EXPECT_THAT(reason(R"({"prompt":"q","responses":["x",null],"ranking":[0,1]})"), HasSubstr("'responses[1]' is null"));
  EXPECT_THAT(reason(R"({"prompt":"q","completions":[{"response":"x","overall_score":null}]})"),
              HasSubstr("'overall_score' of completions[0] is null"));
  EXPECT_THAT(reason(R"({"prompt":"q","responses":["x","y"],"comparisons":[{"i":0,"j":null}]})"),
              HasSubstr("'j' is null"));
  EXPECT_THAT(reason(R"({"input":"q","target_scores":{}})"), HasSubstr("there is no answer"));
  EXPECT_THAT(reason(R"({"prompt":["q"],"chosen":"x","rejected":"y"})"), HasSubstr("'prompt' is a list of texts"));
  EXPECT_THAT(reason(R"({"prompt":"q","responses":["x",["y","z"]]})"), HasSubstr("'responses[1]' is a list of texts"));
  EXPECT_THAT(reason(R"({"prompt":"q","chosen":"x","rejected":)" + list({u("q"), a("y")}) + "}"),
              HasSubstr("rejected is a whole conversation and chosen an answer alone"));
  EXPECT_THAT(reason(R"({"prompt":"q","chosen":true,"rejected":"y"})"), HasSubstr("'chosen' is boolean"));
  EXPECT_THAT(reason(R"({"instruction":"p","input":"q","chosen":"x","rejected":"y"})"), HasSubstr("two columns"));
}

}  // namespace
}  // namespace rondo::data
