// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/token_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "rondo/base/error.h"

namespace rondo::data {
namespace {

int64_t bytes_of(const TokenGroup& group) {
  auto bytes = static_cast<int64_t>(group.comparisons.size() * sizeof(Comparison));
  for (const TokenResponse& r : group.responses)
    bytes += static_cast<int64_t>(sizeof(r) + (r.ids.size() + r.type_ids.size()) * sizeof(int32_t));
  return bytes;
}

// Every byte but a continuation byte begins a code point.
int32_t code_points(const std::string& text) {
  return static_cast<int32_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

void erase_tokens(TokenResponse& r, int64_t begin, int64_t count) {
  r.ids.erase(r.ids.begin() + begin, r.ids.begin() + begin + count);
  if (!r.type_ids.empty()) r.type_ids.erase(r.type_ids.begin() + begin, r.type_ids.begin() + begin + count);
  for (int64_t* position : {&r.pool_begin, &r.pool_end, &r.response_begin}) {
    if (*position > begin) *position = std::max(begin, *position - count);
  }
  // A pooled span that was cut away entirely ends where the cut was.
  if (r.pool_begin >= r.pool_end) r.pool_begin = std::max<int64_t>(0, r.pool_end - 1);
}

// The names that published vocabularies give it.
std::optional<int32_t> unknown_token(const text::Tokenizer& tokenizer) {
  for (const char* name : {"<unk>", "[UNK]"}) {
    if (const auto id = tokenizer.token_id(name)) return id;
  }
  return std::nullopt;
}

int64_t repeated_sequences(const TokenGroup& group) {
  std::set<std::vector<int32_t>> distinct;
  for (const TokenResponse& r : group.responses) distinct.insert(r.ids);
  return static_cast<int64_t>(group.responses.size() - distinct.size());
}

// Keeps the responses listed in `kept`, renumbering the comparisons among them.
void keep_responses(TokenGroup& group, const std::vector<int64_t>& kept) {
  std::vector<int32_t> place(group.responses.size(), -1);
  std::vector<TokenResponse> responses;
  for (const int64_t old : kept) {
    place[static_cast<size_t>(old)] = static_cast<int32_t>(responses.size());
    responses.push_back(std::move(group.responses[static_cast<size_t>(old)]));
  }
  group.responses = std::move(responses);
  std::erase_if(group.comparisons, [&](const Comparison& c) {
    return place[static_cast<size_t>(c.i)] < 0 || place[static_cast<size_t>(c.j)] < 0;
  });
  for (Comparison& c : group.comparisons) {
    c.i = place[static_cast<size_t>(c.i)];
    c.j = place[static_cast<size_t>(c.j)];
  }
}

}  // namespace

TokenResponse token_response(const text::EncodedResponse& encoded, const std::string& pooling) {
  TokenResponse r{.ids = encoded.ids, .type_ids = encoded.type_ids, .response_begin = encoded.response_begin};
  const auto end = static_cast<int64_t>(r.ids.size());
  if (end == 0) throw DataError("a response and its prompt have no tokens at all; add text, or an EOS by --eos ensure");
  r.pool_end = end;
  r.pool_begin = end - 1;
  if (pooling == "response_end" && encoded.response_end > 0) {
    r.pool_end = encoded.response_end;
    r.pool_begin = encoded.response_end - 1;
  } else if (pooling == "mean" && !encoded.type_ids.empty()) {
    r.pool_begin = 0;
  } else if (pooling == "mean" && encoded.response_end > encoded.response_begin) {
    r.pool_begin = encoded.response_begin;
    r.pool_end = encoded.response_end;
  } else if (pooling == "first") {
    r.pool_begin = 0;
    r.pool_end = 1;
  }
  return r;
}

TokenStore::TokenStore(GroupStore store, const text::TextEncoder& encoder, const TokenOptions& options,
                       const ProgressSink& progress)
    : store_(std::move(store)), encoder_(encoder), options_(options) {
  counts_.resize(static_cast<size_t>(store_.size()));
  const std::optional<int32_t> unknown = unknown_token(encoder.tokenizer());
  for (int64_t index = 0; index < store_.size(); ++index) {
    const auto group = get(index);
    counts_[static_cast<size_t>(index)] = static_cast<int64_t>(group->responses.size());
    ++report_.groups;
    for (const TokenResponse& r : group->responses) {
      const auto length = static_cast<int64_t>(r.ids.size());
      ++report_.responses;
      report_.tokens += length;
      report_.longest = std::max(report_.longest, length);
      if (unknown) report_.unknown_tokens += std::count(r.ids.begin(), r.ids.end(), *unknown);
    }
    report_.same_tokens += repeated_sequences(*group);
    progress(index + 1, store_.size(), "tokenising");
  }
}

std::shared_ptr<const TokenGroup> TokenStore::get(int64_t index) {
  const auto found = cache_.find(index);
  if (found != cache_.end()) {
    recent_.splice(recent_.begin(), recent_, found->second.place);
    return found->second.group;
  }
  auto group = std::make_shared<const TokenGroup>(tokenise(index));
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

const std::vector<int64_t>* TokenStore::kept_responses(int64_t group) const {
  const auto found = kept_.find(group);
  return found == kept_.end() ? nullptr : &found->second;
}

TokenGroup TokenStore::tokenise(int64_t index) {
  const Group source = store_.group(index);
  TokenGroup group;
  group.comparisons = source.comparisons;
  std::sort(group.comparisons.begin(), group.comparisons.end(),
            [](const Comparison& a, const Comparison& b) { return std::pair(a.i, a.j) < std::pair(b.i, b.j); });
  std::vector<PromptEnd> prompt_ends;
  for (const text::EncodedResponse& encoded : encoder_.encode_all(source.prompt, source.responses)) {
    group.responses.push_back(token_response(encoded, encoder_.policy().pooling));
    const std::string& content = source.responses[prompt_ends.size()].content;
    group.responses.back().text_length = code_points(content);
    prompt_ends.push_back({.prompt = encoded.prompt_tokens, .gate = encoded.gate_tokens});
  }
  apply_overlong(index, group, prompt_ends);
  const auto by_gate = [](const PromptEnd& a, const PromptEnd& b) { return a.gate < b.gate; };
  group.gate_pos =
      prompt_ends.empty() ? -1 : std::min_element(prompt_ends.begin(), prompt_ends.end(), by_gate)->gate - 1;
  return group;
}

void TokenStore::apply_overlong(int64_t index, TokenGroup& group, std::vector<PromptEnd>& prompt_ends) {
  int64_t longest = 0, overlong = 0;
  for (const TokenResponse& r : group.responses) {
    longest = std::max(longest, static_cast<int64_t>(r.ids.size()));
    overlong += static_cast<int64_t>(r.ids.size()) > options_.max_length;
  }
  if (overlong == 0) return;
  // The first pass over the store counts; later reads of an evicted group repeat the same work.
  const bool counting = report_.groups == index;
  if (counting) report_.overlong += overlong;
  const std::string place = fmt::format("group {} ({})", index + 1, store_.info(index).source);
  if (options_.overlong == "error") {
    throw DataError(
        fmt::format("a sequence is too long: {}: {} tokens, the model takes {}; choose --overlong drop, "
                    "truncate-left or truncate-right, or a larger --max-length",
                    place, longest, options_.max_length));
  }
  if (options_.overlong == "drop") {
    std::vector<int64_t> kept;
    std::vector<PromptEnd> kept_ends;
    for (size_t r = 0; r < group.responses.size(); ++r) {
      if (static_cast<int64_t>(group.responses[r].ids.size()) > options_.max_length) continue;
      kept.push_back(static_cast<int64_t>(r));
      kept_ends.push_back(prompt_ends[r]);
    }
    keep_responses(group, kept);
    prompt_ends = std::move(kept_ends);
    kept_[index] = std::move(kept);
    if (counting) report_.dropped += overlong;
    return;
  }
  const bool left = options_.overlong == "truncate-left";
  for (size_t r = 0; r < group.responses.size(); ++r) {
    TokenResponse& response = group.responses[r];
    const int64_t excess = (left ? longest : static_cast<int64_t>(response.ids.size())) - options_.max_length;
    if (excess <= 0) continue;
    // BOS stays in front; a prompt is cut behind it, a response at the end of its own text.
    const int64_t text_end = left ? prompt_ends[r].prompt : static_cast<int64_t>(response.ids.size()) - 1;
    const int64_t begin = left ? 1 : text_end - excess;
    if (begin + excess > text_end || (!left && begin <= response.response_begin)) {
      throw DataError(
          fmt::format("a sequence cannot be truncated to {} tokens: {}: the {} is shorter than the cut; choose the "
                      "other side or --overlong drop",
                      options_.max_length, place, left ? "prompt" : "response"));
    }
    erase_tokens(response, begin, excess);
    if (left) {
      prompt_ends[r].prompt -= excess;
      // A gate inside of what was cut reads the token in front of the cut.
      prompt_ends[r].gate = std::max(begin, prompt_ends[r].gate - excess);
    }
    if (counting) ++report_.truncated;
  }
}

}  // namespace rondo::data
