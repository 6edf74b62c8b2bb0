// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/same_tokens.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

namespace rondo::data {
namespace {

auto tokens_of(const TokenResponse& r) { return std::tie(r.ids, r.type_ids); }

// For each response the first one with the same tokens.
std::vector<int64_t> first_same(const TokenGroup& group) {
  std::vector<int64_t> first(group.responses.size()), order(group.responses.size());
  std::iota(first.begin(), first.end(), int64_t{0});
  std::iota(order.begin(), order.end(), int64_t{0});
  const auto tokens = [&](int64_t r) { return tokens_of(group.responses[static_cast<size_t>(r)]); };
  std::ranges::stable_sort(order, [&](int64_t a, int64_t b) { return tokens(a) < tokens(b); });
  for (size_t k = 1; k < order.size(); ++k) {
    if (tokens(order[k]) == tokens(order[k - 1]))
      first[static_cast<size_t>(order[k])] = first[static_cast<size_t>(order[k - 1])];
  }
  return first;
}

using PairNumbers = std::map<std::pair<int32_t, int32_t>, size_t>;

PairNumbers numbers_of(const std::vector<TokenPair>& pairs) {
  PairNumbers numbers;
  for (size_t k = 0; k < pairs.size(); ++k) numbers.emplace(std::pair(pairs[k].i, pairs[k].j), k);
  return numbers;
}

std::vector<int64_t> first_same_in_pairs(const TokenGroup& group) {
  std::vector<int64_t> first(group.responses.size());
  std::iota(first.begin(), first.end(), int64_t{0});
  const PairNumbers numbers = numbers_of(group.pairs);
  for (const TokenPair& pair : group.pairs) {  // sorted by i: what i equals is known
    const auto reverse = numbers.find({pair.j, pair.i});
    if (pair.i > pair.j || reverse == numbers.end()) continue;
    if (pair.sequence.ids != group.pairs[reverse->second].sequence.ids) continue;
    int64_t& of_j = first[static_cast<size_t>(pair.j)];
    of_j = std::min(of_j, first[static_cast<size_t>(pair.i)]);
  }
  return first;
}

// Pairs under the new numbers: none of a response with itself, and of the same two in the same order the first.
void renumber_pairs(const std::vector<int64_t>& new_index, TokenGroup& group) {
  std::map<std::pair<int32_t, int32_t>, TokenPair> pairs;
  for (TokenPair& pair : group.pairs) {
    pair.i = static_cast<int32_t>(new_index[static_cast<size_t>(pair.i)]);
    pair.j = static_cast<int32_t>(new_index[static_cast<size_t>(pair.j)]);
    if (pair.i != pair.j) pairs.emplace(std::pair(pair.i, pair.j), std::move(pair));
  }
  group.pairs.clear();
  for (auto& [key, pair] : pairs) group.pairs.push_back(std::move(pair));
}

}  // namespace

void merge_same_tokens(TokenGroup& group) {
  const std::vector<int64_t> first = group.is_pairwise ? first_same_in_pairs(group) : first_same(group);
  std::vector<int64_t> new_index(first.size());
  std::vector<TokenResponse> responses;
  for (size_t r = 0; r < first.size(); ++r) {
    const bool is_first = first[r] == static_cast<int64_t>(r);
    new_index[r] = is_first ? std::ssize(responses) : new_index[static_cast<size_t>(first[r])];
    if (is_first) responses.push_back(std::move(group.responses[r]));
  }
  const bool all_differ = responses.size() == first.size();
  group.responses = std::move(responses);
  if (all_differ) return;
  for (int64_t& place : group.places) place = place < 0 ? place : new_index[static_cast<size_t>(place)];
  if (group.is_pairwise) renumber_pairs(new_index, group);
}

void take_comparisons(const std::vector<Comparison>& source, TokenGroup& group) {
  const auto in_tokens = [&](int32_t number) {
    Comparison c = source[static_cast<size_t>(number)];
    c.i = static_cast<int32_t>(group.places[static_cast<size_t>(c.i)]);
    c.j = static_cast<int32_t>(group.places[static_cast<size_t>(c.j)]);
    return c;
  };
  group.numbers.reserve(source.size());
  group.comparisons.reserve(source.size());
  for (int32_t number = 0; number < static_cast<int32_t>(source.size()); ++number) {
    const Comparison c = in_tokens(number);
    if (c.i < 0 || c.j < 0) continue;
    (c.i == c.j ? group.undecided : group.numbers).push_back(number);
  }
  std::ranges::sort(group.numbers, {}, [&](int32_t number) {
    const Comparison c = in_tokens(number);
    return std::tuple(c.i, c.j, number);
  });
  for (const int32_t number : group.numbers) group.comparisons.push_back(in_tokens(number));
}

}  // namespace rondo::data
