// SPDX-License-Identifier: Apache-2.0
// Where tests find shared data and fixtures.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace rondo::testing {

/// The folder of shared data: RONDO_SHARED, else ../shared beside the source tree.
inline std::filesystem::path shared_folder() {
  const char* named = std::getenv("RONDO_SHARED");
  if (named != nullptr) return named;
  const char* source = std::getenv("RONDO_SOURCE");
  return std::filesystem::path(source != nullptr ? source : ".") / ".." / "shared";
}

/// tests/data of the source tree.
inline std::filesystem::path fixture_folder() {
  const char* source = std::getenv("RONDO_SOURCE");
  return std::filesystem::path(source != nullptr ? source : ".") / "tests" / "data";
}

}  // namespace rondo::testing
