// SPDX-License-Identifier: Apache-2.0
#include "rondo/runs/check_data.h"

#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "rondo/data/tokenise.h"
#include "rondo/io/text_writer.h"
#include "rondo/model/text_policy.h"

namespace rondo::runs {
namespace {

using nlohmann::ordered_json;

// Response lengths in tokens of the model in `model_folder`. Lengths are those of whole sequences, prompt included:
// what the model's limit counts.
data::Spread token_lengths(const data::GroupStore& store, const std::string& model_folder,
                           const ProgressSink& progress) {
  const text::TextEncoder encoder = model::open_encoder(model_folder, {});
  std::vector<int64_t> lengths;
  for (int64_t i = 0; i < store.size(); ++i) {
    const Group source = store.group(i);
    data::Overlong overlong;
    const TokenGroup group = data::token_group(source, encoder, {.max_length = std::numeric_limits<int64_t>::max()},
                                               source.source, overlong);
    for (int64_t k = 0; k < group.sequence_count(); ++k)
      lengths.push_back(static_cast<int64_t>(group.sequence(k).ids.size()));
    progress(i + 1, store.size(), "tokenising");
  }
  return data::spread_of(std::move(lengths));
}

ordered_json spread_json(const data::Spread& s) {
  return {{"min", s.min}, {"median", s.median}, {"p95", s.p95}, {"max", s.max}, {"sum", s.sum}};
}

}  // namespace

CheckResult check_data(const CheckConfig& config, const Hooks& hooks) {
  std::unique_ptr<io::TextWriter> rejected;
  if (!config.rejected.empty()) rejected = std::make_unique<io::TextWriter>(config.rejected);
  data::ReadOptions read = config.read;
  read.max_bad = data::kAnyBadRows;
  read.spool_folder = hooks.spool_folder;
  read.progress = hooks.progress;
  read.on_bad_row = [&](const data::BadRow& bad) {
    const ordered_json row = {{"file", bad.file}, {"row", bad.row}, {"reason", bad.reason}};
    if (rejected) rejected->write(row.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n");
  };
  const data::GroupStore store = data::read_groups(read);
  if (rejected) rejected->commit();
  CheckResult result{.files = read.files,
                     .report = store.report(),
                     .summary = data::summarize(store, hooks.progress),
                     .response_tokens = {},
                     .content_hash = store.content_hash()};
  if (!config.model.empty()) result.response_tokens = token_lengths(store, config.model, hooks.progress);
  return result;
}

ordered_json to_json(const CheckResult& result) {
  const data::ReadReport& r = result.report;
  ordered_json rejected = ordered_json::array();
  for (const data::BadRow& bad : r.first_bad_rows)
    rejected.push_back({{"file", bad.file}, {"row", bad.row}, {"reason", bad.reason}});
  ordered_json object = {{"files", result.files},
                         {"shapes", r.rows_of_shape},
                         {"unread_columns", r.unread_columns},
                         {"rows", r.rows},
                         {"rejected_rows", r.bad_rows},
                         {"groups", r.groups},
                         {"unlabelled_groups", r.unlabelled_groups},
                         {"responses", r.responses},
                         {"merged_responses", r.merged_responses},
                         {"comparisons", r.comparisons},
                         {"ties", r.ties},
                         {"duplicates", r.duplicates},
                         {"contradictions", r.contradictions},
                         {"self_comparisons", r.self_comparisons},
                         {"responses_per_group", spread_json(result.summary.responses_per_group)},
                         {"comparisons_per_group", spread_json(result.summary.comparisons_per_group)},
                         {"prompt_characters", spread_json(result.summary.prompt_characters)},
                         {"response_characters", spread_json(result.summary.response_characters)}};
  if (result.response_tokens) object["response_tokens"] = spread_json(*result.response_tokens);
  object["content_hash"] = result.content_hash;
  object["first_rejected"] = std::move(rejected);
  return object;
}

}  // namespace rondo::runs
