// SPDX-License-Identifier: Apache-2.0
// The finished rows of long work, behind a first line that says which run it was: what `kill -9` leaves, and what the
// same command continues from. Memory holds no row.
#pragma once

#include <cstdint>
#include <fstream>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace rondo::io {

class PartFile {
 public:
  /// Opens or begins `path`. `run` is everything that decides the rows. A line that was cut off goes.
  /// Throws ConfigError where another run left rows here, ResourceError where the file is unusable.
  PartFile(const std::string& path, const nlohmann::ordered_json& run);

  int64_t finished() const { return finished_; }
  /// Calls `visit` with every finished row in order.
  void for_each(const std::function<void(const std::string&)>& visit);
  /// Appends a row, which must hold no line end, and hands it to the system.
  void add(const std::string& row);
  /// The work is done and lies elsewhere.
  void remove();

 private:
  void append(const std::string& line);

  std::string path_;
  std::ofstream file_;
  int64_t finished_ = 0;
};

}  // namespace rondo::io
