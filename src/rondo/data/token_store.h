// SPDX-License-Identifier: Apache-2.0
// A group store read through a text encoder: tokenised groups on demand, with a cache of bounded size.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "rondo/base/log.h"
#include "rondo/data/group_store.h"
#include "rondo/data/token_source.h"
#include "rondo/data/tokenise.h"
#include "rondo/text/text_encoder.h"

namespace rondo::data {

class TokenStore : public TokenSource {
 public:
  /// Tokenises everything once: counts, applies the overlong policy, fills the cache. The encoder must outlive it.
  /// Throws DataError where a sequence is too long under `error`, naming the group.
  TokenStore(std::shared_ptr<const GroupStore> groups, const text::TextEncoder& encoder, const TokenOptions& options,
             const ProgressSink& progress);
  TokenStore(GroupStore groups, const text::TextEncoder& encoder, const TokenOptions& options,
             const ProgressSink& progress)
      : TokenStore(std::make_shared<const GroupStore>(std::move(groups)), encoder, options, progress) {}

  int64_t size() const override { return groups_->size(); }
  int64_t response_count(int64_t group) const override { return counts_[static_cast<size_t>(group)]; }
  std::shared_ptr<const TokenGroup> get(int64_t group) override;
  const GroupStore& groups() const { return *groups_; }
  const TokenReport& report() const { return report_; }

 private:
  struct Cached {
    std::shared_ptr<const TokenGroup> group;
    std::list<int64_t>::iterator place;
    int64_t bytes = 0;
  };
  struct Tokenised {
    TokenGroup group;
    Overlong overlong;
  };
  /// Groups from `first` on that the first pass tokenises together.
  size_t chunk_size(int64_t first) const;
  /// May be called from several threads.
  Tokenised tokenise(int64_t index) const;
  std::shared_ptr<const TokenGroup> keep(int64_t index, TokenGroup tokens);

  std::shared_ptr<const GroupStore> groups_;
  const text::TextEncoder& encoder_;
  TokenOptions options_;
  TokenReport report_;
  std::vector<int64_t> counts_;
  std::list<int64_t> recent_;
  std::unordered_map<int64_t, Cached> cache_;
  int64_t cached_bytes_ = 0;
};

}  // namespace rondo::data
