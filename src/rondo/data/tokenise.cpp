// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/tokenise.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "rondo/base/error.h"
#include "rondo/data/same_tokens.h"
#include "rondo/data/tokenise_pairs.h"

namespace rondo::data {
namespace {

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
  // A pooled span that was cut away entirely ends where the cut was, or is the first token where nothing is in front.
  r.pool_end = std::max<int64_t>(1, r.pool_end);
  r.pool_begin = std::min(r.pool_begin, r.pool_end - 1);
}

// Leading tokens of a sequence that belong to its prompt, and those of them that a cut leaves in front.
struct PromptEnd {
  int64_t bos = 0;
  int64_t prompt = 0;
};

// Two lists of one group: its responses, and where the prompt of each ends.
struct Cut {
  TokenGroup& group;
  const std::vector<PromptEnd>& prompt_ends;
};

void drop(const Cut& cut, int64_t max_length, Overlong& overlong) {
  std::vector<int64_t> kept;
  for (size_t r = 0; r < cut.group.responses.size(); ++r) {
    if (std::ssize(cut.group.responses[r].ids) <= max_length) kept.push_back(static_cast<int64_t>(r));
  }
  overlong.dropped = std::ssize(cut.group.responses) - std::ssize(kept);
  keep_responses(cut.group, kept);
}

// Each response by its own length: what another one of the group is cut to is no business of it.
void truncate(const Cut& cut, const TokenOptions& options, const std::string& place, Overlong& overlong) {
  const bool left = options.overlong == "truncate-left";
  for (size_t r = 0; r < cut.group.responses.size(); ++r) {
    TokenResponse& response = cut.group.responses[r];
    const int64_t excess = std::ssize(response.ids) - options.max_length;
    if (excess <= 0) continue;
    // BOS stays in front, where there is one; a prompt is cut behind it, a response at the end of its own text.
    const int64_t text_end = left ? cut.prompt_ends[r].prompt : static_cast<int64_t>(response.ids.size()) - 1;
    const int64_t begin = left ? cut.prompt_ends[r].bos : text_end - excess;
    if (begin + excess > text_end || (!left && begin <= response.response_begin)) {
      throw DataError(
          fmt::format("a sequence cannot be truncated to {} tokens: {}: the {} is shorter than the cut; choose the "
                      "other side or `overlong` drop",
                      options.max_length, place, left ? "prompt" : "response"));
    }
    erase_tokens(response, begin, excess);
    ++overlong.truncated;
  }
}

Overlong apply_overlong(const Cut& cut, const TokenOptions& options, const std::string& place) {
  Overlong overlong;
  int64_t longest = 0;
  for (const TokenResponse& r : cut.group.responses) {
    longest = std::max(longest, static_cast<int64_t>(r.ids.size()));
    overlong.responses += static_cast<int64_t>(r.ids.size()) > options.max_length;
  }
  if (overlong.responses == 0) return overlong;
  if (options.overlong == "error") {
    throw DataError(
        fmt::format("a sequence is too long: {}: {} tokens, the model takes {}; choose `overlong` drop, "
                    "truncate-left or truncate-right, or a larger `max_length`",
                    place, longest, options.max_length));
  }
  if (options.overlong == "drop") {
    drop(cut, options.max_length, overlong);
  } else {
    truncate(cut, options, place, overlong);
  }
  return overlong;
}

}  // namespace

void keep_responses(TokenGroup& group, const std::vector<int64_t>& kept) {
  std::vector<int64_t> new_place(group.responses.size(), -1);
  std::vector<TokenResponse> responses;
  for (const int64_t old : kept) {
    new_place[static_cast<size_t>(old)] = std::ssize(responses);
    responses.push_back(std::move(group.responses[static_cast<size_t>(old)]));
  }
  group.responses = std::move(responses);
  for (int64_t& place : group.places) place = place < 0 ? place : new_place[static_cast<size_t>(place)];
}

std::optional<int32_t> unknown_token(const text::Tokenizer& tokenizer) {
  for (const char* name : {"<unk>", "[UNK]"}) {
    if (const auto id = tokenizer.token_id(name)) return id;
  }
  return std::nullopt;
}

void count_tokens(const TokenGroup& group, const Overlong& overlong, const std::optional<int32_t>& unknown,
                  TokenReport& report) {
  report.is_pairwise = group.is_pairwise;
  ++report.groups;
  report.responses += static_cast<int64_t>(group.responses.size());
  report.comparisons += static_cast<int64_t>(group.comparisons.size());
  for (int64_t k = 0; k < group.sequence_count(); ++k) {
    const TokenResponse& r = group.sequence(k);
    const auto length = static_cast<int64_t>(r.ids.size());
    ++report.sequences;
    report.tokens += length;
    report.longest = std::max(report.longest, length);
    if (unknown) report.unknown_tokens += std::count(r.ids.begin(), r.ids.end(), *unknown);
  }
  const int64_t kept = std::ranges::count_if(group.places, [](int64_t place) { return place >= 0; });
  report.same_tokens += kept - std::ssize(group.responses);
  report.undecided += std::ssize(group.undecided);
  report.overlong += overlong.responses;
  report.truncated += overlong.truncated;
  report.dropped += overlong.dropped;
}

void skip_padding(TokenResponse& response, const text::TextPolicy& policy) {
  if (policy.pooling != text::kBeforePadding) return;
  int64_t last = std::ssize(response.ids) - 1;
  const auto is_padding = [&](int64_t pos) { return response.ids[static_cast<size_t>(pos)] == policy.pad_id; };
  while (last > 0 && is_padding(last)) --last;
  // transformers takes the largest index among those that are no padding, and 0 where there is none.
  response.pool_begin = last;
  response.pool_end = last + 1;
}

TokenResponse token_response(const text::EncodedResponse& encoded, const text::TextPolicy& policy) {
  const std::string& pooling = policy.pooling;
  TokenResponse r{.ids = encoded.ids, .type_ids = encoded.type_ids, .response_begin = encoded.response_begin};
  const auto end = static_cast<int64_t>(r.ids.size());
  if (end == 0) throw DataError("a response and its prompt have no tokens at all; add text, or an EOS by `eos` ensure");
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
  skip_padding(r, policy);
  return r;
}

namespace {

// The gate's prompt under a length limit: the tokens in front that a cut leaves, and its end.
void cut_gate(int64_t bos_tokens, int64_t max_length, std::vector<int32_t>& ids) {
  const int64_t excess = std::ssize(ids) - max_length, begin = std::min(bos_tokens, max_length);
  if (excess > 0) ids.erase(ids.begin() + begin, ids.begin() + begin + excess);
}

// The tokens of the responses; those of the gate's prompt go to the group.
std::vector<text::EncodedResponse> encode(const Group& source, const text::TextEncoder& encoder,
                                          const TokenOptions& options, const std::string& place, TokenGroup& group) {
  try {
    std::vector<text::EncodedResponse> encoded = encoder.encode_all(source.prompt, source.responses);
    if (options.needs_gate) group.gate_ids = encoder.encode_gate(source.prompt, encoded);
    if (!encoded.empty()) cut_gate(encoded.front().bos_tokens, options.max_length, group.gate_ids);
    return encoded;
  } catch (const DataError& error) {
    throw DataError(place + ": " + error.what());
  }
}

void add_responses(const Group& source, const text::TextEncoder& encoder, const TokenOptions& options,
                   const std::string& place, TokenGroup& group, Overlong& overlong) {
  const std::vector<text::EncodedResponse> encoded = encode(source, encoder, options, place, group);
  std::vector<PromptEnd> prompt_ends;
  for (const text::EncodedResponse& response : encoded) {
    group.responses.push_back(token_response(response, encoder.policy()));
    group.responses.back().text_length = code_points(source.responses[prompt_ends.size()].content);
    prompt_ends.push_back({.bos = response.bos_tokens, .prompt = response.prompt_tokens});
  }
  overlong = apply_overlong({group, prompt_ends}, options, place);
  if (overlong.truncated == 0) return;
  for (TokenResponse& response : group.responses) skip_padding(response, encoder.policy());
}

}  // namespace

TokenGroup token_group(const Group& source, const text::TextEncoder& encoder, const TokenOptions& options,
                       const std::string& place, Overlong& overlong) {
  TokenGroup group;
  group.places.resize(source.responses.size());
  std::iota(group.places.begin(), group.places.end(), int64_t{0});
  overlong = {};
  if (encoder.policy().pairwise != "none") {
    for (const Message& response : source.responses)
      group.responses.push_back({.text_length = code_points(response.content)});
    add_pairs(source, encoder, options, place, group, overlong);
  } else {
    add_responses(source, encoder, options, place, group, overlong);
  }
  merge_same_tokens(group);
  take_comparisons(source.comparisons, group);
  return group;
}

}  // namespace rondo::data
