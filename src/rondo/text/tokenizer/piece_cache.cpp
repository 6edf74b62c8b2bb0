// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/tokenizer/piece_cache.h"

namespace rondo::text {

bool PieceCache::find(std::string_view piece, std::vector<ModelToken>& out) const {
  const Shard& shard = shards_[shard_of(piece)];
  const std::lock_guard guard(shard.lock);
  const auto found = shard.pieces.find(piece);
  if (found == shard.pieces.end()) return false;
  out.insert(out.end(), found->second.begin(), found->second.end());
  return true;
}

void PieceCache::store(std::string_view piece, const ModelToken* begin, const ModelToken* end) {
  Shard& shard = shards_[shard_of(piece)];
  const std::lock_guard guard(shard.lock);
  if (shard.pieces.size() >= kPiecesPerShard) shard.pieces.clear();
  shard.pieces.insert_or_assign(std::string(piece), std::vector<ModelToken>(begin, end));
}

}  // namespace rondo::text
