// SPDX-License-Identifier: Apache-2.0
// The files of GPO in the GPM repository (arXiv:2410.02197): as SPPO's, with log-odds s(i,j)/tau in the tables, 0 on
// the diagonal.
//
// Published scripts take T - T' of a table that is skew already, 2 s(i,j)/tau (`is_published`).
#include "rondo/align/formats/shared/self_play_files.h"

namespace rondo::align::formats {
namespace {

NumberTable scaled(const Verdict& verdict, double factor) {
  NumberTable table = verdict.scores;
  for (std::vector<double>& row : table) {
    for (double& score : row) score *= factor / verdict.tau;
  }
  return table;
}

NumberTable log_odds(const Verdict& verdict) { return scaled(verdict, 1); }
NumberTable twice_log_odds(const Verdict& verdict) { return scaled(verdict, 2); }

std::unique_ptr<FormatWriter> open(const FormatOptions& options) {
  return open_self_play_files(options, {.judged = &log_odds, .published = &twice_log_odds});
}

}  // namespace

constinit const FormatEntry gpm_entry{
    .name = "gpm",
    .summary = "the same with log-odds in the tables (GPO in the GPM repository)",
    .is_folder = true,
    .is_pairs = true,
    .open = &open,
};

}  // namespace rondo::align::formats
