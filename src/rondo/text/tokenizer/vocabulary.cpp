// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/tokenizer/vocabulary.h"

namespace rondo::text {
namespace {

// Room for every published vocabulary (the largest have 2^18 tokens), and no way to ask for gigabytes.
constexpr int64_t kIdLimit = 1 << 24;

}  // namespace

Vocabulary::Vocabulary(const Json& object) {
  if (!object.is_object()) throw ModelError("tokenizer is malformed: field 'vocab' is not an object; is the file cut?");
  ids_.reserve(object.size());
  for (const auto& [token, id] : object.items()) {
    if (!id.is_number_integer())
      throw ModelError("tokenizer is malformed: vocab: id of '" + token + "' is not a whole number; is the file cut?");
    add(token, id.get<int64_t>());
  }
}

void Vocabulary::add(const std::string& token, int64_t id) {
  if (id < 0 || id >= kIdLimit) {
    throw ModelError("tokenizer is malformed: vocab: id " + std::to_string(id) + " of '" + token +
                     "' is not in [0, 2^24); is the file damaged?");
  }
  ++size_;
  const auto place = ids_.insert_or_assign(token, static_cast<int32_t>(id)).first;
  if (tokens_.size() <= static_cast<size_t>(id)) tokens_.resize(static_cast<size_t>(id) + 1, nullptr);
  tokens_[static_cast<size_t>(id)] = &place->first;
}

std::optional<int32_t> Vocabulary::id(std::string_view token) const {
  const auto found = ids_.find(token);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

const std::string* Vocabulary::token(int32_t id) const {
  if (id < 0 || static_cast<size_t>(id) >= tokens_.size()) return nullptr;
  return tokens_[static_cast<size_t>(id)];
}

}  // namespace rondo::text
