// SPDX-License-Identifier: Apache-2.0
// Colonel Blotto: two plans spread their soldiers over castles; the larger force takes a castle and its points, equal
// forces share them; the higher total wins. The rule is what makes preferences between plans run in circles.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace blotto {

/// Soldiers per castle.
using Plan = std::vector<int>;

/// What the castles are worth and how many soldiers a plan has.
struct Rule {
  std::vector<int> values;
  int soldiers = 100;
};

/// Castle q is worth q points, q = 1 ... castles.
Rule ladder_rule(int castles, int soldiers);

/// Points of `first` minus points of `second`; shared castles add to neither.
int margin(const Rule& rule, const Plan& first, const Plan& second);

/// 'W' where `first` wins, 'L' where it loses, 'T' for equal points.
char outcome(const Rule& rule, const Plan& first, const Plan& second);

/// One character per pair of the upper triangle in row order: (0,1), (0,2), ..., (1,2), ...
std::string outcomes(const Rule& rule, std::span<const Plan> plans);

/// Soldiers that stand elsewhere, counted on both sides: moving one soldier is a distance of 2.
int distance(const Plan& first, const Plan& second);

/// The numbers with `separator` between them.
std::string joined(std::span<const int> numbers, char separator);

/// "3 5 8 ...": one whole word per castle.
std::string plan_text(const Plan& plan);

/// The inverse of plan_text. Throws DataError on anything but whole numbers.
Plan parse_plan(const std::string& text);

/// "castles 1 2 3 ...\n": the plan stands on the next line.
std::string prompt_text(const Rule& rule);

/// Reads the castle values back from a prompt. Throws DataError on another kind of text.
Rule parse_prompt(const std::string& prompt, int soldiers);

/// Every word that prompts and plans are made of, for a whole-word tokenizer.
std::vector<std::string> word_list(int soldiers);

}  // namespace blotto
