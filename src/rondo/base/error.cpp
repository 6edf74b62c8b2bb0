// SPDX-License-Identifier: Apache-2.0
#include "rondo/base/error.h"

namespace rondo {

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kConfig:
      return 2;
    case ErrorKind::kData:
      return 3;
    case ErrorKind::kModel:
      return 4;
    case ErrorKind::kResource:
      return 5;
    case ErrorKind::kInternal:
      return 70;
  }
  return 70;
}

void throw_assertion(const char* condition, const char* file, int line, std::string_view why) {
  throw InternalError("broken invariant: " + std::string(file) + ":" + std::to_string(line) + ": " + condition + " (" +
                      std::string(why) + "); please report this");
}

}  // namespace rondo
