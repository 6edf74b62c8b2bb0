// SPDX-License-Identifier: Apache-2.0
// Recorded data outside the repository: RONDO_SHARED names its folder, ../shared beside the sources where it is unset.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

namespace rondo::testing {

std::filesystem::path shared_data(const std::string& name);

/// Calls `visit` with every line of a JSONL file, plain or gzip.
void for_each_row(const std::filesystem::path& path, const std::function<void(const nlohmann::ordered_json&)>& visit);

}  // namespace rondo::testing
