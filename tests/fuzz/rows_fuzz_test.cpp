// SPDX-License-Identifier: Apache-2.0
// Rows of every shape under mutation, through the reader that every verb uses: each is used, has nothing to compare, or
// is rejected with a reason; none gets lost and none ends the program.
// RONDO_FUZZ_ITERATIONS sets the number of rows (default 100,000).
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "rondo/base/random.h"
#include "rondo/data/group_rows.h"
#include "rondo/data/row_shapes.h"
#include "rondo/io/json.h"

namespace rondo::data {
namespace {

using json = nlohmann::ordered_json;

constexpr uint64_t kSeed = 20240817;

int64_t iterations() {
  const char* const text = std::getenv("RONDO_FUZZ_ITERATIONS");
  return text == nullptr ? 100'000 : std::atoll(text);
}

std::vector<json> example_rows() {
  std::vector<json> rows = {
      json::parse(R"({"prompt":"q","completion":"a","label":true})"),
      json::parse(R"({"prompt":"q","response":"a","helpfulness":4})"),
      json::parse(
          R"({"system":"s","messages":[{"role":"user","content":"q"}],"tools":"[{\"a\":1}]","chosen":"a","rejected":"b"})")};
  for (const ShapeEntry* shape : all_shapes()) {
    for (const ShapeExample& example : shape->examples) rows.push_back(json::parse(example.row));
  }
  return rows;
}

// Every value inside a row, the row among them.
void collect(json& value, std::vector<json*>& all) {
  all.push_back(&value);
  if (!value.is_structured()) return;
  for (json& inner : value) collect(inner, all);
}

class Mutations {
 public:
  explicit Mutations(uint64_t seed) : random_(seed), seeds_(example_rows()) {}

  std::string next() {
    json row = seeds_[random_.below(seeds_.size())];
    for (uint64_t edits = random_.below(4); edits > 0; --edits) edit(row);
    std::string text = row.dump();
    if (random_.below(4) == 0) damage(text);
    return text;
  }

 private:
  // One value replaced by an odd one, by another row's, or by one of this row; or a key dropped, renamed or added.
  void edit(json& row) {
    static const json kOdd[] = {nullptr,
                                true,
                                -1,
                                0.5,
                                1e300,
                                "",
                                "0.5",
                                "\n\nHuman: q\n\nAssistant: a",
                                "[1,2]",
                                json::array(),
                                json::object(),
                                json::array({nullptr}),
                                json::array({"a", "b"})};
    std::vector<json*> values, others;
    collect(row, values);
    json& other_row = seeds_[random_.below(seeds_.size())];
    collect(other_row, others);
    json& value = *values[random_.below(values.size())];
    switch (random_.below(6)) {
      case 0:
        if (&value != &row) value = kOdd[random_.below(std::size(kOdd))];
        break;
      case 1:
        if (&value != &row) value = *others[random_.below(others.size())];
        break;
      case 2:
        if (&value != &row) value = json(*values[random_.below(values.size())]);
        break;
      case 3:
        if (value.is_object() && !value.empty()) value.erase(key_of(value));
        break;
      case 4:
        if (value.is_array() && !value.empty()) value.push_back(json(value[random_.below(value.size())]));
        break;
      default:
        if (value.is_object()) value[key_of(other_row)] = *others[random_.below(others.size())];
        break;
    }
  }

  std::string key_of(const json& object) {
    auto at = object.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(random_.below(object.size())));
    return at.key();
  }

  void damage(std::string& text) {
    const size_t at = random_.below(text.size());
    if (random_.below(2) == 0) {
      text[at] = static_cast<char>(random_.below(256));
    } else {
      text.erase(at, 1 + random_.below(8));
    }
  }

  Random random_;
  std::vector<json> seeds_;
};

class MutatedRows : public io::RowReader {
 public:
  explicit MutatedRows(int64_t count) : count_(count), mutations_(kSeed) {}
  std::optional<io::Row> next() override {
    if (number_ == count_) return std::nullopt;
    io::Row row{.object = {}, .problem = "", .file = "fuzz", .number = ++number_};
    row.problem = io::try_parse_json(mutations_.next(), row.object);
    if (row.problem.empty() && !row.object.is_object()) row.problem = "not an object";
    return row;
  }

 private:
  int64_t count_;
  int64_t number_ = 0;
  Mutations mutations_;
};

void expect_sound(const Group& group, const io::Row& row) {
  const auto count = static_cast<int32_t>(group.responses.size());
  ASSERT_GT(count, 0) << row.object;
  ASSERT_TRUE(group.prompt.is_plain ? group.prompt.messages.empty() : !group.prompt.messages.empty()) << row.object;
  for (const Comparison& c : group.comparisons) {
    ASSERT_TRUE(c.i >= 0 && c.i < count && c.j >= 0 && c.j < count && c.i != c.j) << row.object;
    ASSERT_TRUE(c.p >= 0 && c.p <= 1 && c.tie >= 0 && c.tie <= 1 && c.weight > 0) << row.object;
    ASSERT_TRUE(std::isfinite(c.weight) && std::isfinite(c.margin)) << row.object;
  }
}

TEST(FuzzRows, AreUsedOrUnlabelledOrRejected) {
  int64_t reasons = 0;
  ReadOptions options{.files = {"fuzz"}, .max_bad = kAnyBadRows, .allow_unlabelled = true, .allow_items = true};
  options.on_bad_row = [&reasons](const BadRow& bad) { reasons += bad.reason.empty() ? 0 : 1; };
  GroupRows rows(options, std::make_unique<MutatedRows>(iterations()));
  int64_t used = 0, unlabelled = 0;
  while (const auto row = rows.next()) {
    expect_sound(row->group, row->row);
    ++(row->group.comparisons.empty() ? unlabelled : used);
  }
  const ReadReport& report = rows.report();
  EXPECT_EQ(report.rows, iterations());
  EXPECT_EQ(used + unlabelled + report.bad_rows, report.rows);
  EXPECT_EQ(reasons, report.bad_rows);
  // Mutations that leave nothing readable would test refusals alone.
  EXPECT_GT(used, iterations() / 4);
  EXPECT_GT(unlabelled, 0);
  RecordProperty("used", std::to_string(used));
  RecordProperty("unlabelled", std::to_string(unlabelled));
  RecordProperty("rejected", std::to_string(report.bad_rows));
}

}  // namespace
}  // namespace rondo::data
