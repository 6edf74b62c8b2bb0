// SPDX-License-Identifier: Apache-2.0
// Strings and their ids, both ways.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "rondo/text/tokenizer/json_fields.h"

namespace rondo::text {

struct StringHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
template <typename Value>
using StringMap = std::unordered_map<std::string, Value, StringHash, std::equal_to<>>;

class Vocabulary {
 public:
  Vocabulary() = default;
  Vocabulary(Vocabulary&&) = default;
  Vocabulary& operator=(Vocabulary&&) = default;
  /// From an object {"token": id}. Throws ModelError where an id is not in [0, 2^24).
  explicit Vocabulary(const Json& object);

  void add(const std::string& token, int64_t id);
  std::optional<int32_t> id(std::string_view token) const;
  /// The token, or nullptr where the id has none.
  const std::string* token(int32_t id) const;
  /// Number of entries; of equal strings (in lists of scores) every one counts.
  size_t size() const { return size_; }
  /// One more than the largest id.
  size_t id_limit() const { return tokens_.size(); }
  const StringMap<int32_t>& ids() const { return ids_; }

 private:
  StringMap<int32_t> ids_;
  size_t size_ = 0;
  std::vector<const std::string*> tokens_;  // keys of ids_, which stay where they are
};

}  // namespace rondo::text
