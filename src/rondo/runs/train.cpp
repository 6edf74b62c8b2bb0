// SPDX-License-Identifier: Apache-2.0
#include "rondo/runs/train.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <filesystem>
#include <memory>
#include <optional>

#include "rondo/base/device.h"
#include "rondo/base/error.h"
#include "rondo/eval/runner.h"
#include "rondo/io/atomic_file.h"
#include "rondo/metrics/evaluation.h"
#include "rondo/report/training_report.h"
#include "rondo/runs/dump_tokens.h"
#include "rondo/runs/open.h"
#include "rondo/runs/run_folder.h"
#include "rondo/train/metrics_log.h"

namespace rondo::runs {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// Few resamples while training: the curve needs no intervals, the final table gets them.
constexpr int64_t kCurveResamples = 20, kReportResamples = 1000;
// Float32 values, gradients and two moments.
constexpr int64_t kValueBytes = 4, kTrainedBytes = 12;

void freeze_parameters(const model::Model& model, const std::vector<std::string>& patterns) {
  for (const std::string& pattern : patterns) {
    bool matched = false;
    for (const nn::Parameter& p : model.parameters().all()) {
      if (fnmatch(pattern.c_str(), p.name.c_str(), 0) != 0) continue;
      p.value.set_requires_grad(false);
      matched = true;
    }
    if (!matched)
      throw ConfigError("`freeze` '" + pattern +
                        "' matches no parameter; `rondo inspect DIR --tensors` lists their names");
  }
}

class Training {
 public:
  Training(TrainConfig config, const Hooks& hooks)
      : config_(std::move(config)), train_(config_.train), hooks_(hooks), device_(open_device(config_.device)) {
    use_threads(config_.process.threads);
    open_model();
    open_data();
  }

  TrainPlan plan() {
    if (!config_.dump_ids.empty()) dump_tokens(*train_data_, config_.dump_ids);
    const nn::ParameterSet& parameters = reader_->model().parameters();
    const int64_t all = parameters.element_count(), trained = parameters.trained_count();
    return {.manifest = manifest(),
            .parameters = all,
            .trained_parameters = trained,
            .bytes = all * kValueBytes + trained * kTrainedBytes,
            .tokens = train_data_->report(),
            .loop = train_.loop};
  }

  train::LoopResult run() {
    begin_run(train_.out, config_.is_resumed, manifest());
    const train::LoopResult result =
        train::run_loop(reader_->model(), *train_data_, train_.loop, train_.out, loop_hooks());
    if (!result.interrupted && config_.writes_report) write_report();
    return result;
  }

 private:
  void open_model() {
    require_field(train_.model, "model");
    require_field(train_.out, "out");
    train::refuse_idle_flags(train_);
    train_.seed = config_.process.seed;
    model::LoadOptions options{.new_head = train::new_head(train_),
                               .seed = static_cast<uint64_t>(train_.seed),
                               .device = device_,
                               .trainable = true,
                               .with_lm_head = train_.loop.objective.lm_weight > 0,
                               .new_adapter = train::new_adapter(train_.lora, train_.model)};
    options.dtype = train_.dtype == "bfloat16" ? at::kBFloat16 : at::kFloat;
    const model::ReaderOptions reading{.load = options, .text = config_.text, .default_clock = text::local_clock()};
    reader_.emplace(open_reader(train_.model, reading, config_.process, hooks_));
    // A resumed run keeps the date of its beginning.
    if (reader_->policy().clock) config_.text.clock = *reader_->policy().clock;
    // Before anything is frozen or changed: what the run begins with.
    model_hash_ = model::weights_hash(reader_->model());
    freeze_parameters(reader_->model(), train_.freeze);
    // What contradicts itself is refused before there is a folder that says a run began.
    const train::Objective objective(reader_->model(), train_.loop.objective);
    const train::Optimizer optimizer = train::loop_optimizer(reader_->model(), train_.loop);
  }

  std::unique_ptr<data::TokenStore> read(const std::vector<std::string>& files, const Wanted& wanted) {
    data::DataOptions options = config_.length;
    options.data = files;
    options.rename = train_.rename;
    options.max_bad = train_.max_bad;
    return open_tokens(open_groups(options, wanted, hooks_), *reader_, options, wanted, hooks_);
  }

  void open_data() {
    train_data_ = read(train_.data, {.pairs = data::PairsWanted::kLabelled});
    if (!train_.eval_data.empty()) eval_data_ = read(train_.eval_data, {});
    train_.loop.sampler.seed = static_cast<uint64_t>(train_.seed);
    if (train_.loop.steps == 0)
      train_.loop.steps = train::steps_of_epochs(*train_data_, train_.loop.sampler, train_.epochs);
    data_hash_ = train_data_->groups().content_hash();
    say_what_is_cut();
  }

  void say_what_is_cut() {
    const auto [kept, all] = data::GroupSampler(*train_data_, train_.loop.sampler).kept_comparisons();
    if (kept == all) return;
    hooks_.log(LogLevel::kInfo,
               fmt::format("groups above `group_size` {} are cut anew each epoch: {} of their {} comparisons have both "
                           "responses in one part; a larger `group_size` keeps more",
                           train_.loop.sampler.group_size, kept, all));
  }

  json manifest() {
    return run_manifest([this](FieldVisitor& v) { describe(v, config_); }, config_.process,
                        {{"data", data_hash_}, {"model", model_hash_}});
  }

  json evaluate(const model::Model& model, int64_t resamples) {
    const eval::ScoredData scored =
        eval::score_data(model, *eval_data_, {.token_budget = train_.loop.token_budget}, silent_progress());
    const metrics::EvaluateOptions options{
        .bootstrap = {.resamples = resamples, .seed = static_cast<uint64_t>(train_.seed)}};
    json result = metrics::to_json(metrics::evaluate(scored.comparisons, options));
    result["transitive_share"] = scored.transitive_share;
    return result;
  }

  train::LoopHooks loop_hooks() {
    train::LoopHooks hooks{.log = hooks_.log, .progress = hooks_.progress, .should_stop = hooks_.should_stop};
    if (eval_data_) hooks.evaluate = [this] { return evaluate(reader_->model(), kCurveResamples); };
    json rondo = reader_->rondo_object();
    rondo["training"] = manifest();
    hooks.save_model = [this, rondo](const fs::path& folder) {
      model::save(reader_->model(), rondo, folder, reader_->files().tokenizer);
    };
    return hooks;
  }

  void write_report() {
    const fs::path out = train_.out;
    json held_out;
    if (eval_data_) {
      // The published weights, which are the best ones under `keep_best`.
      const model::LoadedModel published = model::load(out, {.device = device_, .base = config_.process.base});
      held_out = evaluate(*published.model, kReportResamples);
      io::write_file(out / "held_out.json", held_out.dump(2) + "\n");
    }
    report::write_training_report({.title = "Training of " + train_.out,
                                   .rows = train::read_metrics(out / "metrics.jsonl"),
                                   .held_out = held_out,
                                   .manifest = manifest()},
                                  (out / "report.html").string());
  }

  TrainConfig config_;
  train::TrainConfig& train_;
  const Hooks& hooks_;
  at::Device device_;
  std::optional<model::Reader> reader_;
  std::unique_ptr<data::TokenStore> train_data_, eval_data_;
  std::string data_hash_, model_hash_;
};

}  // namespace

void describe(FieldVisitor& v, TrainConfig& c) {
  describe(v, c.train);
  describe(v, c.text);
  describe_pairwise(v, c.text);
  data::describe_length(v, c.length);
  describe_device(v, c.device);
}

TrainConfig resumed_training(const std::string& folder) {
  TrainConfig config;
  read_run(
      folder, [&config](FieldVisitor& v) { describe(v, config); }, config.process);
  config.train.out = folder;
  config.is_resumed = true;
  return config;
}

TrainPlan plan_training(const TrainConfig& config, const Hooks& hooks) { return Training(config, hooks).plan(); }

train::LoopResult train(const TrainConfig& config, const Hooks& hooks) { return Training(config, hooks).run(); }

}  // namespace rondo::runs
