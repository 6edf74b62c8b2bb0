// SPDX-License-Identifier: Apache-2.0
#include "tests/real/shared_data.h"

#include <sstream>
#include <string>

#include "rondo/text/files.h"
#include "tests/support/shared_data.h"

namespace rondo::testing {

std::filesystem::path shared_data(const std::string& name) { return shared_folder() / "data" / name; }

void for_each_row(const std::filesystem::path& path, const std::function<void(const nlohmann::ordered_json&)>& visit) {
  std::istringstream lines(text::read_text_file(path.string()));
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) visit(nlohmann::ordered_json::parse(line));
  }
}

}  // namespace rondo::testing
