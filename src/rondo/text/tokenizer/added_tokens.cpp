// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/tokenizer/added_tokens.h"

#include <algorithm>
#include <utility>

#include "rondo/text/unicode/unicode.h"

namespace rondo::text {
namespace {

AddedToken read_token(const Json& fields) {
  AddedToken token{.content = field<std::string>(fields, "content")};
  token.lstrip = field_or(fields, "lstrip", false);
  token.rstrip = field_or(fields, "rstrip", false);
  token.single_word = field_or(fields, "single_word", false);
  token.special = field_or(fields, "special", false);
  token.normalized = field_or(fields, "normalized", !token.special);
  return token;
}

// The start of the character that ends at `pos`.
size_t previous_start(std::string_view text, size_t pos) {
  do --pos;
  while (pos > 0 && (static_cast<unsigned char>(text[pos]) & 0xC0) == 0x80);
  return pos;
}

size_t spaces_before(std::string_view text, size_t begin) {
  while (begin > 0) {
    const size_t start = previous_start(text, begin);
    size_t pos = start;
    if (!is_white_space(next_code_point(text, pos))) break;
    begin = start;
  }
  return begin;
}

size_t spaces_after(std::string_view text, size_t end) {
  while (end < text.size()) {
    size_t pos = end;
    if (!is_white_space(next_code_point(text, pos))) break;
    end = pos;
  }
  return end;
}

}  // namespace

AddedTokens::AddedTokens(const Json& list, const Vocabulary& model_vocabulary, const Normalizer* normalizer) {
  if (!list.is_array()) return;
  auto next_id = static_cast<int32_t>(model_vocabulary.size());
  for (const Json& row : list) {
    AddedToken token = read_token(row);
    if (token.content.empty()) continue;
    if (const AddedToken* const earlier = by_content(token.content)) {
      token.id = earlier->id;
    } else {
      const auto id = model_vocabulary.id(token.content);
      token.id = id ? *id : next_id++;
    }
    token.decoded = token.content;
    if (token.normalized && normalizer != nullptr) {
      AlignedText content(token.content);
      normalizer->apply(content);
      token.decoded = content.view();
    }
    if (token.special) specials_.insert(token.content);
    const auto place = by_id_.try_emplace(token.id, tokens_.size());
    by_content_.insert_or_assign(token.content, place.first->second);
    if (place.second) {
      tokens_.push_back(std::move(token));
    } else {
      tokens_[place.first->second] = std::move(token);
    }
  }
  for (size_t i = 0; i < tokens_.size(); ++i)
    (tokens_[i].normalized ? normalized_ : raw_).add(tokens_[i].decoded, static_cast<int32_t>(i));
}

const AddedToken* AddedTokens::by_id(int32_t id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &tokens_[found->second];
}

const AddedToken* AddedTokens::by_content(std::string_view content) const {
  const auto found = by_content_.find(content);
  return found == by_content_.end() ? nullptr : &tokens_[found->second];
}

bool AddedTokens::is_special(std::string_view content) const { return specials_.contains(content); }

bool AddedTokens::stands_alone(std::string_view text, size_t begin, size_t end) const {
  if (begin > 0) {
    size_t pos = previous_start(text, begin);
    if (is_word(next_code_point(text, pos))) return false;
  }
  if (end < text.size()) {
    size_t pos = end;
    if (is_word(next_code_point(text, pos))) return false;
  }
  return true;
}

void AddedTokens::find(const ByteTrie& trie, std::string_view text, std::vector<Piece>& out) const {
  size_t done = 0;
  for (size_t pos = 0; pos < text.size();) {
    size_t length = 0;
    int32_t index = -1;
    if (trie.can_begin_with(static_cast<unsigned char>(text[pos]))) {
      trie.for_each_prefix(text.substr(pos), [&](size_t size, int32_t value) {
        length = size;
        index = value;
      });
    }
    if (index < 0) {
      ++pos;
      continue;
    }
    const AddedToken& token = tokens_[static_cast<size_t>(index)];
    const size_t match_end = pos + length;
    if (!token.single_word || stands_alone(text, pos, match_end)) {
      const size_t begin = token.lstrip ? std::max(spaces_before(text, pos), done) : pos;
      const size_t end = token.rstrip ? spaces_after(text, match_end) : match_end;
      if (done < begin) out.push_back({static_cast<uint32_t>(done), static_cast<uint32_t>(begin), -1});
      // White space that the token before has taken leaves nothing of this one.
      if (begin < end) {
        out.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(end), token.id});
        done = end;
      }
    }
    pos = match_end;
  }
  if (done < text.size()) out.push_back({static_cast<uint32_t>(done), static_cast<uint32_t>(text.size()), -1});
}

PieceList AddedTokens::cut(std::string text, const Normalizer* normalizer) const {
  const AlignedText original(std::move(text));
  std::vector<Piece> raw;
  find(raw_, original.view(), raw);
  PieceList list;
  std::vector<Piece> parts;
  for (const Piece& piece : raw) {
    const auto base = static_cast<uint32_t>(list.text.size());
    AlignedText part = original.slice(piece.begin, piece.end);
    if (piece.id >= 0) {
      list.text.append(part);
      list.pieces.push_back({base, static_cast<uint32_t>(list.text.size()), piece.id});
      continue;
    }
    if (normalizer != nullptr) normalizer->apply(part);
    parts.clear();
    find(normalized_, part.view(), parts);
    list.text.append(part);
    for (const Piece& p : parts) list.pieces.push_back({base + p.begin, base + p.end, p.id});
  }
  return list;
}

}  // namespace rondo::text
