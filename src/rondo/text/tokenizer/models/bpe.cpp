// SPDX-License-Identifier: Apache-2.0
// Byte-pair encoding (arXiv:1508.07909): characters of a piece are merged pair by pair, lowest rank first, leftmost of
// equal ranks first.
#include <array>
#include <queue>
#include <utility>

#include "rondo/text/tokenizer/byte_alphabet.h"
#include "rondo/text/tokenizer/models/merge_table.h"
#include "rondo/text/tokenizer/models/model.h"
#include "rondo/text/tokenizer/piece_cache.h"
#include "rondo/text/unicode/unicode.h"

namespace rondo::text {
namespace {

struct Symbol {
  int32_t id;
  uint32_t begin, end;
  int32_t previous, next;  // neighbours, -1 = none
};

// A possible merge of the symbol at `pos` with its right neighbour.
struct Candidate {
  uint32_t rank;
  int32_t pos;
  int32_t id;
  bool operator>(const Candidate& other) const { return std::tie(rank, pos) > std::tie(other.rank, other.pos); }
};

// Up to this many symbols a scan per merge beats a queue.
constexpr size_t kScanLimit = 24;

struct Options {
  std::string unknown, prefix, suffix;
  bool fuse_unknown, byte_fallback, ignore_merges;
};

class Bpe : public TokenModel {
 public:
  Bpe(Vocabulary vocabulary, MergeTable merges, Options options)
      : vocabulary_(std::move(vocabulary)), merges_(std::move(merges)), options_(std::move(options)) {
    if (!options_.unknown.empty()) unknown_id_ = vocabulary_.id(options_.unknown);
    if (options_.byte_fallback) read_fallback();
  }

  const Vocabulary& vocabulary() const override { return vocabulary_; }

  bool read_bytes() override {
    if (options_.byte_fallback || !is_ascii(options_.prefix) || !is_ascii(options_.suffix)) return false;
    reads_bytes_ = true;
    for (int place = 0; place < 4; ++place) {
      const bool first = (place & 1) != 0, last = (place & 2) != 0;
      for (size_t byte = 0; byte < 256; ++byte) {
        byte_ids_[place][byte] = vocabulary_.id(decorate(byte_characters()[byte], first, last)).value_or(-1);
      }
    }
    return true;
  }

  void tokenize(std::string_view piece, std::vector<ModelToken>& out) const override {
    const bool cached = piece.size() <= PieceCache::kLongestPiece;
    if (cached && cache_.find(piece, out)) return;
    const size_t before = out.size();
    if (!whole_token(piece, out)) merge_symbols(piece, out);
    if (cached) cache_.store(piece, out.data() + before, out.data() + out.size());
  }

 private:
  void read_fallback() {
    constexpr const char* kDigits = "0123456789ABCDEF";
    for (size_t byte = 0; byte < 256; ++byte) {
      const std::string name = std::string("<0x") + kDigits[byte >> 4] + kDigits[byte & 15] + ">";
      fallback_ids_[byte] = vocabulary_.id(name).value_or(-1);
    }
  }

  std::string decorate(std::string_view text, bool first, bool last) const {
    return (first ? "" : options_.prefix) + std::string(text) + (last ? options_.suffix : "");
  }

  bool whole_token(std::string_view piece, std::vector<ModelToken>& out) const {
    if (!options_.ignore_merges) return false;
    std::optional<int32_t> id;
    if (reads_bytes_) {
      std::string characters;
      for (const char byte : piece) characters += byte_characters()[static_cast<unsigned char>(byte)];
      id = vocabulary_.id(characters);
    } else {
      id = vocabulary_.id(piece);
    }
    if (id) out.push_back({*id, {0, static_cast<uint32_t>(piece.size())}});
    return id.has_value();
  }

  // Collects the first symbols of a piece; unknown characters wait so that neighbours can be fused.
  class Starter {
   public:
    Starter(const Bpe& model, std::vector<Symbol>& symbols) : model_(model), symbols_(symbols) {}

    void known(int32_t id, uint32_t length) {
      flush();
      push(id, length);
    }
    void fallback(int32_t id) { push(id, 1); }
    void unknown(uint32_t length) {
      if (!model_.unknown_id_) {
        if (model_.options_.unknown.empty()) return;
        throw ModelError("tokenizer is malformed: unknown token '" + model_.options_.unknown +
                         "' is not in the vocabulary; add it to the vocabulary");
      }
      if (!model_.options_.fuse_unknown) flush();
      waiting_ += length;
    }
    void flush() {
      if (waiting_ > 0) push(*model_.unknown_id_, waiting_);
      waiting_ = 0;
    }

   private:
    void push(int32_t id, uint32_t length) {
      const auto here = static_cast<int32_t>(symbols_.size());
      if (here > 0) symbols_.back().next = here;
      symbols_.push_back({id, pos_, pos_ + length, here - 1, -1});
      pos_ += length;
    }

    const Bpe& model_;
    std::vector<Symbol>& symbols_;
    uint32_t waiting_ = 0;
    uint32_t pos_ = 0;
  };

  void start(std::string_view piece, std::vector<Symbol>& symbols) const {
    Starter starter(*this, symbols);
    for (size_t pos = 0; pos < piece.size();) {
      const size_t length = reads_bytes_ ? 1 : std::min(utf8_length(piece[pos]), piece.size() - pos);
      const bool first = pos == 0, last = pos + length == piece.size();
      start_one(starter, piece.substr(pos, length), first, last);
      pos += length;
    }
    starter.flush();
  }

  void start_one(Starter& starter, std::string_view character, bool first, bool last) const {
    const auto length = static_cast<uint32_t>(character.size());
    if (reads_bytes_) {
      const int32_t id = byte_ids_[(first ? 1 : 0) + (last ? 2 : 0)][static_cast<unsigned char>(character[0])];
      id >= 0 ? starter.known(id, length) : starter.unknown(length);
      return;
    }
    const bool plain = (first || options_.prefix.empty()) && (last ? options_.suffix.empty() : true);
    const std::string text = plain ? std::string() : decorate(character, first, last);
    const std::string_view symbol = plain ? character : std::string_view(text);
    if (const auto id = vocabulary_.id(symbol)) {
      starter.known(*id, length);
    } else if (options_.byte_fallback && has_fallback(symbol)) {
      for (const char byte : symbol) starter.fallback(fallback_ids_[static_cast<unsigned char>(byte)]);
    } else {
      starter.unknown(length);
    }
  }

  bool has_fallback(std::string_view text) const {
    for (const char byte : text) {
      if (fallback_ids_[static_cast<unsigned char>(byte)] < 0) return false;
    }
    return true;
  }

  void merge_symbols(std::string_view piece, std::vector<ModelToken>& out) const {
    std::vector<Symbol> symbols;
    symbols.reserve(piece.size());
    start(piece, symbols);
    if (symbols.empty()) return;
    symbols.size() <= kScanLimit ? merge_by_scan(symbols) : merge_by_queue(symbols);
    for (int32_t i = 0; i >= 0; i = symbols[static_cast<size_t>(i)].next) {
      const Symbol& symbol = symbols[static_cast<size_t>(i)];
      out.push_back({symbol.id, {symbol.begin, symbol.end}});
    }
  }

  static void join(std::vector<Symbol>& symbols, int32_t pos, int32_t id) {
    Symbol& left = symbols[static_cast<size_t>(pos)];
    Symbol& right = symbols[static_cast<size_t>(left.next)];
    left.id = id;
    left.end = right.end;
    left.next = right.next;
    right.id = -1;
    if (left.next >= 0) symbols[static_cast<size_t>(left.next)].previous = pos;
  }

  const Merge* merge_at(const std::vector<Symbol>& symbols, int32_t pos) const {
    const Symbol& left = symbols[static_cast<size_t>(pos)];
    if (left.id < 0 || left.next < 0) return nullptr;
    return merges_.find(left.id, symbols[static_cast<size_t>(left.next)].id);
  }

  void merge_by_scan(std::vector<Symbol>& symbols) const {
    std::array<const Merge*, kScanLimit> merges{};
    for (size_t i = 0; i < symbols.size(); ++i) merges[i] = merge_at(symbols, static_cast<int32_t>(i));
    while (true) {
      int32_t best = -1;
      for (int32_t i = 0; i >= 0; i = symbols[static_cast<size_t>(i)].next) {
        const Merge* const merge = merges[static_cast<size_t>(i)];
        if (merge != nullptr && (best < 0 || merge->rank < merges[static_cast<size_t>(best)]->rank)) best = i;
      }
      if (best < 0) return;
      join(symbols, best, merges[static_cast<size_t>(best)]->id);
      merges[static_cast<size_t>(best)] = merge_at(symbols, best);
      const int32_t before = symbols[static_cast<size_t>(best)].previous;
      if (before >= 0) merges[static_cast<size_t>(before)] = merge_at(symbols, before);
    }
  }

  void merge_by_queue(std::vector<Symbol>& symbols) const {
    std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
    const auto offer = [&](int32_t pos) {
      if (pos < 0) return;
      if (const Merge* merge = merge_at(symbols, pos)) queue.push({merge->rank, pos, merge->id});
    };
    for (size_t i = 0; i < symbols.size(); ++i) offer(static_cast<int32_t>(i));
    while (!queue.empty()) {
      const Candidate best = queue.top();
      queue.pop();
      // The symbols may have changed since the candidate was queued.
      const Merge* const merge = merge_at(symbols, best.pos);
      if (merge == nullptr || merge->id != best.id) continue;
      join(symbols, best.pos, best.id);
      offer(symbols[static_cast<size_t>(best.pos)].previous);
      offer(best.pos);
    }
  }

  Vocabulary vocabulary_;
  MergeTable merges_;
  Options options_;
  std::optional<int32_t> unknown_id_;
  bool reads_bytes_ = false;
  std::array<std::array<int32_t, 256>, 4> byte_ids_{};  // by (first, last) of the piece
  std::array<int32_t, 256> fallback_ids_{};
  mutable PieceCache cache_;
};

// A merge is "a b" in old files, ["a", "b"] in new ones.
std::pair<std::string, std::string> read_merge(const Json& merge, size_t rank) {
  const std::string where = "tokenizer is malformed: merges: row " + std::to_string(rank);
  if (merge.is_array() && merge.size() == 2) return {merge[0].get<std::string>(), merge[1].get<std::string>()};
  if (!merge.is_string()) throw ModelError(where + ": not a pair; is the file damaged?");
  const auto& text = merge.get_ref<const std::string&>();
  const size_t space = text.find(' ');
  if (space == std::string::npos || text.find(' ', space + 1) != std::string::npos) {
    throw ModelError(where + ": '" + text + "' is not two strings with a space between; is the file damaged?");
  }
  return {text.substr(0, space), text.substr(space + 1)};
}

MergeTable read_merges(const Json& list, const Vocabulary& vocabulary, const std::string& prefix) {
  MergeTable table(list.size());
  const auto id_of = [&vocabulary](const std::string& token) {
    const auto id = vocabulary.id(token);
    if (!id)
      throw ModelError("tokenizer is malformed: merges: '" + token +
                       "' is not in the vocabulary; do merges.txt and vocab belong together?");
    return *id;
  };
  uint32_t rank = 0;
  for (const Json& row : list) {
    // The first line of a merges.txt may have been taken along.
    if (row.is_string() && row.get_ref<const std::string&>().starts_with("#version")) continue;
    const auto [left, right] = read_merge(row, rank);
    const std::string merged = left + (right.size() >= prefix.size() ? right.substr(prefix.size()) : "");
    table.add(id_of(left), id_of(right), rank++, id_of(merged));
  }
  return table;
}

}  // namespace

std::unique_ptr<TokenModel> make_bpe(const Json& fields, int) {
  if (field_or(fields, "dropout", 0.0) > 0)
    throw ModelError("tokenizer skips merges at random: BPE dropout " + fields.at("dropout").dump() +
                     ": the same text would get other tokens each time; set \"dropout\" to null in tokenizer.json");
  Options options{.unknown = field_or<std::string>(fields, "unk_token", ""),
                  .prefix = field_or<std::string>(fields, "continuing_subword_prefix", ""),
                  .suffix = field_or<std::string>(fields, "end_of_word_suffix", ""),
                  .fuse_unknown = field_or(fields, "fuse_unk", false),
                  .byte_fallback = field_or(fields, "byte_fallback", false),
                  .ignore_merges = field_or(fields, "ignore_merges", false)};
  const auto vocab = fields.find("vocab");
  const auto merges = fields.find("merges");
  if (vocab == fields.end() || merges == fields.end())
    throw ModelError("tokenizer is malformed: BPE without vocab or merges; is the file cut?");
  Vocabulary vocabulary(*vocab);
  MergeTable table = read_merges(*merges, vocabulary, options.prefix);
  return std::make_unique<Bpe>(std::move(vocabulary), std::move(table), std::move(options));
}

}  // namespace rondo::text
