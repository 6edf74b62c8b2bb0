// SPDX-License-Identifier: Apache-2.0
// rondo rank: order the responses of every prompt, every sequence once.
#include <ATen/TensorOperators.h>
#include <ATen/ops/sigmoid.h>
#include <fmt/format.h>

#include "apps/rondo/cli.h"
#include "apps/rondo/open.h"
#include "rondo/base/error.h"
#include "rondo/base/nearest.h"
#include "rondo/core/numbers.h"
#include "rondo/eval/runner.h"
#include "rondo/io/atomic_file.h"
#include "rondo/rank/ranking.h"

namespace rondo::cli {
namespace {

using nlohmann::ordered_json;

struct RankConfig {
  std::string model;
  DataFlags data;
  TextFlags text;
  std::string device = "cpu";
  std::string out = "-";
  std::vector<std::string> with;
  bool deterministic = false;
  int64_t token_budget = 16384;
};

const std::vector<std::string> kParts = {"rewards",   "embeddings",      "gate", "scores", "probabilities",
                                         "token_ids", "pooled_positions"};

void describe(FieldVisitor& v, RankConfig& c) {
  v.text("model", c.model, "model directory");
  describe(v, c.data);
  describe(v, c.text);
  describe_device(v, c.device);
  v.text("out", c.out, "JSONL file, one row a prompt; - for standard output");
  v.texts("with", c.with,
          "further parts of a row: rewards, embeddings, gate, scores, probabilities, token_ids, pooled_positions, all");
  v.boolean("deterministic", c.deterministic, "bit-equal scores whatever the batch; slower");
  v.integer("token_budget", c.token_budget, "tokens of a forward pass", 1, int64_t{1} << 31);
}

class Parts {
 public:
  explicit Parts(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      if (name == "all") {
        wanted_ = kParts;
      } else if (std::find(kParts.begin(), kParts.end(), name) == kParts.end()) {
        throw ConfigError(unknown_name_message("part", name, kParts));
      } else {
        wanted_.push_back(name);
      }
    }
  }
  bool has(const char* name) const { return std::find(wanted_.begin(), wanted_.end(), name) != wanted_.end(); }

 private:
  std::vector<std::string> wanted_;
};

ordered_json rows_of(const Tensor& x) {
  if (!x.defined()) return nullptr;
  if (x.dim() == 1) return to_numbers(x);
  ordered_json rows = ordered_json::array();
  for (int64_t i = 0; i < x.size(0); ++i) rows.push_back(to_numbers(x[i]));
  return rows;
}

void add_tokens(const TokenGroup& group, const Parts& parts, ordered_json& row) {
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

ordered_json rank_row(const TokenGroup& group, const PreferenceTable& table, const Tensor& scores_MM, double tau,
                      const Parts& parts) {
  const std::vector<double> scores = to_numbers(scores_MM), means = to_numbers(table.mean_scores_M());
  const ordered_json ranking = rank::to_json(rank::rank_table(scores, means));
  ordered_json row;
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

void run_rank(const RankConfig& config, Session& session) {
  require_flag(config.model, "--model");
  const Parts parts(config.with);
  use_threads(session);
  const at::Device device = open_device(config.device);
  const OpenModel open = open_model(config.model, {.device = device}, config.text, session);
  const auto store = open_data(config.data, open, /*allow_unlabelled=*/true, session);
  const model::ScoringOptions scoring{.token_budget = config.token_budget, .deterministic = config.deterministic};
  std::unique_ptr<io::AtomicFile> file;
  if (config.out != "-") file = std::make_unique<io::AtomicFile>(config.out);
  const model::ScoringCost cost =
      eval::for_each_table(open.model(), *store, scoring, session.progress,
                           [&](int64_t index, const TokenGroup& group, const PreferenceTable& table) {
                             ordered_json row;
                             const data::GroupInfo info = store->groups().info(index);
                             row["id"] = info.id;
                             if (!group.responses.empty()) {
                               row.update(rank_row(group, table, model::table_scores(table, scoring),
                                                   open.model().head_config().tau, parts));
                             } else {
                               row["order"] = ordered_json::array();
                             }
                             // Under --overlong drop, indices name the responses that were kept.
                             if (const auto* kept = store->kept_responses(index)) row["kept_responses"] = *kept;
                             if (file) {
                               file->write(row.dump() + "\n");
                             } else {
                               print_line(row.dump());
                             }
                           });
  if (file) file->commit();
  session.log(LogLevel::kInfo, fmt::format("{} prompts ranked with {} and {} tokens", store->size(),
                                           model::queries_text(cost), cost.tokens));
}

Runner setup(CLI::App& app) {
  auto config = std::make_shared<RankConfig>();
  FlagBinder binder(app);
  describe(binder, *config);
  return [config](Session& session) { run_rank(*config, session); };
}

}  // namespace

constinit const VerbEntry rank_entry{
    .name = "rank",
    .summary = "order the responses of every prompt",
    .setup = &setup,
};

}  // namespace rondo::cli
