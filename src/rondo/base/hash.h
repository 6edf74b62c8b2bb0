// SPDX-License-Identifier: Apache-2.0
// SHA-256, for identities (prompts, templates, data files) that outlive a run.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace rondo {

/// Streaming SHA-256.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  void update(std::string_view bytes);
  /// 64 lower-case hexadecimal digits; the object is used up.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256_hex(std::string_view bytes);

/// The first 16 bytes of SHA-256: the identity of a prompt or a response inside a data set.
using Hash128 = std::array<uint64_t, 2>;
Hash128 hash128(std::string_view bytes);

}  // namespace rondo
