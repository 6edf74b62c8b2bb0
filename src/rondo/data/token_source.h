// SPDX-License-Identifier: Apache-2.0
// Where tokenised groups come from: all in memory for tests, from a group store with a bounded cache for real runs.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "rondo/core/token_group.h"

namespace rondo::data {

class TokenSource {
 public:
  virtual ~TokenSource() = default;
  virtual int64_t size() const = 0;
  virtual int64_t response_count(int64_t group) const = 0;
  virtual std::shared_ptr<const TokenGroup> get(int64_t group) = 0;
};

/// Groups that are already there.
class MemorySource : public TokenSource {
 public:
  explicit MemorySource(std::vector<TokenGroup> groups) {
    for (TokenGroup& group : groups) groups_.push_back(std::make_shared<const TokenGroup>(std::move(group)));
  }
  int64_t size() const override { return static_cast<int64_t>(groups_.size()); }
  int64_t response_count(int64_t group) const override {
    return static_cast<int64_t>(groups_[static_cast<size_t>(group)]->responses.size());
  }
  std::shared_ptr<const TokenGroup> get(int64_t group) override { return groups_[static_cast<size_t>(group)]; }

 private:
  std::vector<std::shared_ptr<const TokenGroup>> groups_;
};

}  // namespace rondo::data
