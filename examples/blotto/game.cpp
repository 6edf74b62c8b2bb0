// SPDX-License-Identifier: Apache-2.0
#include "examples/blotto/game.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <sstream>
#include <string_view>

#include "rondo/base/error.h"

namespace blotto {
namespace {

constexpr std::string_view kPromptWord = "castles";

std::vector<int> read_numbers(std::istream& stream, const std::string& text) {
  std::vector<int> numbers;
  for (int number = 0; stream >> number;) numbers.push_back(number);
  if (!stream.eof() || numbers.empty()) {
    throw rondo::DataError("plan not read: '" + text +
                           "': not a list of whole numbers; one number per castle is expected");
  }
  return numbers;
}

}  // namespace

Rule ladder_rule(int castles, int soldiers) {
  Rule rule{.values = std::vector<int>(static_cast<size_t>(castles)), .soldiers = soldiers};
  std::iota(rule.values.begin(), rule.values.end(), 1);
  return rule;
}

int margin(const Rule& rule, const Plan& first, const Plan& second) {
  int points = 0;
  for (size_t castle = 0; castle < rule.values.size(); ++castle) {
    const int sign = (first[castle] > second[castle]) - (first[castle] < second[castle]);
    points += sign * rule.values[castle];
  }
  return points;
}

char outcome(const Rule& rule, const Plan& first, const Plan& second) {
  const int points = margin(rule, first, second);
  if (points == 0) return 'T';
  return points > 0 ? 'W' : 'L';
}

std::string outcomes(const Rule& rule, std::span<const Plan> plans) {
  std::string text;
  text.reserve(plans.size() * plans.size() / 2);
  for (size_t i = 0; i < plans.size(); ++i) {
    for (size_t j = i + 1; j < plans.size(); ++j) text += outcome(rule, plans[i], plans[j]);
  }
  return text;
}

int distance(const Plan& first, const Plan& second) {
  int sum = 0;
  for (size_t castle = 0; castle < first.size(); ++castle) sum += std::abs(first[castle] - second[castle]);
  return sum;
}

std::string joined(std::span<const int> numbers, char separator) {
  std::string text;
  for (const int number : numbers) {
    if (!text.empty()) text += separator;
    text += std::to_string(number);
  }
  return text;
}

std::string plan_text(const Plan& plan) { return joined(plan, ' '); }

Plan parse_plan(const std::string& text) {
  std::istringstream stream(text);
  return read_numbers(stream, text);
}

std::string prompt_text(const Rule& rule) { return std::string(kPromptWord) + " " + joined(rule.values, ' ') + "\n"; }

Rule parse_prompt(const std::string& prompt, int soldiers) {
  std::istringstream stream(prompt);
  std::string word;
  stream >> word >> std::ws;
  if (word != kPromptWord) {
    throw rondo::DataError("prompt not read: '" + prompt + "': does not begin with 'castles'; are these Blotto rows?");
  }
  std::string rest;
  std::getline(stream, rest);
  return {.values = parse_plan(rest), .soldiers = soldiers};
}

std::vector<std::string> word_list(int soldiers) {
  std::vector<std::string> words{std::string(kPromptWord)};
  for (int number = 0; number <= soldiers; ++number) words.push_back(std::to_string(number));
  return words;
}

}  // namespace blotto
