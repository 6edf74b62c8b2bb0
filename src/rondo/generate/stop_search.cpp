// SPDX-License-Identifier: Apache-2.0
#include "rondo/generate/stop_search.h"

#include <algorithm>

namespace rondo::generate {
namespace {

size_t find_first(const std::string& text, const std::vector<std::string>& stop) {
  size_t first = std::string::npos;
  for (const std::string& s : stop) first = std::min(first, text.find(s));
  return first;
}

}  // namespace

StopSearch::StopSearch(const text::Tokenizer& tokenizer, const std::vector<std::string>& stop)
    : tokenizer_(tokenizer), stop_(stop), stream_(tokenizer, /*skip_special=*/true) {
  for (const std::string& s : stop) reach_ = std::max(reach_, s.empty() ? 0 : s.size() - 1);
}

std::optional<std::string> StopSearch::push(std::span<const int32_t> ids) {
  if (stop_.empty()) return std::nullopt;
  tail_ += stream_.push(ids.back());
  const bool is_near = find_first(tail_ + stream_.pending(), stop_) != std::string::npos;
  if (tail_.size() > reach_) tail_.erase(0, tail_.size() - reach_);
  if (!is_near) return std::nullopt;
  std::string text = tokenizer_.decode(ids, /*skip_special=*/true);
  const size_t first = find_first(text, stop_);
  if (first == std::string::npos) return std::nullopt;
  text.resize(first);
  return text;
}

}  // namespace rondo::generate
