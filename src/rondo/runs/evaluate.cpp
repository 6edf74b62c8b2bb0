// SPDX-License-Identifier: Apache-2.0
#include "rondo/runs/evaluate.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "rondo/base/device.h"
#include "rondo/base/error.h"
#include "rondo/eval/runner.h"
#include "rondo/io/atomic_file.h"
#include "rondo/runs/open.h"

namespace rondo::runs {
namespace {

using nlohmann::ordered_json;

constexpr int64_t kFewestResamples = 20, kMostResamples = 1000000;

using Comparisons = std::vector<metrics::ScoredComparison>;

class EvaluationRun {
 public:
  EvaluationRun(const EvaluateConfig& config, const Hooks& hooks) : config_(config), hooks_(hooks) {
    if (config.models.empty()) require_field("", "model");
    use_threads(config.process.threads);
    device_ = open_device(config.device);
    // A wrong name is said now, not when the models before it are judged. No weights are read for that.
    for (size_t k = 1; k < config.models.size(); ++k)
      (void)model::open_encoder(config.models[k], config.text, config.process.base);
    if (!config.dump.empty()) dump_ = std::make_unique<io::AtomicFile>(config.dump);
  }

  EvaluatedModel judge(const std::string& directory) {
    const model::Reader reader =
        open_reader(directory, {.load = {.dtype = float_type(config_.dtype), .device = device_}, .text = config_.text},
                    config_.process, hooks_);
    // The groups are the same for all models: standard input, say, can be read once only.
    if (!groups_) groups_ = open_groups(config_.data, kWanted, hooks_);
    const auto store = open_tokens(groups_, reader, config_.data, kWanted, hooks_);
    eval::ScoredData scored = eval::score_data(
        reader.model(), *store, {.token_budget = config_.token_budget, .deterministic = config_.deterministic},
        hooks_.progress);
    EvaluatedModel judged{.name = directory,
                          .evaluation = metrics::evaluate(scored.comparisons, options()),
                          .undecided = scored.undecided,
                          .subsets = {},
                          .cost = scored.cost,
                          .transitive_share = scored.transitive_share,
                          .largest_swap_gap = scored.largest_swap_gap,
                          .model_hash = model::weights_hash(reader.model())};
    if (config_.subsets)
      judged.subsets = metrics::evaluate_subsets(scored.comparisons, subsets_of(scored.comparisons), options());
    if (dump_) dump_rows(directory, scored.comparisons, reader.tau());
    if (!first_)
      first_ = std::move(scored.comparisons);
    else
      differences_.push_back(metrics::difference(scored.comparisons, *first_, options()));
    return judged;
  }

  std::string data_hash() const { return groups_->content_hash(); }
  const std::vector<metrics::Difference>& differences() const { return differences_; }
  void commit() {
    if (dump_) dump_->commit();
  }

 private:
  static constexpr Wanted kWanted{.undecided = true};

  metrics::EvaluateOptions options() const {
    return {.bootstrap = {.resamples = config_.resamples, .seed = static_cast<uint64_t>(config_.process.seed)}};
  }

  // The row that a comparison stood in, of a group that is read once for all of its comparisons.
  const SourceRow& row_of(const metrics::ScoredComparison& c) {
    if (c.group != group_index_) group_ = groups_->group(c.group);
    group_index_ = c.group;
    return *std::ranges::find_if(group_.rows, [&c](const SourceRow& row) { return c.number < row.comparison_end; });
  }

  std::vector<std::string> subsets_of(const Comparisons& comparisons) {
    std::vector<std::string> subsets;
    for (const metrics::ScoredComparison& c : comparisons) subsets.push_back(row_of(c).subset);
    return subsets;
  }

  // Responses are counted as in their row.
  void dump_rows(const std::string& model, const Comparisons& comparisons, double tau) {
    for (const metrics::ScoredComparison& c : comparisons) {
      const SourceRow& source = row_of(c);
      const Comparison& label = group_.comparisons[static_cast<size_t>(c.number)];
      const auto in_row = [&source](int32_t response) {
        return std::ranges::find(source.responses, response) - source.responses.begin();
      };
      const ordered_json row = {{"model", model},
                                {"group", c.group},
                                {"id", source.id},
                                {"subset", source.subset},
                                {"i", in_row(label.i)},
                                {"j", in_row(label.j)},
                                {"p", c.p},
                                {"weight", c.weight},
                                {"score", c.z * tau},
                                {"probability", 1 / (1 + std::exp(-c.z))}};
      dump_->write(row.dump() + "\n");
    }
  }

  const EvaluateConfig& config_;
  const Hooks& hooks_;
  at::Device device_ = at::kCPU;
  std::unique_ptr<io::AtomicFile> dump_;
  std::shared_ptr<const data::GroupStore> groups_;
  Group group_;
  int64_t group_index_ = -1;
  std::optional<Comparisons> first_;  // of the first model
  std::vector<metrics::Difference> differences_;
};

ordered_json model_json(const EvaluatedModel& judged, const EvaluateConfig& config, const std::string& data_hash) {
  ordered_json json = metrics::to_json(judged.evaluation);
  json["undecided"] = judged.undecided;
  json["model"] = judged.name;
  json["model_hash"] = judged.model_hash;
  json["data_hash"] = data_hash;
  json["transitive_share"] = judged.transitive_share;
  json["queries"] = judged.cost.queries;
  json["linear_queries"] = judged.cost.responses;
  json["tokens"] = judged.cost.tokens;
  if (config.swap_check) json["largest_swap_gap"] = judged.largest_swap_gap;
  for (const auto& [name, subset] : judged.subsets) json["subsets"][name] = metrics::to_json(subset);
  return json;
}

ordered_json result_json(const EvaluateResult& result, const EvaluateConfig& config) {
  if (result.models.size() == 1) return model_json(result.models.front(), config, result.data_hash);
  ordered_json json = {{"models", ordered_json::array()}, {"differences", ordered_json::array()}};
  for (const EvaluatedModel& judged : result.models)
    json["models"].push_back(model_json(judged, config, result.data_hash));
  for (size_t k = 1; k < result.models.size(); ++k) {
    ordered_json row = metrics::to_json(result.differences[k - 1]);
    row["model"] = result.models[k].name;
    row["against"] = result.models.front().name;
    json["differences"].push_back(std::move(row));
  }
  return json;
}

}  // namespace

void describe(FieldVisitor& v, EvaluateConfig& c) {
  v.texts("model", c.models, "model directory; several are compared with the first");
  describe(v, c.data);
  describe(v, c.text);
  describe_device(v, c.device);
  describe_dtype(v, c.dtype);
  v.text("dump", c.dump, "JSONL file with every comparison and its score");
  v.boolean("subsets", c.subsets, "results per subset as well");
  v.boolean("swap_check", c.swap_check, "print the largest |s(i,j) + s(j,i)|");
  describe_batches(v, c.token_budget, c.deterministic);
  v.integer("resamples", c.resamples, "bootstrap resamples", kFewestResamples, kMostResamples);
}

EvaluateResult evaluate(const EvaluateConfig& config, const Hooks& hooks,
                        const std::function<void(const EvaluatedModel&)>& done) {
  EvaluationRun run(config, hooks);
  EvaluateResult result;
  for (const std::string& directory : config.models) {
    result.models.push_back(run.judge(directory));
    done(result.models.back());
  }
  result.differences = run.differences();
  result.data_hash = run.data_hash();
  result.json = result_json(result, config);
  run.commit();
  return result;
}

}  // namespace rondo::runs
