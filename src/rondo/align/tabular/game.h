// SPDX-License-Identifier: Apache-2.0
// Symmetric zero-sum games of N responses: the exact stand-in for "prompt, policy and judge" in which updates, averages
// and distances from equilibrium can be computed without sampling. Tests of the objectives use it as their oracle.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "rondo/base/tensor.h"

namespace rondo::align {

/// Which game is played (docs/align.md): GPO plays log-odds s/tau, SPPO and Nash-MD play P - 1/2. Their equilibria
/// differ.
enum class Payoff { kLogOdds, kProbability };

struct Game {
  std::string name;
  std::vector<std::string> responses;  // names, N of them
  Tensor log_odds_NN;                  // float64, skew

  int64_t size() const { return log_odds_NN.size(0); }
  /// log_odds_NN, or sigmoid of it minus 1/2 [N, N].
  Tensor payoff(Payoff kind) const;
};

/// {"table": [[...]], "tau": 1, "names": [...], "game": "..."} or {"probabilities": [[...]]}. Throws DataError where
/// the table is not square, not skew, not finite, or a probability is 0 or 1.
Game game_from_json(const nlohmann::json& json, const std::string& place);
Game read_game(const std::filesystem::path& path);

/// What a policy loses to its best response, on both sides: 2 max_i (A p)_i, in the units of the payoff. 0 only in
/// equilibrium.
double duality_gap(const Tensor& payoff_NN, const Tensor& policy_N);

}  // namespace rondo::align
