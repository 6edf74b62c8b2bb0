// SPDX-License-Identifier: Apache-2.0
// metrics.jsonl: one JSON object a line, appended, cut back to a checkpoint when a run resumes.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <vector>

namespace rondo::train {

class MetricsLog {
 public:
  /// Opens the file and cuts it to `keep_bytes`. Throws ResourceError where it cannot be written.
  MetricsLog(const std::filesystem::path& path, int64_t keep_bytes);
  void append(const nlohmann::json& row);
  int64_t bytes() const { return bytes_; }

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::filesystem::path path_;
  std::unique_ptr<std::FILE, Closer> file_;
  int64_t bytes_ = 0;
};

/// The rows of a finished run's file.
std::vector<nlohmann::json> read_metrics(const std::filesystem::path& path);

}  // namespace rondo::train
