// SPDX-License-Identifier: Apache-2.0
// The files of SPPO (arXiv:2405.00675): tables of probabilities P(i beats j), 1/2 on the diagonal.
//
// Published scripts make them of mean scores, P = sigmoid(m_i - m_j), which no cycle survives (`is_published`); ours
// are the judge's own.
#include <cmath>

#include "rondo/align/formats/shared/self_play_files.h"

namespace rondo::align::formats {
namespace {

NumberTable probabilities(const Verdict& verdict) { return verdict.probabilities; }

NumberTable probabilities_of_means(const Verdict& verdict) {
  NumberTable table;
  for (const double i : verdict.mean_log_odds) {
    std::vector<double>& row = table.emplace_back();
    for (const double j : verdict.mean_log_odds) row.push_back(1 / (1 + std::exp(j - i)));
  }
  return table;
}

std::unique_ptr<FormatWriter> open(const FormatOptions& options) {
  return open_self_play_files(options, {.judged = &probabilities, .published = &probabilities_of_means});
}

}  // namespace

constinit const FormatEntry sppo_entry{
    .name = "sppo",
    .summary = "folder with probabilities.json, train.parquet, training/train.parquet (SPPO)",
    .is_folder = true,
    .is_pairs = true,
    .open = &open,
};

}  // namespace rondo::align::formats
