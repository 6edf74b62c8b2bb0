// SPDX-License-Identifier: Apache-2.0
// Tokens of pieces seen before. Words repeat, so most pieces of a text cost one look-up.
#pragma once

#include <array>
#include <mutex>
#include <string_view>
#include <vector>

#include "rondo/text/tokenizer/models/model.h"

namespace rondo::text {

/// Safe to use from several threads: shards with a lock each.
class PieceCache {
 public:
  /// Longer pieces seldom repeat.
  static constexpr size_t kLongestPiece = 64;

  /// Appends the tokens of the piece; false where it is not known.
  bool find(std::string_view piece, std::vector<ModelToken>& out) const;
  void store(std::string_view piece, const ModelToken* begin, const ModelToken* end);

 private:
  static constexpr size_t kShards = 16;
  // A full shard is emptied: 16 shards hold 2^17 pieces, more than the distinct words of most data sets.
  static constexpr size_t kPiecesPerShard = 8192;

  struct Shard {
    mutable std::mutex lock;
    StringMap<std::vector<ModelToken>> pieces;
  };

  static size_t shard_of(std::string_view piece) { return StringHash{}(piece) >> 7 & (kShards - 1); }

  std::array<Shard, kShards> shards_;
};

}  // namespace rondo::text
