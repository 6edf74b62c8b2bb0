// SPDX-License-Identifier: Apache-2.0
// Self-play on a known game, told: tables of gaps, the same as JSON, and a page with plots.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "rondo/align/tabular/simulate.h"
#include "rondo/report/html_report.h"

namespace rondo::runs {

struct TabularResult {
  align::Game game;
  std::vector<align::Trace> traces;
};
/// Throws DataError where the file holds no game.
TabularResult simulate_game(const std::string& game_file, const align::SimulateConfig& config);

/// Duality gaps at the start, at powers of ten and at the end, in the log-odds game and in that of P - 1/2.
std::vector<report::Table> gap_tables(const TabularResult& result);
nlohmann::ordered_json to_json(const TabularResult& result);
void write_tabular_report(const TabularResult& result, const std::string& path);

}  // namespace rondo::runs
