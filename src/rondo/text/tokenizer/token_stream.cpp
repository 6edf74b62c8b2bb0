// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/tokenizer/token_stream.h"

#include <span>

#include "rondo/text/unicode/unicode.h"

namespace rondo::text {

std::string TokenStream::push(int32_t id) {
  ids_.push_back(id);
  const std::string before = tokenizer_.decode(std::span(ids_).first(read_), skip_special_);
  const std::string all = tokenizer_.decode(ids_, skip_special_);
  if (all.size() <= before.size() || all.ends_with(kReplacementCharacter) || !all.starts_with(before)) return "";
  ids_.erase(ids_.begin(), ids_.begin() + static_cast<std::ptrdiff_t>(read_));
  read_ = ids_.size();
  return all.substr(before.size());
}

std::string TokenStream::pending() const {
  if (read_ == ids_.size()) return "";
  const std::string before = tokenizer_.decode(std::span(ids_).first(read_), skip_special_);
  const std::string all = tokenizer_.decode(ids_, skip_special_);
  return all.starts_with(before) ? all.substr(before.size()) : all;
}

std::string TokenStream::finish() {
  std::string left = pending();
  ids_.clear();
  read_ = 0;
  return left;
}

}  // namespace rondo::text
