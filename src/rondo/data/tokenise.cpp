// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/tokenise.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "rondo/base/error.h"
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
  // A pooled span that was cut away entirely ends where the cut was.
  if (r.pool_begin >= r.pool_end) r.pool_begin = std::max<int64_t>(0, r.pool_end - 1);
}

int64_t repeated_sequences(const TokenGroup& group) {
  std::set<std::vector<int32_t>> distinct;
  for (int64_t k = 0; k < group.sequence_count(); ++k) distinct.insert(group.sequence(k).ids);
  return group.sequence_count() - static_cast<int64_t>(distinct.size());
}

// Leading tokens of a sequence that belong to its prompt, and those that the gate has read.
struct PromptEnd {
  int64_t prompt = 0;
  int64_t gate = 0;
};

// Two lists of one group: its responses, and where the prompt of each ends.
struct Cut {
  TokenGroup& group;
  std::vector<PromptEnd>& prompt_ends;
};

void drop(const Cut& cut, int64_t max_length, Overlong& overlong) {
  std::vector<int64_t> kept;
  std::vector<PromptEnd> kept_ends;
  for (size_t r = 0; r < cut.group.responses.size(); ++r) {
    if (static_cast<int64_t>(cut.group.responses[r].ids.size()) > max_length) continue;
    kept.push_back(static_cast<int64_t>(r));
    kept_ends.push_back(cut.prompt_ends[r]);
  }
  keep_responses(cut.group, kept);
  overlong.dropped = static_cast<int64_t>(cut.prompt_ends.size() - kept_ends.size());
  cut.prompt_ends = std::move(kept_ends);
  overlong.kept = std::move(kept);
}

void truncate(const Cut& cut, const TokenOptions& options, int64_t longest, const std::string& place,
              Overlong& overlong) {
  const bool left = options.overlong == "truncate-left";
  for (size_t r = 0; r < cut.group.responses.size(); ++r) {
    TokenResponse& response = cut.group.responses[r];
    const int64_t excess = (left ? longest : static_cast<int64_t>(response.ids.size())) - options.max_length;
    if (excess <= 0) continue;
    // BOS stays in front; a prompt is cut behind it, a response at the end of its own text.
    const int64_t text_end = left ? cut.prompt_ends[r].prompt : static_cast<int64_t>(response.ids.size()) - 1;
    const int64_t begin = left ? 1 : text_end - excess;
    if (begin + excess > text_end || (!left && begin <= response.response_begin)) {
      throw DataError(
          fmt::format("a sequence cannot be truncated to {} tokens: {}: the {} is shorter than the cut; choose the "
                      "other side or `overlong` drop",
                      options.max_length, place, left ? "prompt" : "response"));
    }
    erase_tokens(response, begin, excess);
    if (left) {
      cut.prompt_ends[r].prompt -= excess;
      // A gate inside of what was cut reads the token in front of the cut.
      cut.prompt_ends[r].gate = std::max(begin, cut.prompt_ends[r].gate - excess);
    }
    ++overlong.truncated;
  }
}

std::vector<text::EncodedResponse> encode_all(const Group& source, const text::TextEncoder& encoder,
                                              const std::string& place) {
  try {
    return encoder.encode_all(source.prompt, source.responses);
  } catch (const DataError& error) {
    throw DataError(place + ": " + error.what());
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
    truncate(cut, options, longest, place, overlong);
  }
  return overlong;
}

}  // namespace

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
  report.same_tokens += repeated_sequences(group);
  report.overlong += overlong.responses;
  report.truncated += overlong.truncated;
  if (overlong.kept) report.dropped += overlong.dropped;
}

TokenResponse token_response(const text::EncodedResponse& encoded, const std::string& pooling) {
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
  return r;
}

TokenGroup token_group(const Group& source, const text::TextEncoder& encoder, const TokenOptions& options,
                       const std::string& place, Overlong& overlong) {
  TokenGroup group;
  group.comparisons = source.comparisons;
  std::sort(group.comparisons.begin(), group.comparisons.end(),
            [](const Comparison& a, const Comparison& b) { return std::pair(a.i, a.j) < std::pair(b.i, b.j); });
  if (encoder.policy().pairwise != "none") {
    for (const Message& response : source.responses)
      group.responses.push_back({.text_length = code_points(response.content)});
    overlong = {};
    add_pairs(source, encoder, options, place, group, overlong);
    return group;
  }
  std::vector<PromptEnd> prompt_ends;
  for (const text::EncodedResponse& encoded : encode_all(source, encoder, place)) {
    group.responses.push_back(token_response(encoded, encoder.policy().pooling));
    const std::string& content = source.responses[prompt_ends.size()].content;
    group.responses.back().text_length = code_points(content);
    prompt_ends.push_back({.prompt = encoded.prompt_tokens, .gate = encoded.gate_tokens});
  }
  overlong = apply_overlong({group, prompt_ends}, options, place);
  const auto by_gate = [](const PromptEnd& a, const PromptEnd& b) { return a.gate < b.gate; };
  group.gate_pos =
      prompt_ends.empty() ? -1 : std::min_element(prompt_ends.begin(), prompt_ends.end(), by_gate)->gate - 1;
  return group;
}

}  // namespace rondo::data
