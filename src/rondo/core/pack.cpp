// SPDX-License-Identifier: Apache-2.0
#include "rondo/core/pack.h"

#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <set>

#include "rondo/base/error.h"

namespace rondo {
namespace {

constexpr float kEven = 0.5F;

template <typename T>
Tensor to_tensor(std::vector<T>& values, at::ScalarType type) {
  return at::from_blob(values.data(), {static_cast<int64_t>(values.size())}, at::TensorOptions().dtype(type)).clone();
}

size_t sequence_count(const GroupSelection& s) { return s.group->is_pairwise ? s.pairs.size() : s.responses.size(); }

const TokenResponse& sequence_of(const GroupSelection& s, size_t index) {
  return s.group->sequence(s.group->is_pairwise ? s.pairs[index].sequence : s.responses[index]);
}

// How many tokens of `a`, of its first `most`, `b` begins with.
int64_t common_prefix(const std::vector<int32_t>& a, const std::vector<int32_t>& b, int64_t most) {
  most = std::min({most, std::ssize(a), std::ssize(b)});
  return std::mismatch(a.begin(), a.begin() + most, b.begin()).first - a.begin();
}

// How a group is laid out. The gate's prompt usually begins the shared tokens and costs nothing. Where it parts from
// them it is a leaf like the responses, if that is cheaper than a tree of its own: it needs the prefix cut to what it
// shares, and every response computes what was cut.
struct Outline {
  int64_t prefix = 0;
  int64_t gate_begin = 0;  // tokens of the gate's prompt from here on are a segment of their own
};

Outline outline_of(const GroupSelection& s, const PackOptions& options) {
  Outline outline;
  if (options.bidirectional || sequence_count(s) == 0) return outline;
  const std::vector<int32_t>& first = sequence_of(s, 0).ids;
  outline.prefix = std::ssize(first);
  for (size_t r = 1; r < sequence_count(s); ++r)
    outline.prefix = common_prefix(first, sequence_of(s, r).ids, outline.prefix);
  if (!options.needs_gate) return outline;
  outline.gate_begin = common_prefix(first, s.group->gate_ids, outline.prefix);
  if (outline.gate_begin == std::ssize(s.group->gate_ids)) return outline;
  const int64_t recomputed = (outline.prefix - outline.gate_begin) * (static_cast<int64_t>(sequence_count(s)) - 1);
  if (recomputed <= outline.gate_begin)
    outline.prefix = outline.gate_begin;
  else
    outline.gate_begin = 0;
  return outline;
}

class Packer {
 public:
  explicit Packer(const PackOptions& options) : options_(options) {
    batch_.layout.bidirectional = options.bidirectional;
  }

  void add(const GroupSelection& s) {
    RONDO_ASSERT(batch_.group_sizes.empty() || is_pairwise_ == s.group->is_pairwise, "a batch is of one kind of model");
    is_pairwise_ = s.group->is_pairwise;
    const Outline outline = outline_of(s, options_);
    const int64_t prefix = outline.prefix;
    SegmentTree tree{.prefix_begin = row(), .prefix_length = prefix};
    if (prefix > 0) append(sequence_of(s, 0), 0, prefix);

    // Equal lengths together, in stable order, so that a run is one batched product.
    std::vector<size_t> order(sequence_count(s));
    std::iota(order.begin(), order.end(), size_t{0});
    const auto rest = [&](size_t r) { return static_cast<int64_t>(sequence_of(s, r).ids.size()) - prefix; };
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return rest(a) < rest(b); });
    std::vector<int64_t> first_row(sequence_count(s), 0);
    for (const size_t r : order) {
      first_row[r] = row();
      if (rest(r) == 0) continue;
      if (tree.runs.empty() || tree.runs.back().length != rest(r)) {
        tree.runs.push_back({.begin = row(), .count = 0, .length = rest(r)});
      }
      ++tree.runs.back().count;
      append(sequence_of(s, r), prefix, prefix + rest(r));
    }
    batch_.layout.trees.push_back(std::move(tree));
    add_readings(s, prefix, first_row);
    if (options_.needs_gate) add_gate(s.group->gate_ids, outline);
    for (const SelectedPair& pair : s.pairs) pairs_.push_back({batch_.group_count(), pair.i, pair.j});
    batch_.group_sizes.push_back(static_cast<int64_t>(s.responses.size()));
  }

  PackedBatch finish() {
    batch_.layout.token_count = row();
    batch_.ids_N = to_tensor(ids_, at::kLong);
    batch_.positions_N = to_tensor(positions_, at::kLong);
    if (has_types_) batch_.type_ids_N = to_tensor(types_, at::kLong);
    batch_.pool_rows_T = to_tensor(pool_rows_, at::kLong);
    batch_.pool_offsets_R = to_tensor(pool_offsets_, at::kLong);
    if (is_pairwise_) {
      const TableLayout layout(batch_.group_sizes);
      std::vector<int64_t> index;
      for (const auto& [group, i, j] : pairs_) index.push_back(layout.index(group, i, j));
      batch_.pair_index_Q = to_tensor(index, at::kLong);
    }
    if (options_.needs_gate) batch_.gate_rows_G = to_tensor(gate_rows_, at::kLong);
    if (options_.lm_targets != LmTargets::kNone) {
      batch_.lm_responses_T = to_tensor(lm_responses_, at::kLong);
      batch_.lm_rows_T = to_tensor(lm_rows_, at::kLong);
      batch_.lm_targets_T = to_tensor(lm_targets_, at::kLong);
    }
    return std::move(batch_);
  }

 private:
  int64_t row() const { return static_cast<int64_t>(ids_.size()); }

  void append(const TokenResponse& response, int64_t from, int64_t to) {
    append_ids(response.ids, from, to);
    for (int64_t position = from; position < to; ++position)
      types_.push_back(response.type_ids.empty() ? 0 : response.type_ids[static_cast<size_t>(position)]);
    has_types_ = has_types_ || !response.type_ids.empty();
  }

  void append_ids(const std::vector<int32_t>& ids, int64_t from, int64_t to) {
    for (int64_t position = from; position < to; ++position) {
      ids_.push_back(ids[static_cast<size_t>(position)]);
      positions_.push_back(position);
    }
  }

  void add_gate(const std::vector<int32_t>& ids, const Outline& outline) {
    if (ids.empty())
      throw DataError("a gated head needs a prompt: one group has an empty prompt; use `gate` none or add prompts");
    SegmentTree* tree = &batch_.layout.trees.back();
    const int64_t begin = outline.gate_begin, rest = std::ssize(ids) - begin;
    if (rest == 0) return gate_rows_.push_back(tree->prefix_begin + begin - 1);
    // Beside a longer prefix, which it does not share, it cannot be a leaf.
    if (begin == 0 && tree->prefix_length > 0) {
      batch_.layout.trees.push_back({.prefix_begin = row(), .prefix_length = 0});
      tree = &batch_.layout.trees.back();
    }
    tree->runs.push_back({.begin = row(), .count = 1, .length = rest});
    append_ids(ids, begin, std::ssize(ids));
    types_.resize(ids_.size(), 0);
    gate_rows_.push_back(row() - 1);
  }

  // A position of a response lies in the shared prefix or in the response's own segment.
  void add_readings(const GroupSelection& s, int64_t prefix, const std::vector<int64_t>& first_row) {
    const int64_t prefix_row = batch_.layout.trees.back().prefix_begin;
    const auto row_of = [&](size_t r, int64_t pos) {
      return pos < prefix ? prefix_row + pos : first_row[r] + pos - prefix;
    };
    for (size_t r = 0; r < sequence_count(s); ++r) {
      const TokenResponse& response = sequence_of(s, r);
      RONDO_ASSERT(0 <= response.pool_begin && response.pool_begin < response.pool_end &&
                       response.pool_end <= static_cast<int64_t>(response.ids.size()),
                   "pooled positions lie inside the sequence");
      if (!response.marks.empty()) {
        for (const int64_t mark : response.marks) read_rows(row_of, r, mark, mark + 1);
        continue;
      }
      read_rows(row_of, r, response.pool_begin, response.pool_end);
    }
    if (options_.lm_targets != LmTargets::kNone) add_lm_targets(s, row_of);
  }

  template <typename RowOf>
  void read_rows(const RowOf& row_of, size_t r, int64_t begin, int64_t end) {
    for (int64_t pos = begin; pos < end; ++pos) pool_rows_.push_back(row_of(r, pos));
    pool_offsets_.push_back(static_cast<int64_t>(pool_rows_.size()));
  }

  // Every token of a chosen response, its end included, is predicted from the position before it.
  template <typename RowOf>
  void add_lm_targets(const GroupSelection& s, const RowOf& row_of) {
    std::vector<bool> chosen(sequence_count(s), options_.lm_targets == LmTargets::kAll);
    const auto first_response = static_cast<int64_t>(pool_offsets_.size() - 1 - sequence_count(s));
    for (const Comparison& c : s.comparisons) {
      if (c.p != kEven) chosen[static_cast<size_t>(c.p > kEven ? c.i : c.j)] = true;
    }
    for (size_t r = 0; r < sequence_count(s); ++r) {
      const TokenResponse& response = sequence_of(s, r);
      const auto end = static_cast<int64_t>(response.ids.size());
      for (int64_t pos = std::max<int64_t>(1, response.response_begin); chosen[r] && pos < end; ++pos) {
        lm_rows_.push_back(row_of(r, pos - 1));
        lm_responses_.push_back(first_response + static_cast<int64_t>(r));
        lm_targets_.push_back(response.ids[static_cast<size_t>(pos)]);
      }
    }
  }

  PackOptions options_;
  PackedBatch batch_;
  std::vector<int64_t> ids_, positions_, types_, pool_rows_, gate_rows_, lm_rows_, lm_targets_, lm_responses_;
  bool has_types_ = false;
  bool is_pairwise_ = false;
  struct PairOfGroup {
    int64_t group, i, j;
  };
  std::vector<PairOfGroup> pairs_;
  std::vector<int64_t> pool_offsets_ = {0};
};

// Of the whole group where the selection is a part of it.
double weight_of(const GroupSelection& s) {
  if (s.group_weight > 0) return s.group_weight;
  double total = 0;
  for (const Comparison& c : s.comparisons) total += c.weight;
  return total;
}

}  // namespace

GroupSelection select_all(const TokenGroup& group) {
  GroupSelection s{.group = &group, .responses = std::vector<int64_t>(group.responses.size())};
  std::iota(s.responses.begin(), s.responses.end(), int64_t{0});
  s.comparisons = group.comparisons;
  for (const TokenPair& pair : group.pairs) s.pairs.push_back({static_cast<int64_t>(s.pairs.size()), pair.i, pair.j});
  return s;
}

GroupSelection select(const TokenGroup& group, std::vector<int64_t> responses) {
  std::vector<int32_t> place(group.responses.size(), -1);
  for (size_t k = 0; k < responses.size(); ++k) place[static_cast<size_t>(responses[k])] = static_cast<int32_t>(k);
  GroupSelection s{.group = &group, .responses = std::move(responses)};
  // Comparisons are sorted by i, so only the stretches of the chosen responses are read.
  for (const int64_t chosen : s.responses) {
    auto comparison = std::lower_bound(group.comparisons.begin(), group.comparisons.end(), chosen,
                                       [](const Comparison& c, int64_t i) { return c.i < i; });
    for (; comparison != group.comparisons.end() && comparison->i == chosen; ++comparison) {
      const int32_t i = place[static_cast<size_t>(comparison->i)], j = place[static_cast<size_t>(comparison->j)];
      if (j < 0) continue;
      Comparison local = *comparison;
      local.i = i;
      local.j = j;
      s.comparisons.push_back(local);
    }
  }
  for (size_t k = 0; k < group.pairs.size(); ++k) {
    const int32_t i = place[static_cast<size_t>(group.pairs[k].i)], j = place[static_cast<size_t>(group.pairs[k].j)];
    if (i >= 0 && j >= 0) s.pairs.push_back({static_cast<int64_t>(k), i, j});
  }
  return s;
}

std::vector<GroupSelection> split_pairs(const GroupSelection& selection, int64_t budget) {
  std::map<std::pair<int32_t, int32_t>, SelectedPair> sequences;
  for (const SelectedPair& pair : selection.pairs) sequences[{pair.i, pair.j}] = pair;
  GroupSelection empty{.group = selection.group, .index = selection.index, .responses = selection.responses};
  empty.group_weight = weight_of(selection);
  std::vector<GroupSelection> parts;
  std::set<std::pair<int32_t, int32_t>> shown;
  int64_t tokens = 0;
  for (const Comparison& c : selection.comparisons) {
    if (parts.empty() || tokens > budget) {
      parts.push_back(empty);
      shown.clear();
      tokens = 0;
    }
    parts.back().comparisons.push_back(c);
    for (const auto& order : {std::pair(c.i, c.j), std::pair(c.j, c.i)}) {
      if (!shown.insert(order).second) continue;
      parts.back().pairs.push_back(sequences.at(order));
      tokens += static_cast<int64_t>(sequence_of(parts.back(), parts.back().pairs.size() - 1).ids.size());
    }
  }
  return parts;
}

int64_t token_cost(const GroupSelection& selection, const PackOptions& options) {
  const Outline outline = outline_of(selection, options);
  int64_t tokens = outline.prefix;
  for (size_t r = 0; r < sequence_count(selection); ++r) {
    tokens += std::ssize(sequence_of(selection, r).ids) - outline.prefix;
  }
  if (options.needs_gate) tokens += std::ssize(selection.group->gate_ids) - outline.gate_begin;
  return tokens;
}

PackedBatch pack(std::span<const GroupSelection> selections, const PackOptions& options) {
  Packer packer(options);
  for (const GroupSelection& selection : selections) packer.add(selection);
  return packer.finish();
}

ComparisonBatch pack_comparisons(std::span<const GroupSelection> selections, bool equal_group_weight) {
  std::vector<int64_t> sizes;
  for (const GroupSelection& s : selections) sizes.push_back(static_cast<int64_t>(s.responses.size()));
  const TableLayout layout(sizes);
  std::vector<int64_t> index, left, right;
  std::vector<float> p, tie, weight, margin;
  int64_t first_row = 0;
  for (size_t g = 0; g < selections.size(); ++g) {
    const double total = weight_of(selections[g]);
    for (const Comparison& c : selections[g].comparisons) {
      index.push_back(layout.index(static_cast<int64_t>(g), c.i, c.j));
      left.push_back(first_row + c.i);
      right.push_back(first_row + c.j);
      p.push_back(c.p);
      tie.push_back(c.tie);
      weight.push_back(equal_group_weight ? static_cast<float>(c.weight / total) : c.weight);
      margin.push_back(c.margin);
    }
    first_row += sizes[g];
  }
  return {.table_index_C = to_tensor(index, at::kLong),
          .p_C = to_tensor(p, at::kFloat),
          .tie_C = to_tensor(tie, at::kFloat),
          .weight_C = to_tensor(weight, at::kFloat),
          .margin_C = to_tensor(margin, at::kFloat),
          .left_C = to_tensor(left, at::kLong),
          .right_C = to_tensor(right, at::kLong)};
}

}  // namespace rondo
