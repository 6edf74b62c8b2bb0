// SPDX-License-Identifier: Apache-2.0
#include "rondo/runs/rank.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "rondo/base/device.h"
#include "rondo/base/error.h"
#include "rondo/eval/runner.h"
#include "rondo/rank/reply.h"
#include "rondo/runs/open.h"
#include "rondo/runs/row_order.h"

namespace rondo::runs {

void describe(FieldVisitor& v, RankConfig& c) {
  v.text("model", c.model, "model directory");
  describe(v, c.data);
  describe(v, c.text);
  describe_device(v, c.device);
  describe_dtype(v, c.dtype);
  static const std::string kHelp = fmt::format("further parts of a row: {}, all", fmt::join(rank::kReplyParts, ", "));
  v.texts("with", c.with, kHelp.c_str());
  describe_batches(v, c.token_budget, c.deterministic);
}

namespace {

using nlohmann::ordered_json;

// The reply to one row of a group.
ordered_json reply_to(const SourceRow& source, const TokenGroup& group, const PreferenceTable& table, double tau,
                      const model::ScoringOptions& scoring, const rank::ReplyParts& parts) {
  ordered_json row = {{"id", source.id}};
  std::vector<int64_t> places, kept;
  const std::vector<int64_t> all = group.places_of(source);
  for (size_t r = 0; r < all.size(); ++r) {
    if (all[r] < 0) continue;
    places.push_back(all[r]);
    kept.push_back(static_cast<int64_t>(r));
  }
  if (places.empty()) {
    row.update(rank::reply(group, places, table, {}, tau, parts));
  } else {
    const PreferenceTable own = table.of_responses(places);
    if (const std::string damage = first_damage(own); !damage.empty())
      throw DataError(fmt::format("a score is not a number: {}: {} is not finite; are the model's weights damaged?",
                                  source.place, damage));
    row.update(rank::reply(group, places, own, model::table_scores(own, scoring), tau, parts));
  }
  // Under `overlong` drop, indices name the responses that were kept.
  if (kept.size() < all.size()) row["kept_responses"] = kept;
  return row;
}

}  // namespace

RankResult rank(const RankConfig& config, const Hooks& hooks, const std::function<void(const ordered_json&)>& visit) {
  require_field(config.model, "model");
  const rank::ReplyParts parts(config.with);
  use_threads(config.process.threads);
  const at::Device device = open_device(config.device);
  const model::Reader reader =
      open_reader(config.model, {.load = {.dtype = float_type(config.dtype), .device = device}, .text = config.text},
                  config.process, hooks);
  const Wanted wanted{.unlabelled = true, .pairs = data::PairsWanted::kInRows};
  const auto groups = open_groups(config.data, wanted, hooks);
  const auto store = open_tokens(groups, reader, config.data, wanted, hooks);
  const model::ScoringOptions scoring{.token_budget = config.token_budget, .deterministic = config.deterministic};
  RowOrder replies(visit);
  RankResult result{.prompts = store->size(), .cost = {}};
  result.cost =
      eval::for_each_table(reader.model(), *store, scoring, hooks.progress,
                           [&](int64_t index, const TokenGroup& group, const PreferenceTable& table) {
                             for (const SourceRow& source : groups->rows(index))
                               replies.add(source.number, reply_to(source, group, table, reader.tau(), scoring, parts));
                           });
  return result;
}

}  // namespace rondo::runs
