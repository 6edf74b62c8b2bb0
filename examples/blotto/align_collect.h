// SPDX-License-Identifier: Apache-2.0
// Brings the runs of examples/blotto/align together: the figures (align.json) and the page that `rondo report --kind
// page` makes of them.
//
// The folder holds base.json, equilibrium.json, and for every run R (JUDGE-OBJECTIVE) and seed S the folder R-sS with
// exploit-NNN.json, one for every iterate that was measured, and exploit-average.json: what `blotto exploit` printed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace blotto {

struct AlignFolder {
  std::filesystem::path folder;
  std::vector<std::string> runs;
  std::vector<int64_t> seeds;
  double seconds = 0;  // of all runs
};

/// {"runs": [{"judge", "objective", figures of the last iterate, "average": figures of the mixture of the later ones,
/// "iterates": [figures]}], "base", "equilibrium", "seconds", "seeds"}. A figure is KEY, KEY_low and KEY_high, the mean
/// over seeds as collect.h has it. Throws DataError where a file is missing.
nlohmann::ordered_json collect_align(const AlignFolder& align);

/// See rondo/report/page.h.
nlohmann::ordered_json align_page(const nlohmann::ordered_json& figures);

}  // namespace blotto
