// SPDX-License-Identifier: Apache-2.0
// Two policies against each other before a judge: how often the responses of one beat those of the other.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "rondo/align/self_play/judge.h"

namespace rondo::align {

/// Says P(i over j) of the responses of every prompt, [M, M].
using Referee = std::function<std::vector<Tensor>(std::span<const JudgedTexts>)>;

struct NamedReferee {
  std::string name;
  Referee probabilities;
};

/// Responses of one policy by prompt; every policy of a contest answered the same prompts.
struct Contestant {
  std::string name;
  std::vector<std::vector<std::string>> responses;
};

struct WinRate {
  double value = 0;  // mean P over all pairs of the two policies' responses, prompts weighing the same
  double low = 0;    // 95 % bootstrap over prompts; NaN with one prompt
  double high = 0;
};

/// The mean of entries [rows, columns) of each table, prompt by prompt, with its interval.
WinRate win_rate(std::span<const double> mean_by_prompt, uint64_t seed);

/// The first contestant against each other one, before every referee: {referee: {opponent: {win_rate, low, high}}}.
/// All responses of a prompt meet a referee together, each once.
nlohmann::json hold_contest(std::span<const Prompt* const> prompts, std::span<const Contestant> contestants,
                            std::span<const NamedReferee> referees, uint64_t seed);

}  // namespace rondo::align
