// SPDX-License-Identifier: Apache-2.0
#include "rondo/train/metrics_log.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "rondo/base/error.h"

namespace rondo::train {

MetricsLog::MetricsLog(const std::filesystem::path& path, int64_t keep_bytes) : path_(path), bytes_(keep_bytes) {
  file_.reset(std::fopen(path.c_str(), "ab"));
  if (!file_) throw ResourceError("cannot write metrics: " + path.string() + ": " + std::strerror(errno));
  std::error_code error;
  if (static_cast<int64_t>(std::filesystem::file_size(path, error)) > keep_bytes) {
    std::filesystem::resize_file(path, static_cast<uintmax_t>(keep_bytes), error);
    if (error)
      throw ResourceError("cannot cut metrics back to the checkpoint: " + path.string() + ": " + error.message());
  }
}

void MetricsLog::append(const nlohmann::json& row) {
  const std::string line = row.dump() + "\n";
  const bool written =
      std::fwrite(line.data(), 1, line.size(), file_.get()) == line.size() && std::fflush(file_.get()) == 0;
  if (!written) {
    throw ResourceError("cannot write metrics: " + path_.string() + ": " + std::strerror(errno) +
                        "; free some space and continue with `resume`");
  }
  bytes_ += static_cast<int64_t>(line.size());
}

std::vector<nlohmann::json> read_metrics(const std::filesystem::path& path) {
  std::vector<nlohmann::json> rows;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) rows.push_back(nlohmann::json::parse(line));
  return rows;
}

}  // namespace rondo::train
