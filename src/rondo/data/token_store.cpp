// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/token_store.h"

#include <fmt/format.h>

#include <optional>

#include "rondo/base/parallel.h"

namespace rondo::data {
namespace {

// Sequences that the first pass holds beside the cache, or one group: enough to keep many threads busy.
constexpr int64_t kChunkSequences = 4096;

int64_t bytes_of(const TokenGroup& group) {
  auto bytes = static_cast<int64_t>(group.comparisons.size() * (sizeof(Comparison) + sizeof(int32_t)) +
                                    group.places.size() * sizeof(int64_t) + group.gate_ids.size() * sizeof(int32_t));
  for (int64_t k = 0; k < group.sequence_count(); ++k) {
    const TokenResponse& r = group.sequence(k);
    bytes += static_cast<int64_t>(sizeof(r) + (r.ids.size() + r.type_ids.size()) * sizeof(int32_t));
  }
  return bytes;
}

}  // namespace

TokenStore::TokenStore(std::shared_ptr<const GroupStore> groups, const text::TextEncoder& encoder,
                       const TokenOptions& options, const ProgressSink& progress)
    : groups_(std::move(groups)), encoder_(encoder), options_(options) {
  counts_.resize(static_cast<size_t>(size()));
  const std::optional<int32_t> unknown = unknown_token(encoder.tokenizer());
  for (int64_t first = 0; first < size();) {
    std::vector<Tokenised> chunk(chunk_size(first));
    parallel_for(chunk.size(), {.threads = options.threads},
                 [&](size_t k) { chunk[k] = tokenise(first + static_cast<int64_t>(k)); });
    for (size_t k = 0; k < chunk.size(); ++k) {
      const int64_t index = first + static_cast<int64_t>(k);
      count_tokens(chunk[k].group, chunk[k].overlong, unknown, report_);
      counts_[static_cast<size_t>(index)] = static_cast<int64_t>(chunk[k].group.responses.size());
      keep(index, std::move(chunk[k].group));
      progress(index + 1, size(), "tokenising");
    }
    first += static_cast<int64_t>(chunk.size());
  }
}

size_t TokenStore::chunk_size(int64_t first) const {
  const bool is_pairwise = encoder_.policy().pairwise != "none", all_pairs = options_.pairs != PairsWanted::kLabelled;
  int64_t sequences = 0, last = first;
  while (last < size()) {
    const int64_t responses = groups_->response_count(last);
    const int64_t pairs = all_pairs ? responses * (responses - 1) : 2 * groups_->comparison_count(last);
    sequences += is_pairwise ? pairs : responses;
    if (last > first && sequences > kChunkSequences) break;
    ++last;
  }
  return static_cast<size_t>(last - first);
}

std::shared_ptr<const TokenGroup> TokenStore::get(int64_t index) {
  const auto found = cache_.find(index);
  if (found != cache_.end()) {
    recent_.splice(recent_.begin(), recent_, found->second.place);
    return found->second.group;
  }
  return keep(index, tokenise(index).group);
}

std::shared_ptr<const TokenGroup> TokenStore::keep(int64_t index, TokenGroup tokens) {
  auto group = std::make_shared<const TokenGroup>(std::move(tokens));
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

TokenStore::Tokenised TokenStore::tokenise(int64_t index) const {
  const Group source = groups_->group(index);
  Tokenised result;
  std::string place = source.rows.front().place;
  if (place.empty()) place = fmt::format("group {} ({})", index + 1, source.source);
  if (source.rows.size() > 1) place += fmt::format(" and {} more of its prompt", source.rows.size() - 1);
  result.group = token_group(source, encoder_, options_, place, result.overlong);
  return result;
}

}  // namespace rondo::data
