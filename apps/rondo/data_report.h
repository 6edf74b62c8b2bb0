// SPDX-License-Identifier: Apache-2.0
// What `rondo data check` found, for people.
#pragma once

#include <string>

#include "rondo/runs/check_data.h"

namespace rondo::cli {

[[nodiscard]] std::string check_text(const runs::CheckResult& result);

/// "12,345".
[[nodiscard]] std::string with_commas(int64_t number);

}  // namespace rondo::cli
