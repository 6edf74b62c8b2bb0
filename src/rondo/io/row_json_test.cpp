// SPDX-License-Identifier: Apache-2.0
#include "rondo/io/row_json.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "rondo/base/random.h"
#include "rondo/io/json.h"
#include "rondo/io/row_reader.h"
#include "rondo/io/test_folder.h"

namespace rondo::io {
namespace {

using Json = nlohmann::ordered_json;

Json parse(const std::string& text, RowNumbers numbers) {
  Json value;
  bool loses_digits = false;
  EXPECT_EQ(try_parse_row(text, numbers, value, loses_digits), "") << text;
  return value;
}

std::string again(const std::string& text) { return dump_row(parse(text, RowNumbers::kDigits)); }

TEST(RowJson, GivesBackEveryDigitAndTheOrderOfKeys) {
  for (const char* text :
       {R"({"zone":"n","id":12345678901234567890123,"meta":{"b":2,"a":1.0,"exact":0.10,"big":9007199254740993}})",
        R"([1e5,1E+05,-0.0,0.1000000000000000055,-12345678901234567890123,1.50,3,-7,true,null,"x"])", "1.250",
        R"({"deep":[[{"p":[0.70]}]],"e":{},"l":[]})"}) {
    EXPECT_EQ(again(text), text);
  }
}

TEST(RowJson, TextsStayTexts) {
  for (const char* text : {R"({"t":"\u0001123","k":"\"\u00015\"","\u000112":"\u0001","u":"\u0001\u00014"})",
                           R"(["12345678901234567890123","1.50","\u00011.5"])"})
    EXPECT_EQ(again(text), text);
}

TEST(RowJson, ValuesAreThoseOfTheUsualParserButForHugeIntegers) {
  const std::string text = R"({"id":12345678901234567890123,"p":0.70,"w":1E2,"n":-5})";
  const Json value = parse(text, RowNumbers::kValues);
  EXPECT_EQ(value["id"], "12345678901234567890123");
  EXPECT_EQ(value["p"], 0.7);
  EXPECT_EQ(value["w"], 100.0);
  EXPECT_EQ(value["n"], -5);
  Json usual;
  bool loses_digits = true;
  EXPECT_EQ(try_parse_row(R"({"a":0.5,"b":[1,2],"c":"x"})", RowNumbers::kValues, usual, loses_digits), "");
  EXPECT_FALSE(loses_digits);
  EXPECT_EQ(usual, Json::parse(R"({"a":0.5,"b":[1,2],"c":"x"})"));
}

TEST(RowJson, SaysWhatIsWrongAsTheUsualParserDoes) {
  for (const std::string& text : {std::string(R"({"a":)"), std::string("{\"a\":1}x"), std::string(500, '['),
                                  std::string("\"\xff\""), std::string("1e999"), std::string("")}) {
    Json value, other;
    bool loses_digits = false;
    const std::string problem = try_parse_json(text, other);
    EXPECT_NE(problem, "");
    EXPECT_EQ(try_parse_row(text, RowNumbers::kValues, value, loses_digits), problem);
    EXPECT_EQ(try_parse_row(text, RowNumbers::kDigits, value, loses_digits), problem);
  }
}

std::string random_value(Random& random, int depth) {
  switch (random.below(depth > 3 ? 5 : 7)) {
    case 0:
      return random.below(2) == 0 ? "null" : "false";
    case 1: {
      std::string digits = random.below(2) == 0 ? "-" : "";
      digits += static_cast<char>('1' + random.below(9));
      for (uint64_t n = random.below(30); n > 0; --n) digits += static_cast<char>('0' + random.below(10));
      return digits;
    }
    case 2:
      return "0." + std::to_string(random.below(1000)) + (random.below(2) == 0 ? "" : "e-3");
    case 3:
      return R"("\u0001)" + std::to_string(random.below(100)) + "\"";
    case 4:
      return R"("a\"\u0001\\")";
    case 5: {
      std::string list = "[";
      for (uint64_t n = random.below(4); n > 0; --n) list += random_value(random, depth + 1) + (n > 1 ? "," : "");
      return list + "]";
    }
    default: {
      std::string object = "{";
      for (uint64_t n = random.below(4); n > 0; --n)
        object += "\"" + std::string(1, static_cast<char>('a' + n)) + "\":" + random_value(random, depth + 1) +
                  (n > 1 ? "," : "");
      return object + "}";
    }
  }
}

TEST(RowJson, AnyValueComesBackAsItStood) {
  Random random(3);
  for (int n = 0; n < 5000; ++n) {
    const std::string text = random_value(random, 0);
    ASSERT_EQ(again(text), text);
  }
}

TEST(RowJson, RowsKnowTheirDigitsWhereTheyWouldBeLost) {
  const TestFolder folder;
  const auto rows = open_rows({folder.write("rows.jsonl", "{\"a\":1.50}\n{\"a\":1.5}\n")});
  EXPECT_EQ(dump_row(rows->next()->as_spelled()), R"({"a":1.50})");
  const auto second = rows->next();
  EXPECT_TRUE(second->spelled.is_null());
  EXPECT_EQ(dump_row(second->as_spelled()), R"({"a":1.5})");
}

}  // namespace
}  // namespace rondo::io
