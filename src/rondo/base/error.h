// SPDX-License-Identifier: Apache-2.0
// Typed errors. The kind says whose problem it is; the edges (command line, HTTP) decide what that means.
//
// Message form: "what failed: where: the fact; what to do."
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace rondo {

enum class ErrorKind { kConfig, kData, kModel, kResource, kInternal };

class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

/// Unknown name, bad option, conflicting options.
struct ConfigError : Error {
  explicit ConfigError(const std::string& message) : Error(ErrorKind::kConfig, message) {}
};
/// A record is malformed; the message carries file and line.
struct DataError : Error {
  explicit DataError(const std::string& message) : Error(ErrorKind::kData, message) {}
};
/// Weights, tokenizer and config disagree, or are missing.
struct ModelError : Error {
  explicit ModelError(const std::string& message) : Error(ErrorKind::kModel, message) {}
};
/// Memory, disk, port, device.
struct ResourceError : Error {
  explicit ResourceError(const std::string& message) : Error(ErrorKind::kResource, message) {}
};
/// Our bug: a broken invariant.
struct InternalError : Error {
  explicit InternalError(const std::string& message) : Error(ErrorKind::kInternal, message) {}
};

/// Process exit code of a kind (2, 3, 4, 5, 70).
int exit_code(ErrorKind kind);

[[noreturn]] void throw_assertion(const char* condition, const char* file, int line, std::string_view why);

}  // namespace rondo

/// Throws InternalError in every build.
#define RONDO_ASSERT(condition, why) \
  ((condition) ? static_cast<void>(0) : ::rondo::throw_assertion(#condition, __FILE__, __LINE__, (why)))
