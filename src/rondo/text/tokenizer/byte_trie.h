// SPDX-License-Identifier: Apache-2.0
// A trie over bytes: which of many strings begin at a place of a text. Edges live in one open-addressing hash table.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace rondo::text {

class ByteTrie {
 public:
  ByteTrie();

  /// A string added twice keeps its first value. The empty string is ignored. value >= 0.
  void add(std::string_view key, int32_t value);

  /// Calls visit(length, value) for every key that begins `text`, shortest first.
  template <typename Visit>
  void for_each_prefix(std::string_view text, Visit&& visit) const {
    uint32_t node = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      node = child(node, static_cast<unsigned char>(text[i]));
      if (node == 0) return;
      if (values_[node] >= 0) visit(i + 1, values_[node]);
    }
  }

  bool can_begin_with(unsigned char byte) const { return roots_[byte] != 0; }
  bool empty() const { return values_.size() == 1; }

 private:
  struct Edge {
    uint32_t key = 0;  // parent << 8 | byte, plus one so that 0 is free
    uint32_t child = 0;
  };

  uint32_t child(uint32_t node, unsigned char byte) const {
    if (node == 0) return roots_[byte];
    const uint32_t key = (node << 8 | byte) + 1;
    for (size_t slot = key * kHashFactor >> shift_;; slot = (slot + 1) & (edges_.size() - 1)) {
      if (edges_[slot].key == key) return edges_[slot].child;
      if (edges_[slot].key == 0) return 0;
    }
  }
  uint32_t add_child(uint32_t node, unsigned char byte);
  void place(const Edge& edge);
  void grow();

  // 2^32 / golden ratio: spreads consecutive keys (Knuth, The Art of Computer Programming, 6.4).
  static constexpr uint32_t kHashFactor = 2654435769U;

  std::array<uint32_t, 256> roots_{};
  std::vector<Edge> edges_;
  uint32_t shift_ = 0;
  std::vector<int32_t> values_;  // per node, -1 = no key ends here
};

}  // namespace rondo::text
