// SPDX-License-Identifier: Apache-2.0
#include "rondo/base/config.h"

#include "rondo/base/error.h"

namespace rondo {

void require_field(const std::string& value, const char* field) {
  if (value.empty()) throw ConfigError(std::string("a setting is missing: `") + field + "`");
}

}  // namespace rondo
