// SPDX-License-Identifier: Apache-2.0
#include "rondo/runs/rank.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "rondo/base/device.h"
#include "rondo/eval/runner.h"
#include "rondo/rank/reply.h"
#include "rondo/runs/open.h"

namespace rondo::runs {

void describe(FieldVisitor& v, RankConfig& c) {
  v.text("model", c.model, "model directory");
  describe(v, c.data);
  describe(v, c.text);
  describe_device(v, c.device);
  static const std::string kHelp = fmt::format("further parts of a row: {}, all", fmt::join(rank::kReplyParts, ", "));
  v.texts("with", c.with, kHelp.c_str());
  describe_batches(v, c.token_budget, c.deterministic);
}

RankResult rank(const RankConfig& config, const Hooks& hooks,
                const std::function<void(const nlohmann::ordered_json&)>& visit) {
  require_field(config.model, "model");
  const rank::ReplyParts parts(config.with);
  use_threads(config.process.threads);
  const at::Device device = open_device(config.device);
  const model::Reader reader =
      open_reader(config.model, {.load = {.device = device}, .text = config.text}, config.process, hooks);
  const Wanted wanted{.unlabelled = true};
  const auto groups = open_groups(config.data, wanted, hooks);
  const auto store = open_tokens(groups, reader, config.data, wanted, hooks);
  const model::ScoringOptions scoring{.token_budget = config.token_budget, .deterministic = config.deterministic};
  RankResult result{.prompts = store->size(), .cost = {}};
  result.cost = eval::for_each_table(reader.model(), *store, scoring, hooks.progress,
                                     [&](int64_t index, const TokenGroup& group, const PreferenceTable& table) {
                                       nlohmann::ordered_json row = {{"id", groups->info(index).id}};
                                       const Tensor scores_MM =
                                           group.responses.empty() ? Tensor() : model::table_scores(table, scoring);
                                       row.update(rank::reply(group, table, scores_MM, reader.tau(), parts));
                                       // Under `overlong` drop, indices name the responses that were kept.
                                       if (const auto* kept = store->kept_responses(index))
                                         row["kept_responses"] = *kept;
                                       visit(row);
                                     });
  return result;
}

}  // namespace rondo::runs
