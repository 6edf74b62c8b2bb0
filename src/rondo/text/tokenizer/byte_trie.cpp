// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/tokenizer/byte_trie.h"

#include "rondo/base/error.h"

namespace rondo::text {
namespace {

constexpr uint32_t kFirstBits = 8;
constexpr size_t kMaxNodes = (1U << 24) - 2;  // a node and a byte share 32 bits

}  // namespace

ByteTrie::ByteTrie() : edges_(size_t{1} << kFirstBits), shift_(32 - kFirstBits), values_{-1} {}

void ByteTrie::add(std::string_view key, int32_t value) {
  if (key.empty()) return;
  uint32_t node = 0;
  for (const char c : key) {
    const auto byte = static_cast<unsigned char>(c);
    const uint32_t next = child(node, byte);
    node = next != 0 ? next : add_child(node, byte);
  }
  if (values_[node] < 0) values_[node] = value;
}

uint32_t ByteTrie::add_child(uint32_t node, unsigned char byte) {
  if (values_.size() >= kMaxNodes)
    throw ModelError("tokenizer is too large: vocabulary: over 16 million letters; use a smaller one");
  const auto added = static_cast<uint32_t>(values_.size());
  values_.push_back(-1);
  if (node == 0) {
    roots_[byte] = added;
    return added;
  }
  if (values_.size() * 2 > edges_.size()) grow();
  place({(node << 8 | byte) + 1, added});
  return added;
}

void ByteTrie::place(const Edge& edge) {
  size_t slot = edge.key * kHashFactor >> shift_;
  while (edges_[slot].key != 0) slot = (slot + 1) & (edges_.size() - 1);
  edges_[slot] = edge;
}

void ByteTrie::grow() {
  std::vector<Edge> old(edges_.size() * 2);
  old.swap(edges_);
  --shift_;
  for (const Edge& edge : old) {
    if (edge.key != 0) place(edge);
  }
}

}  // namespace rondo::text
