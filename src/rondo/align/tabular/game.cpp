// SPDX-License-Identifier: Apache-2.0
#include "rondo/align/tabular/game.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/logit.h>
#include <ATen/ops/mv.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/io/json.h"

namespace rondo::align {
namespace {

// Written tables are rounded; more than this is another kind of table.
constexpr double kSkewTolerance = 1e-6;

[[noreturn]] void refuse(const std::string& place, const std::string& fact) {
  throw DataError("not a game: " + place + ": " + fact +
                  R"(; expected {"table": [[0, 1], [-1, 0]]} with s(i,j) = -s(j,i))");
}

Tensor square_table(const nlohmann::json& rows, const std::string& place) {
  if (!rows.is_array() || rows.empty()) refuse(place, "the table is not a list of rows");
  std::vector<double> flat;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].is_array() || rows[i].size() != rows.size())
      refuse(place, fmt::format("row {} does not have {} numbers", i + 1, rows.size()));
    for (const nlohmann::json& entry : rows[i]) {
      if (!entry.is_number()) refuse(place, fmt::format("row {} holds {}", i + 1, entry.dump()));
      flat.push_back(entry.get<double>());
      if (!std::isfinite(flat.back())) refuse(place, fmt::format("row {} holds a number that is not finite", i + 1));
    }
  }
  const auto count = static_cast<int64_t>(rows.size());
  return at::tensor(flat, at::TensorOptions().dtype(at::kDouble)).view({count, count});
}

Tensor log_odds_table(const nlohmann::json& json, const std::string& place) {
  if (const auto found = json.find("probabilities"); found != json.end()) {
    const Tensor p_NN = square_table(*found, place);
    if (!((p_NN > 0).all() & (p_NN < 1).all()).item<bool>()) refuse(place, "a probability is not between 0 and 1");
    if (((p_NN + p_NN.t() - 1).abs() > kSkewTolerance).any().item<bool>()) refuse(place, "P(i,j) + P(j,i) is not 1");
    return at::logit(p_NN);
  }
  const auto found = json.find("table");
  if (found == json.end()) refuse(place, "neither 'table' nor 'probabilities' is there");
  const auto tau = json.value("tau", nlohmann::json(1.0));
  if (!tau.is_number() || !(tau.get<double>() > 0)) refuse(place, "tau is " + tau.dump());
  return square_table(*found, place) / tau.get<double>();
}

}  // namespace

Tensor Game::payoff(Payoff kind) const {
  return kind == Payoff::kLogOdds ? log_odds_NN : at::sigmoid(log_odds_NN) - 0.5;
}

Game game_from_json(const nlohmann::json& json, const std::string& place) {
  if (!json.is_object()) refuse(place, "the file holds no object");
  Game game;
  const Tensor table_NN = log_odds_table(json, place);
  const Tensor uneven_NN = (table_NN + table_NN.t()).abs();
  if ((uneven_NN > kSkewTolerance * (1 + table_NN.abs())).any().item<bool>()) {
    const int64_t at = uneven_NN.argmax().item<int64_t>();
    refuse(place, fmt::format("s({0},{1}) + s({1},{0}) is {2:.3g}", at / table_NN.size(0) + 1,
                              at % table_NN.size(0) + 1, uneven_NN.max().item<double>()));
  }
  game.log_odds_NN = (table_NN - table_NN.t()) / 2;
  game.name = json.contains("game") && json["game"].is_string() ? json["game"].get<std::string>() : place;
  if (const auto names = json.find("names"); names != json.end()) {
    if (!names->is_array() || static_cast<int64_t>(names->size()) != game.size())
      refuse(place, fmt::format("names is not a list of {}", game.size()));
    for (const nlohmann::json& name : *names)
      game.responses.push_back(name.is_string() ? name.get<std::string>() : name.dump());
  }
  for (int64_t i = static_cast<int64_t>(game.responses.size()); i < game.size(); ++i)
    game.responses.push_back(std::to_string(i + 1));
  return game;
}

Game read_game(const std::filesystem::path& path) { return game_from_json(io::read_json_file(path), path.string()); }

double duality_gap(const Tensor& payoff_NN, const Tensor& policy_N) {
  return 2 * at::mv(payoff_NN, policy_N).max().item<double>();
}

}  // namespace rondo::align
