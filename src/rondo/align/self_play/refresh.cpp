// SPDX-License-Identifier: Apache-2.0
#include "rondo/align/self_play/refresh.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/base/parse_number.h"
#include "rondo/data/group_rows.h"
#include "rondo/data/group_writer.h"
#include "rondo/model/reader.h"

namespace rondo::align {
namespace {

// The groups of two sources, one behind the other.
class JoinedSource : public data::TokenSource {
 public:
  JoinedSource(data::TokenSource& first, data::TokenSource* second) : first_(first), second_(second) {}
  int64_t size() const override { return first_.size() + (second_ ? second_->size() : 0); }
  int64_t response_count(int64_t group) const override {
    return group < first_.size() ? first_.response_count(group) : second_->response_count(group - first_.size());
  }
  std::shared_ptr<const TokenGroup> get(int64_t group) override {
    return group < first_.size() ? first_.get(group) : second_->get(group - first_.size());
  }

 private:
  data::TokenSource& first_;
  data::TokenSource* second_;
};

Group labelled_group(const JudgedTexts& texts, const Tensor& table) {
  Group group{.prompt = *texts.prompt, .responses = {}, .comparisons = {}, .id = "", .subset = "", .source = ""};
  for (const std::string& response : texts.responses) group.responses.push_back({"assistant", response, ""});
  const Tensor exact = table.to(at::kDouble).contiguous();
  const auto entry = exact.accessor<double, 2>();
  for (int32_t i = 0; i < exact.size(0); ++i) {
    for (int32_t j = i + 1; j < exact.size(0); ++j) {
      const bool is_same = texts.responses[static_cast<size_t>(i)] == texts.responses[static_cast<size_t>(j)];
      if (!is_same && std::isfinite(entry[i][j]))
        group.comparisons.push_back({.i = i, .j = j, .p = static_cast<float>(entry[i][j])});
    }
  }
  return group;
}

// Rows with the same prompt are not merged: a sample of a few responses would lie lost among thousands.
data::GroupStore read_rows_apart(const std::filesystem::path& path, const std::string& spool_folder) {
  data::GroupStoreBuilder builder(spool_folder);
  data::GroupRows rows({.files = {path.string()}});
  while (std::optional<data::GroupRow> row = rows.next())
    builder.add(std::move(row->group), std::to_string(rows.report().rows));
  return builder.finish(rows.report());
}

}  // namespace

RefreshPlan refresh_plan(const std::string& text) {
  if (text.empty()) return {};
  if (const size_t colon = text.find(':'); colon != std::string::npos) {
    const auto every = parse_number<int64_t>(text.substr(0, colon)),
               steps = parse_number<int64_t>(text.substr(colon + 1));
    if (every && steps && *every > 0 && *steps > 0) return {.every = *every, .steps = *steps};
  }
  throw ConfigError("cannot read '" + text +
                    "': `refresh_judge`: expected EVERY:STEPS, such as 5:200: before every 5th iteration, 200 steps");
}

void label_samples(const NamedReferee& labeller, std::span<const JudgedTexts> texts,
                   const std::filesystem::path& path) {
  const std::vector<Tensor> tables = labeller.probabilities(texts);
  data::GroupWriter writer(path.string());
  bool is_empty = true;
  for (size_t g = 0; g < texts.size(); ++g) {
    const Group group = labelled_group(texts[g], tables[g]);
    if (group.comparisons.empty()) continue;
    writer.write(group);
    is_empty = false;
  }
  if (is_empty)
    throw DataError("no label to refresh the judge with: " + labeller.name +
                    ": every pair of samples is equal or was left unlabelled");
  writer.commit();
}

train::LoopResult refresh_judge(const RefreshInput& input, const std::filesystem::path& out,
                                const train::LoopHooks& hooks) {
  const model::Reader judge(input.judge.string(),
                            {.load = {.device = input.device, .trainable = true, .base = input.base}, .text = {}});
  data::TokenStore recent(read_rows_apart(input.labels, input.spool_folder), judge.encoder(),
                          {.max_length = judge.max_length(),
                           .pairs = data::PairsWanted::kLabelled,
                           .needs_gate = judge.model().needs_gate()},
                          silent_progress());
  JoinedSource groups(recent, input.pool);
  train::LoopHooks with_save = hooks;
  with_save.save_model = [&](const std::filesystem::path& target) {
    model::save(judge.model(), judge.rondo(), target, judge.files().tokenizer);
  };
  return train::run_loop(judge.model(), groups, input.loop, out, with_save);
}

}  // namespace rondo::align
