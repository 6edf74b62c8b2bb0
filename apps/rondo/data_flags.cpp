// SPDX-License-Identifier: Apache-2.0
#include "apps/rondo/data_flags.h"

#include <CLI/CLI.hpp>
#include <cstdlib>

namespace rondo::cli {

std::string spool_folder() {
  const char* const folder = std::getenv("TMPDIR");
  return folder != nullptr && *folder != 0 ? folder : "/tmp";
}

void add_data_flags(CLI::App& app, data::ReadOptions& options) {
  app.add_option("--rename", options.renames, "read column OLD as NEW: --rename question=prompt; may be repeated")
      // One value per flag: the file behind it is not another rename.
      ->allow_extra_args(false)
      ->type_name("OLD=NEW");
  app.add_option("--max-bad", options.max_bad, "how many rows may be unusable before it is an error")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  options.spool_folder = spool_folder();
}

}  // namespace rondo::cli
