// SPDX-License-Identifier: Apache-2.0
// Unigram language model (arXiv:1804.10959): the segmentation with the largest sum of log-probabilities, by Viterbi.
#include <algorithm>
#include <limits>
#include <utility>

#include "rondo/text/tokenizer/byte_trie.h"
#include "rondo/text/tokenizer/models/model.h"
#include "rondo/text/tokenizer/piece_cache.h"
#include "rondo/text/unicode/unicode.h"

namespace rondo::text {
namespace {

// How much worse than the worst token an unknown character is, in log units (sentencepiece).
constexpr double kUnknownPenalty = 10.0;

class Unigram : public TokenModel {
 public:
  Unigram(const Json& list, std::optional<int32_t> unknown_id, bool byte_fallback)
      : unknown_id_(unknown_id), byte_fallback_(byte_fallback) {
    double lowest = std::numeric_limits<double>::infinity();
    for (const Json& row : list) {
      if (!row.is_array() || row.size() != 2)
        throw ModelError("tokenizer is malformed: vocab: a row is not [token, score]; is the file damaged?");
      const auto token = row[0].get<std::string>();
      const auto id = static_cast<int32_t>(scores_.size());
      scores_.push_back(row[1].get<double>());
      lowest = std::min(lowest, scores_.back());
      vocabulary_.add(token, id);
    }
    // Of equal tokens the last one counts.
    for (const auto& [token, id] : vocabulary_.ids()) trie_.add(token, id);
    if (unknown_id_ && static_cast<size_t>(*unknown_id_) >= scores_.size()) {
      throw ModelError("tokenizer is malformed: unk_id " + std::to_string(*unknown_id_) +
                       " is outside the vocabulary of " + std::to_string(scores_.size()) + "; is the file damaged?");
    }
    unknown_score_ = lowest - kUnknownPenalty;
  }

  const Vocabulary& vocabulary() const override { return vocabulary_; }

  void tokenize(std::string_view piece, std::vector<ModelToken>& out) const override {
    const bool cached = piece.size() <= PieceCache::kLongestPiece;
    if (cached && cache_.find(piece, out)) return;
    const size_t before = out.size();
    const std::vector<Node> nodes = best_paths(piece);
    for (const TextSpan& span : segments(nodes)) write(piece, span, out);
    if (cached) cache_.store(piece, out.data() + before, out.data() + out.size());
  }

 private:
  // The best way to reach a byte position.
  struct Node {
    int32_t begin = -1;  // of the last segment; -1 = not reached
    int32_t id = -1;     // of the last segment; kUnknown = a character outside the vocabulary
    double score = 0;
  };
  static constexpr int32_t kUnknown = -2;

  std::vector<Node> best_paths(std::string_view piece) const {
    std::vector<Node> nodes(piece.size() + 1);
    for (size_t begin = 0; begin < piece.size();) {
      const size_t length = std::min(utf8_length(piece[begin]), piece.size() - begin);
      const double base = nodes[begin].score;
      bool has_character = false;
      const auto offer = [&](size_t end, int32_t id, double score) {
        Node& node = nodes[end];
        if (node.begin >= 0 && score <= node.score) return;
        if (id == kUnknown && !unknown_id_) {
          throw ModelError("tokenizer cannot encode '" + std::string(piece.substr(begin, length)) +
                           "': it is not in the vocabulary and unk_id is not set; set unk_id");
        }
        node = {static_cast<int32_t>(begin), id, score};
      };
      trie_.for_each_prefix(piece.substr(begin), [&](size_t size, int32_t id) {
        offer(begin + size, id, scores_[static_cast<size_t>(id)] + base);
        has_character = has_character || size == length;
      });
      if (!has_character) offer(begin + length, kUnknown, unknown_score_ + base);
      begin += length;
    }
    return nodes;
  }

  // Neighbouring unknowns are one segment.
  std::vector<TextSpan> segments(const std::vector<Node>& nodes) const {
    std::vector<TextSpan> result;
    bool after_unknown = false;
    for (size_t end = nodes.size() - 1; end > 0;) {
      const Node& node = nodes[end];
      const bool unknown = node.id == kUnknown || (unknown_id_ && node.id == *unknown_id_);
      if (unknown && after_unknown) {
        result.back().begin = static_cast<uint32_t>(node.begin);
      } else {
        result.push_back({static_cast<uint32_t>(node.begin), static_cast<uint32_t>(end)});
      }
      after_unknown = unknown;
      end = static_cast<size_t>(node.begin);
    }
    std::reverse(result.begin(), result.end());
    return result;
  }

  void write(std::string_view piece, const TextSpan& span, std::vector<ModelToken>& out) const {
    const std::string_view text = piece.substr(span.begin, span.end - span.begin);
    if (const auto id = vocabulary_.id(text)) {
      out.push_back({*id, span});
    } else if (!byte_fallback_ || !write_bytes(text, span, out)) {
      out.push_back({unknown_id_.value_or(0), span});
    }
  }

  bool write_bytes(std::string_view text, const TextSpan& span, std::vector<ModelToken>& out) const {
    constexpr const char* kDigits = "0123456789ABCDEF";
    std::vector<ModelToken> tokens;
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      const auto id = vocabulary_.id(std::string("<0x") + kDigits[byte >> 4] + kDigits[byte & 15] + ">");
      if (!id) return false;
      tokens.push_back({*id, span});
    }
    out.insert(out.end(), tokens.begin(), tokens.end());
    return true;
  }

  Vocabulary vocabulary_;
  std::vector<double> scores_;
  ByteTrie trie_;
  std::optional<int32_t> unknown_id_;
  bool byte_fallback_;
  double unknown_score_ = 0;
  mutable PieceCache cache_;
};

}  // namespace

std::unique_ptr<TokenModel> make_unigram(const Json& fields, int) {
  std::optional<int32_t> unknown_id;
  const auto id = field_or<int64_t>(fields, "unk_id", -1);
  if (id >= 0) unknown_id = static_cast<int32_t>(std::min<int64_t>(id, std::numeric_limits<int32_t>::max()));
  return std::make_unique<Unigram>(field<Json>(fields, "vocab"), unknown_id, field_or(fields, "byte_fallback", false));
}

}  // namespace rondo::text
