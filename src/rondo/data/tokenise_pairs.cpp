// SPDX-License-Identifier: Apache-2.0
// A group in the tokens of a pairwise model; the header is data/tokenise.h.
#include "rondo/data/tokenise_pairs.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "rondo/base/error.h"

namespace rondo::data {
namespace {

// One group at a time is in memory, with all its pairs.
constexpr int64_t kMostPairs = int64_t{1} << 20;

int64_t length_of(const text::EncodedPair& pair) { return static_cast<int64_t>(pair.ids.size()); }

std::vector<text::ResponsePair> wanted_pairs(const Group& source, PairsWanted wanted, const std::string& place) {
  const auto count = static_cast<int32_t>(source.responses.size());
  // Lists of responses of which every two are compared: all of the group, or those of a row.
  std::vector<std::vector<int32_t>> lists;
  for (const SourceRow& row : source.rows) {
    if (wanted == PairsWanted::kInRows) lists.push_back(row.responses);
  }
  if (wanted != PairsWanted::kLabelled && lists.empty()) {
    lists.emplace_back(source.responses.size());
    std::iota(lists.back().begin(), lists.back().end(), 0);
  }
  int64_t most = 0;
  for (const std::vector<int32_t>& list : lists) most += std::ssize(list) * (std::ssize(list) - 1);
  if (lists.empty()) most = 2 * std::ssize(source.comparisons);
  std::set<std::pair<int32_t, int32_t>> pairs;
  if (most > kMostPairs) {
    throw DataError(fmt::format(
        "too many pairs: {}: {} responses with {} ordered pairs, and a pairwise model reads each of them (at most {}); "
        "cut the group, or use a head that reads responses alone (gpm, hrc, bt)",
        place, count, most, kMostPairs));
  }
  for (const Comparison& c : source.comparisons) pairs.insert({{c.i, c.j}, {c.j, c.i}});
  for (const std::vector<int32_t>& list : lists) {
    for (const int32_t i : list)
      for (const int32_t j : list) pairs.insert({i, j});
  }
  std::erase_if(pairs, [](const auto& pair) { return pair.first == pair.second; });
  std::vector<text::ResponsePair> list;
  for (const auto& [i, j] : pairs) list.push_back({i, j});
  return list;
}

TokenResponse sequence_of(text::EncodedPair&& encoded, const text::TextPolicy& policy) {
  const std::string& pooling = policy.pooling;
  TokenResponse r{.ids = std::move(encoded.ids), .marks = std::move(encoded.marks)};
  r.pool_end = static_cast<int64_t>(r.ids.size());
  r.pool_begin = r.pool_end - 1;
  if (pooling == "first") r.pool_end = 1;
  if (pooling == "first" || pooling == "mean") r.pool_begin = 0;
  skip_padding(r, policy);
  return r;
}

void cut_left(text::EncodedPair& pair, int64_t excess) {
  pair.ids.erase(pair.ids.begin() + pair.cut_begin, pair.ids.begin() + pair.cut_begin + excess);
  pair.cut_end -= excess;
  for (int64_t& mark : pair.marks) mark -= mark > pair.cut_begin ? excess : 0;
}

std::vector<text::EncodedPair> encode_pairs(const Group& source, const text::TextEncoder& encoder,
                                            const std::vector<text::ResponsePair>& pairs, const std::string& place) {
  try {
    return encoder.encode_pairs(source.prompt, source.responses, pairs);
  } catch (const DataError& error) {
    throw DataError(place + ": " + error.what());
  }
}

[[noreturn]] void fail_too_long(const std::string& place, int64_t longest, const TokenOptions& options) {
  throw DataError(
      fmt::format("a sequence is too long: {}: {} tokens hold the prompt and two responses, the model takes {}; choose "
                  "`overlong` drop or truncate-left, or a larger `max_length`",
                  place, longest, options.max_length));
}

void truncate(const std::vector<text::ResponsePair>& pairs, std::vector<text::EncodedPair>& encoded,
              const TokenOptions& options, const std::string& place, Overlong& overlong) {
  if (options.overlong == "truncate-right") {
    throw ConfigError(
        "`overlong` truncate-right would cut the second response alone: a pairwise model reads two in one sequence; "
        "choose drop or truncate-left");
  }
  // The same cut for the two orders of a pair, so that both read the same prompt.
  const auto either_order = [](const text::ResponsePair& pair) { return std::minmax(pair.first, pair.second); };
  std::map<std::pair<int32_t, int32_t>, int64_t> longest;
  for (size_t k = 0; k < pairs.size(); ++k) {
    int64_t& of_pair = longest[either_order(pairs[k])];
    of_pair = std::max(of_pair, length_of(encoded[k]));
  }
  for (size_t k = 0; k < pairs.size(); ++k) {
    const int64_t excess = longest[either_order(pairs[k])] - options.max_length;
    if (excess <= 0) continue;
    if (encoded[k].cut_begin + excess > encoded[k].cut_end) {
      throw DataError(
          fmt::format("a sequence cannot be truncated to {} tokens: {}: the prompt is shorter than the cut; choose "
                      "`overlong` drop",
                      options.max_length, place));
    }
    cut_left(encoded[k], excess);
    ++overlong.truncated;
  }
}

}  // namespace

std::vector<int64_t> fitting_responses(std::span<const text::ResponsePair> too_long, size_t responses) {
  std::vector<std::vector<size_t>> partners(responses);  // in pairs that are too long
  for (const text::ResponsePair& pair : too_long) {
    partners[static_cast<size_t>(pair.first)].push_back(static_cast<size_t>(pair.second));
    partners[static_cast<size_t>(pair.second)].push_back(static_cast<size_t>(pair.first));
  }
  std::vector<int64_t> bad;  // such pairs with a partner that is kept; of one that went, 0
  for (const std::vector<size_t>& of_response : partners) bad.push_back(static_cast<int64_t>(of_response.size()));
  std::vector<bool> is_kept(responses, true);
  while (responses > 0) {
    const auto worst = std::max_element(bad.begin(), bad.end());
    if (*worst == 0) break;
    *worst = 0;
    const auto gone = static_cast<size_t>(worst - bad.begin());
    is_kept[gone] = false;
    for (const size_t partner : partners[gone]) bad[partner] -= is_kept[partner] ? 1 : 0;
  }
  std::vector<int64_t> kept;
  for (size_t r = 0; r < responses; ++r) {
    if (is_kept[r]) kept.push_back(static_cast<int64_t>(r));
  }
  // One that is left alone was compared with nothing: it is no better than those that went.
  if (kept.size() == 1 && responses > 1) kept.clear();
  return kept;
}

void add_pairs(const Group& source, const text::TextEncoder& encoder, const TokenOptions& options,
               const std::string& place, TokenGroup& group, Overlong& overlong) {
  group.is_pairwise = true;
  std::vector<text::ResponsePair> pairs = wanted_pairs(source, options.pairs, place);
  std::vector<text::EncodedPair> encoded = encode_pairs(source, encoder, pairs, place);
  int64_t longest = 0;
  std::vector<text::ResponsePair> too_long;
  for (size_t k = 0; k < pairs.size(); ++k) {
    longest = std::max(longest, length_of(encoded[k]));
    if (length_of(encoded[k]) > options.max_length) too_long.push_back(pairs[k]);
  }
  overlong.responses += static_cast<int64_t>(too_long.size());
  std::vector<int64_t> place_of(source.responses.size());
  for (size_t r = 0; r < place_of.size(); ++r) place_of[r] = static_cast<int64_t>(r);
  if (overlong.responses > 0 && options.overlong == "error") fail_too_long(place, longest, options);
  if (overlong.responses > 0 && options.overlong == "drop") {
    const std::vector<int64_t> kept = fitting_responses(too_long, source.responses.size());
    overlong.dropped = std::ssize(place_of) - std::ssize(kept);
    std::fill(place_of.begin(), place_of.end(), -1);
    for (size_t k = 0; k < kept.size(); ++k) place_of[static_cast<size_t>(kept[k])] = static_cast<int64_t>(k);
    keep_responses(group, kept);
  } else if (overlong.responses > 0) {
    truncate(pairs, encoded, options, place, overlong);
  }
  for (size_t k = 0; k < pairs.size(); ++k) {
    const int64_t i = place_of[static_cast<size_t>(pairs[k].first)];
    const int64_t j = place_of[static_cast<size_t>(pairs[k].second)];
    if (i < 0 || j < 0) continue;
    group.pairs.push_back({.i = static_cast<int32_t>(i),
                           .j = static_cast<int32_t>(j),
                           .sequence = sequence_of(std::move(encoded[k]), encoder.policy())});
  }
}

}  // namespace rondo::data
