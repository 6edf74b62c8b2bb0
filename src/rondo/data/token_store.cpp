// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/token_store.h"

#include <fmt/format.h>

#include <optional>

namespace rondo::data {
namespace {

int64_t bytes_of(const TokenGroup& group) {
  auto bytes = static_cast<int64_t>(group.comparisons.size() * sizeof(Comparison));
  for (int64_t k = 0; k < group.sequence_count(); ++k) {
    const TokenResponse& r = group.sequence(k);
    bytes += static_cast<int64_t>(sizeof(r) + (r.ids.size() + r.type_ids.size()) * sizeof(int32_t));
  }
  return bytes;
}

}  // namespace

TokenStore::TokenStore(GroupStore store, const text::TextEncoder& encoder, const TokenOptions& options,
                       const ProgressSink& progress)
    : store_(std::move(store)), encoder_(encoder), options_(options) {
  counts_.resize(static_cast<size_t>(store_.size()));
  const std::optional<int32_t> unknown = unknown_token(encoder.tokenizer());
  for (int64_t index = 0; index < store_.size(); ++index) {
    const auto group = get(index);
    counts_[static_cast<size_t>(index)] = static_cast<int64_t>(group->responses.size());
    count_tokens(*group, first_overlong_, unknown, report_);
    progress(index + 1, store_.size(), "tokenising");
  }
}

std::shared_ptr<const TokenGroup> TokenStore::get(int64_t index) {
  const auto found = cache_.find(index);
  if (found != cache_.end()) {
    recent_.splice(recent_.begin(), recent_, found->second.place);
    return found->second.group;
  }
  auto group = std::make_shared<const TokenGroup>(tokenise(index));
  const int64_t bytes = bytes_of(*group);
  recent_.push_front(index);
  cache_[index] = {group, recent_.begin(), bytes};
  cached_bytes_ += bytes;
  while (cached_bytes_ > options_.cache_bytes && recent_.size() > 1) {
    const auto oldest = cache_.find(recent_.back());
    cached_bytes_ -= oldest->second.bytes;
    cache_.erase(oldest);
    recent_.pop_back();
  }
  return group;
}

const std::vector<int64_t>* TokenStore::kept_responses(int64_t group) const {
  const auto found = kept_.find(group);
  return found == kept_.end() ? nullptr : &found->second;
}

TokenGroup TokenStore::tokenise(int64_t index) {
  const Group source = store_.group(index);
  Overlong overlong;
  TokenGroup group =
      token_group(source, encoder_, options_, fmt::format("group {} ({})", index + 1, source.source), overlong);
  // The first pass over the store counts; later reads of an evicted group repeat the same work.
  if (report_.groups == index) first_overlong_ = overlong;
  if (overlong.kept) kept_[index] = std::move(*overlong.kept);
  return group;
}

}  // namespace rondo::data
