// SPDX-License-Identifier: Apache-2.0
// Every way in which a data file was seen to be broken, and the sentence it is answered with.
#include <gmock/gmock.h>

#include <filesystem>

#include "rondo/base/error.h"
#include "rondo/data/group_store.h"
#include "rondo/io/test_folder.h"
#include "tests/support/shared_data.h"

namespace rondo::data {
namespace {

struct BrokenFile {
  const char* file;
  const char* expected;
};

constexpr BrokenFile kBroken[] = {
    {"truncated_line.jsonl", "row 1: column "},
    {"not_an_object.jsonl", "row 1: not a JSON object but array"},
    {"bad_utf8.jsonl", "ill-formed UTF-8"},
    {"lone_surrogate.jsonl", "surrogate U+D800..U+DBFF must be followed"},
    {"deep.jsonl", "row 1: nested deeper than 200 levels"},
    {"huge_number.jsonl", "number overflow parsing '1e999'"},
    {"control_character.jsonl", "control character U+0001"},
    {"equal_answers.jsonl", "row 1: chosen and rejected are equal"},
    {"no_prompt.jsonl", "row 1: there is no 'prompt'; name the column that holds it"},
    {"misspelt_key.jsonl", "perhaps `rename` rejectd=rejected"},
    {"unknown_keys.jsonl", "it has the keys foo, bar; no shape has any of them"},
    {"unpaired.jsonl", "a single judged answer is not a comparison"},
    {"steps.jsonl", "step labels judge parts of one answer"},
    {"text_and_list.jsonl", "rejected is a whole conversation and chosen an answer alone"},
    {"beginning.jsonl", "chosen is the beginning of rejected"},
    {"two_messages.jsonl", "rejected has 2 messages after the shared ones"},
    {"message_without_role.jsonl", "a message must be an object with 'role' and 'content'"},
    {"answer_by_user.jsonl", "has the role 'user', it must be 'assistant'"},
    {"index_out_of_range.jsonl", "'j' is 2, it must be a response index from 0 to 1"},
    {"self_comparison.jsonl", "a comparison has i = j"},
    {"unknown_comparison_key.jsonl", "unknown key 'weigth' in 'comparisons'; known: i, j, p, weight, tie, margin"},
    {"tie_contradicts_p.jsonl", "p = 1 contradicts tie = 1"},
    {"outcomes_length.jsonl", "'outcomes' has 2 characters, 3 responses have 3 pairs"},
    {"table_of_scores.jsonl", "'table' holds 2.5; it takes probabilities"},
    {"table_not_complementary.jsonl", "table[0][1] + table[1][0] is 1.6, it must be 1"},
    {"ranking_twice.jsonl", "'ranking' lists a response twice"},
    {"generations_of_scores.jsonl", "'probability' has 0 on its diagonal"},
    {"generations_of_two_prompts.jsonl", "generate_0 has 2 messages after the shared ones"},
    {"generations_by_user.jsonl", "the answer in generate_0 has the role 'user'"},
    {"simpo_scores.jsonl", "'all_rm_scores' must be a list of 2 numbers"},
    {"probability.jsonl", "'p_a' is 1.2, it must lie between 0 and 1"},
    {"numeric_label.jsonl", "'label' must be a, b or tie"},
    {"unknown_winner.csv", "unknown verdict 'model_c'"},
    {"zero_weight.jsonl", "'weight' must be above 0"},
    {"short_row.csv", "row 1: has 2 columns, the header has 3"},
    {"same_column_twice.csv", "two columns are named 'chosen'"},
    {"no_header.csv", "the first line holds numbers, not column names"},
    {"open_array.json", "row 2: the file ends inside the array"},
    {"empty.jsonl", "there are no rows"},
    {"cut.jsonl.gz", "the gzip data are damaged or cut off"},
    {"wrong_checksum.jsonl.gz", "the gzip data are damaged or cut off"},
    {"not_parquet.parquet", "not_parquet.parquet"},
    {"archive.tar.gz", "unpack archives first"},
};

std::filesystem::path folder() { return rondo::testing::fixture_folder() / "broken"; }

class Broken : public ::testing::TestWithParam<BrokenFile> {};

TEST_P(Broken, IsAnsweredWithPlaceFactAndRemedy) {
  const ReadOptions options{.files = {(folder() / GetParam().file).string()}};
  const auto message = io::message_of<DataError>([&] { (void)read_groups(options); });
  EXPECT_THAT(message, ::testing::HasSubstr(GetParam().expected));
  EXPECT_THAT(message, ::testing::HasSubstr(GetParam().file));
}

INSTANTIATE_TEST_SUITE_P(Files, Broken, ::testing::ValuesIn(kBroken), [](const auto& row) {
  std::string name = row.param.file;
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return name;
});

TEST(BrokenFiles, AllOfThemAreInTheTable) {
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    const std::string name = entry.path().filename().string();
    EXPECT_TRUE(std::any_of(std::begin(kBroken), std::end(kBroken), [&](const BrokenFile& row) {
      return name == row.file;
    })) << name;
  }
}

}  // namespace
}  // namespace rondo::data
