// SPDX-License-Identifier: Apache-2.0
#include "rondo/rank/reply.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/sigmoid.h>

#include <algorithm>
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

void add_tokens(const TokenGroup& group, const ReplyParts& parts, ordered_json& row) {
  for (int64_t k = 0; k < group.sequence_count(); ++k) {
    const TokenResponse& r = group.sequence(k);
    if (parts.has("token_ids")) row["token_ids"].push_back(r.ids);
    if (parts.has("pooled_positions")) {
      // PairRM is read at three marks.
      if (r.marks.empty())
        row["pooled_positions"].push_back(r.pool_end - 1);
      else
        row["pooled_positions"].push_back(r.marks);
    }
    const bool names_pairs = group.is_pairwise && (parts.has("token_ids") || parts.has("pooled_positions"));
    if (!names_pairs) continue;
    const TokenPair& pair = group.pairs[static_cast<size_t>(k)];
    row["token_pairs"].push_back({pair.i, pair.j});
  }
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

ordered_json reply(const TokenGroup& group, const PreferenceTable& table, const Tensor& scores_MM, double tau,
                   const ReplyParts& parts) {
  ordered_json row;
  row["order"] = ordered_json::array();
  if (group.responses.empty()) return row;
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
  add_tokens(group, parts, row);
  return row;
}

}  // namespace rondo::rank
