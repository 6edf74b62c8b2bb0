// SPDX-License-Identifier: Apache-2.0
// The page of a comparison of heads: one picture of a cycle, the table with intervals, accuracy against time.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace rondo::report {

/// The whole page as HTML. `story` holds (all but `title` and `heads` may be missing):
///   title, lead       plain text
///   cycle             {"responses": [texts], "truth": M x M wins, "models": [{"name", "probabilities": M x M}]}
///   heads             {"bt": {"accuracy", "accuracy_low", ..., "log_loss", "cyclic_triads_right",
///                     "far_accuracy": without responses close to a training response}, ...}
///   baselines         [{"name", "accuracy", "far_accuracy"}]: rows of the table without a model
///   differences       [{"first", "second", "accuracy", "accuracy_low", "accuracy_high"}], first minus second
///   curves            [{"head", "seed", "seconds": [...], "accuracy": [...]}]
///   blocks            what else the program that compared them has to say, as page.h has it
///   calibration       {"bt": [bins], ...}
///   manifest          shown as it is
/// Throws DataError that names the key where the story does not have this form.
std::string comparison_page(const nlohmann::json& story);

void write_comparison_report(const nlohmann::json& story, const std::filesystem::path& path);

}  // namespace rondo::report
