// SPDX-License-Identifier: Apache-2.0
// docs/data.md: every example row becomes what stands under it, and every shape is there with its label's meaning.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "rondo/base/error.h"
#include "rondo/data/row_shapes.h"

namespace rondo::data {
namespace {

using ::testing::HasSubstr;

struct Fact {
  std::string name, value;
};

struct Example {
  std::string row;
  std::vector<Fact> facts;
};

std::vector<std::string> lines_of(const char* path) {
  std::vector<std::string> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// A row begins with '{'; the indented lines under it are its facts, "  name  value".
std::vector<Example> examples_of(const std::vector<std::string>& lines) {
  std::vector<Example> examples;
  for (const std::string& line : lines) {
    if (line.starts_with("{")) examples.push_back({.row = line, .facts = {}});
    if (!line.starts_with("  ") || line.size() < 3 || line[2] == ' ' || examples.empty()) continue;
    const size_t end = line.find(' ', 2);
    const size_t begin = line.find_first_not_of(' ', end);
    examples.back().facts.push_back({line.substr(2, end - 2), line.substr(begin)});
  }
  return examples;
}

std::string turns_of(const Prompt& prompt) {
  std::vector<std::string> turns;
  for (const Message& m : prompt.messages) turns.push_back(m.role + ": " + m.content);
  return fmt::format("{}", fmt::join(turns, " / "));
}

std::string value_of(const std::string& fact, const Group& group, const std::vector<std::string>& unread) {
  if (fact == "prompt" && group.prompt.is_plain) return group.prompt.text;
  if (fact == "turns") return turns_of(group.prompt);
  if (fact == "answers") return describe_group(group);
  if (fact == "tools") return group.prompt.tools_json;
  if (fact == "unread") return fmt::format("{}", fmt::join(unread, ", "));
  return "unknown fact " + fact;
}

TEST(DataPage, EveryRowBecomesWhatStandsUnderIt) {
  const std::vector<Example> examples = examples_of(lines_of("docs/data.md"));
  constexpr size_t kFewest = 50;
  EXPECT_GE(examples.size(), kFewest);
  std::set<std::string> shapes;
  for (const Example& example : examples) {
    EXPECT_FALSE(example.facts.empty()) << example.row;
    const auto row = nlohmann::ordered_json::parse(example.row);
    std::vector<std::string> unread;
    try {
      if (const ShapeEntry* const shape = find_shape(row)) shapes.insert(shape->name);
      const Group group = read_row(shape_of(row), row, &unread);
      for (const Fact& fact : example.facts) EXPECT_EQ(value_of(fact.name, group, unread), fact.value) << example.row;
    } catch (const DataError& error) {
      EXPECT_EQ(example.facts.at(0).name, "refused") << example.row << ": " << error.what();
      EXPECT_THAT(error.what(), HasSubstr(example.facts.at(0).value)) << example.row;
    }
  }
  EXPECT_EQ(shapes.size(), all_shapes().size());
}

TEST(DataPage, ShowsEveryShapeWithItsLabel) {
  std::string page;
  for (const std::string& line : lines_of("docs/data.md")) page += line + "\n";
  for (const ShapeEntry* shape : all_shapes()) {
    EXPECT_THAT(page, HasSubstr(fmt::format("### {}\n\n{}. Label: {}.\n", shape->name, shape->summary, shape->label)));
  }
}

}  // namespace
}  // namespace rondo::data
