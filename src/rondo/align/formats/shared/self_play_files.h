// SPDX-License-Identifier: Apache-2.0
// The folder of files that the SPPO and GPM pipelines pass on, equal but for what their tables hold
// (arXiv:2405.00675, arXiv:2410.02197):
//
//   responses_0.json, ...    [N] texts, the i-th response to every prompt
//   probabilities.json       [N][K][K]
//   train.parquet            prompt, generate_0, ..., probability (K x K), rm_scores (K)
//   training/train.parquet   chosen, rejected, chosen_probs = T(best, worst), chosen_probs_win and chosen_probs_lose =
//                            the row means of best and worst, diagonal included
//
// K is the same in every row. Rows without a preference have no pair and stay out of the last file. There is no test
// file: the published one is drawn from the training rows.
#pragma once

#include "rondo/align/formats/shared/format.h"

namespace rondo::align::formats {

/// What makes the K x K numbers of a row: as the judge says them, or as the published scripts do
/// (options.is_published).
struct SelfPlayTables {
  NumberTable (*judged)(const Verdict& verdict);
  NumberTable (*published)(const Verdict& verdict);
};

std::unique_ptr<FormatWriter> open_self_play_files(const FormatOptions& options, const SelfPlayTables& tables);

}  // namespace rondo::align::formats
