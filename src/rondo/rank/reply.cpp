// SPDX-License-Identifier: Apache-2.0
#include "rondo/rank/reply.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/sigmoid.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/base/nearest.h"
#include "rondo/core/numbers.h"
#include "rondo/rank/ranking.h"

namespace rondo::rank {
namespace {

using nlohmann::ordered_json;

ordered_json rows_of(const Tensor& x) {
  if (!x.defined()) return nullptr;
  if (x.dim() == 1) return to_numbers(x);
  ordered_json rows = ordered_json::array();
  for (int64_t i = 0; i < x.size(0); ++i) rows.push_back(to_numbers(x[i]));
  return rows;
}

// What was read of one sequence.
void add_sequence(const TokenResponse& r, const ReplyParts& parts, ordered_json& row) {
  if (parts.has("token_ids")) row["token_ids"].push_back(r.ids);
  if (!parts.has("pooled_positions")) return;
  // PairRM is read at three marks.
  if (r.marks.empty())
    row["pooled_positions"].push_back(r.pool_end - 1);
  else
    row["pooled_positions"].push_back(r.marks);
}

// Lists of the responses that a model cannot tell apart.
ordered_json same_tokens(std::span<const int64_t> places) {
  std::map<int64_t, std::vector<size_t>> responses;
  for (size_t i = 0; i < places.size(); ++i) responses[places[i]].push_back(i);
  ordered_json lists = ordered_json::array();
  for (const auto& [place, same] : responses) {
    if (same.size() > 1) lists.push_back(same);
  }
  return lists;
}

}  // namespace

ReplyParts::ReplyParts(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (name == "all") {
      wanted_ = kReplyParts;
    } else if (std::find(kReplyParts.begin(), kReplyParts.end(), name) == kReplyParts.end()) {
      throw ConfigError(unknown_name_message("part", name, kReplyParts));
    } else {
      wanted_.push_back(name);
    }
  }
}

bool ReplyParts::has(const char* name) const {
  return std::find(wanted_.begin(), wanted_.end(), name) != wanted_.end();
}

void add_tokens(const TokenGroup& group, std::span<const int64_t> places, const ReplyParts& parts, ordered_json& row) {
  if (!parts.has("token_ids") && !parts.has("pooled_positions")) return;
  if (!group.is_pairwise) {
    for (const int64_t place : places) add_sequence(group.responses[static_cast<size_t>(place)], parts, row);
    return;
  }
  std::map<std::pair<int64_t, int64_t>, const TokenResponse*> sequences;
  for (const TokenPair& pair : group.pairs) sequences[{pair.i, pair.j}] = &pair.sequence;
  for (size_t i = 0; i < places.size(); ++i) {
    for (size_t j = 0; j < places.size(); ++j) {
      const auto found = sequences.find({places[i], places[j]});
      if (found == sequences.end()) continue;  // with itself, or with one of the same tokens
      add_sequence(*found->second, parts, row);
      row["token_pairs"].push_back({i, j});
    }
  }
}

ordered_json reply(const TokenGroup& group, std::span<const int64_t> places, const PreferenceTable& table,
                   const Tensor& scores_MM, double tau, const ReplyParts& parts) {
  ordered_json row;
  row["order"] = ordered_json::array();
  if (places.empty()) return row;
  const std::vector<double> scores = to_numbers(scores_MM), means = to_numbers(table.mean_scores_M());
  const ordered_json ranking = to_json(rank_table(scores, means));
  row["order"] = ranking.at("order");
  row["mean_scores"] = means;
  for (const auto& [key, value] : ranking.items()) row[key] = value;
  if (parts.has("rewards")) row["rewards"] = rows_of(table.rewards_M);
  if (parts.has("embeddings")) row["embeddings"] = rows_of(table.embeddings_ME);
  if (parts.has("gate")) row["gate"] = rows_of(table.gate_P);
  if (parts.has("scores")) row["scores"] = rows_of(scores_MM);
  if (parts.has("probabilities")) row["probabilities"] = rows_of(at::sigmoid(scores_MM / tau));
  if (ordered_json same = same_tokens(places); !same.empty()) row["same_tokens"] = std::move(same);
  add_tokens(group, places, parts, row);
  return row;
}

}  // namespace rondo::rank
