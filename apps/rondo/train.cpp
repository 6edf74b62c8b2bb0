// SPDX-License-Identifier: Apache-2.0
// rondo train: comparisons in, a preference model out. A run is a folder: run.json (the resolved config),
// metrics.jsonl, checkpoints/, the trained model, report.html.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fnmatch.h>

#include <CLI/CLI.hpp>

#include "apps/rondo/cli.h"
#include "apps/rondo/interrupt.h"
#include "apps/rondo/open.h"
#include "apps/rondo/run_folder.h"
#include "rondo/base/error.h"
#include "rondo/eval/runner.h"
#include "rondo/io/atomic_file.h"
#include "rondo/io/config_json.h"
#include "rondo/io/json.h"
#include "rondo/metrics/evaluation.h"
#include "rondo/report/training_report.h"
#include "rondo/train/config.h"
#include "rondo/train/metrics_log.h"
#include "rondo/train/optimizer.h"

namespace rondo::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct TrainFlags {
  train::TrainConfig config;
  TextFlags text;
  DataFlags length;
  std::string device = "cpu";
  std::string resume;
  bool dry_run = false;
  bool no_report = false;
};

// Everything that run.json keeps: a resumed run is told nothing else.
void describe_run(FieldVisitor& v, TrainFlags& f) {
  train::describe(v, f.config);
  describe(v, f.text);
  describe_pairwise(v, f.text);
  describe_length(v, f.length);
  describe_device(v, f.device);
}

void freeze_parameters(const model::Model& model, const std::vector<std::string>& patterns) {
  for (const std::string& pattern : patterns) {
    bool matched = false;
    for (const nn::Parameter& p : model.parameters().all()) {
      if (fnmatch(pattern.c_str(), p.name.c_str(), 0) != 0) continue;
      p.value.set_requires_grad(false);
      matched = true;
    }
    if (!matched)
      throw ConfigError("--freeze '" + pattern +
                        "' matches no parameter; `rondo inspect DIR --tensors` lists their names");
  }
}

class TrainRun {
 public:
  TrainRun(TrainFlags flags, Session& session) : flags_(std::move(flags)), config_(flags_.config), session_(session) {}

  int run() {
    use_threads(session_);
    device_ = open_device(flags_.device);
    open();
    prepare();
    if (flags_.dry_run) {
      print_plan();
      return 0;
    }
    begin();
    catch_interrupt();
    const train::LoopResult result = train::run_loop(open_.model(), *train_data_, config_.loop, config_.out, hooks());
    if (result.interrupted) {
      session_.log(LogLevel::kWarning, fmt::format("stopped at step {}; continue with `rondo train --resume {}`",
                                                   result.state.step, config_.out));
      return kInterruptedExit;
    }
    finish(result);
    return 0;
  }

 private:
  void open() {
    require_flag(config_.model, "--model");
    require_flag(config_.out, "--out");
    train::refuse_idle_flags(config_);
    model::LoadOptions options{.new_head = train::new_head(config_),
                               .seed = static_cast<uint64_t>(config_.seed),
                               .trainable = true,
                               .with_lm_head = config_.loop.objective.lm_weight > 0};
    options.new_adapter = train::new_adapter(config_.lora, config_.model);
    options.device = device_;
    options.dtype = config_.dtype == "bfloat16" ? at::kBFloat16 : at::kFloat;
    open_ = open_model(config_.model, options, flags_.text, session_);
    freeze_parameters(open_.model(), config_.freeze);
    // What contradicts itself is refused before there is a folder that says a run began.
    const train::Objective objective(open_.model(), config_.loop.objective);
    const train::Optimizer optimizer = train::loop_optimizer(open_.model(), config_.loop);
  }

  void prepare() {
    DataFlags files = flags_.length;
    files.data = config_.data;
    files.rename = config_.rename;
    files.max_bad = config_.max_bad;
    train_data_ = open_data(files, open_, /*allow_unlabelled=*/false, session_, data::PairsWanted::kLabelled);
    if (!config_.eval_data.empty()) {
      files.data = config_.eval_data;
      eval_data_ = open_data(files, open_, /*allow_unlabelled=*/false, session_);
    }
    config_.loop.sampler.seed = static_cast<uint64_t>(config_.seed);
    if (config_.loop.steps == 0)
      config_.loop.steps = train::steps_of_epochs(*train_data_, config_.loop.sampler, config_.epochs);
    data_hash_ = train_data_->groups().content_hash();
    say_what_is_cut();
  }

  void say_what_is_cut() {
    const auto [kept, all] = data::GroupSampler(*train_data_, config_.loop.sampler).kept_comparisons();
    if (kept == all) return;
    session_.log(
        LogLevel::kInfo,
        fmt::format("groups above --group-size {} are cut anew each epoch: {} of their {} comparisons have both "
                    "responses in one part; a larger --group-size keeps more",
                    config_.loop.sampler.group_size, kept, all));
  }

  json resolved() {
    io::ConfigWriter writer;
    describe_run(writer, flags_);
    return {{"version", session_.version},
            {"config", writer.json()},
            {"data_hash", data_hash_},
            {"threads", session_.threads}};
  }

  void print_plan() {
    const nn::ParameterSet& parameters = open_.model().parameters();
    const int64_t trained = parameters.trained_count();
    const double megabytes = static_cast<double>(parameters.element_count() * 4 + trained * 12) / (1 << 20);
    const data::TokenReport& tokens = train_data_->report();
    print_line(resolved().dump(2));
    print_line(fmt::format("parameters   {}, {} trained  ({:.1f} MB with gradients and two moments)",
                           parameters.element_count(), trained, megabytes));
    print_line(fmt::format("data         {} groups, {} responses, {} tokens unshared, longest {}", tokens.groups,
                           tokens.responses, tokens.tokens, tokens.longest));
    print_line(fmt::format("plan         {} steps of {} groups, at most {} responses each, micro-batches of {} tokens",
                           config_.loop.steps, config_.loop.sampler.batch_groups, config_.loop.sampler.group_size,
                           config_.loop.token_budget));
  }

  void begin() {
    const std::optional<json> before = begin_run(config_.out, !flags_.resume.empty(), resolved());
    if (before && before->value("data_hash", "") != data_hash_) {
      throw DataError("the data changed since the run began: " + fmt::format("{}", fmt::join(config_.data, ", ")) +
                      "; restore the files or start a new run");
    }
  }

  json judge(const model::Model& model, int64_t resamples) {
    const eval::ScoredData scored =
        eval::score_data(model, *eval_data_, {.token_budget = config_.loop.token_budget}, silent_progress());
    const metrics::EvaluateOptions options{
        .bootstrap = {.resamples = resamples, .seed = static_cast<uint64_t>(config_.seed)}};
    json judged = json::parse(metrics::to_json(metrics::evaluate(scored.comparisons, options)).dump());
    judged["transitive_share"] = scored.transitive_share;
    return judged;
  }

  train::LoopHooks hooks() {
    train::LoopHooks hooks{.log = session_.log, .progress = session_.progress, .should_stop = &interrupted};
    // Few resamples while training: the curve needs no intervals, the final table gets them.
    constexpr int64_t kCurveResamples = 20;
    if (eval_data_) hooks.evaluate = [this] { return judge(open_.model(), kCurveResamples); };
    hooks.save_model = [this](const fs::path& folder) {
      model::save(open_.model(), rondo_object(), folder, open_.tokenizer);
    };
    return hooks;
  }

  json rondo_object() {
    return {{"version", session_.version},
            {"text", open_.text_json()},
            {"template_hash", open_.encoder->template_hash()},
            {"training", resolved()}};
  }

  void finish(const train::LoopResult& result) {
    const std::string best = config_.loop.keep_best && result.state.best_step >= 0
                                 ? fmt::format(", best at step {}", result.state.best_step)
                                 : "";
    session_.log(LogLevel::kInfo,
                 fmt::format("{} steps in {:.1f} s{}{}; model in {}", result.state.step, result.state.seconds,
                             result.stopped_early ? " (stopped early)" : "", best, config_.out));
    if (result.state.skipped_updates > 0) {
      session_.log(LogLevel::kWarning, fmt::format("{} updates skipped because their gradient was not finite",
                                                   result.state.skipped_updates));
    }
    if (!flags_.no_report) write_report();
  }

  void write_report() {
    const std::vector<json> rows = train::read_metrics(fs::path(config_.out) / "metrics.jsonl");
    json held_out;
    if (eval_data_) {
      // The published weights, which are the best ones under --keep-best.
      constexpr int64_t kReportResamples = 1000;
      const OpenModel published = open_model(config_.out, {.device = device_}, {}, session_);
      held_out = judge(published.model(), kReportResamples);
      io::write_file(fs::path(config_.out) / "held_out.json", held_out.dump(2) + "\n");
    }
    report::write_training_report(
        {.title = "Training of " + config_.out, .rows = rows, .held_out = held_out, .manifest = resolved()},
        (fs::path(config_.out) / "report.html").string());
  }

  TrainFlags flags_;
  train::TrainConfig& config_;
  Session& session_;
  at::Device device_ = at::kCPU;
  OpenModel open_;
  std::unique_ptr<data::TokenStore> train_data_, eval_data_;
  std::string data_hash_;
};

TrainFlags resumed(const std::string& folder) {
  TrainFlags flags;
  read_run(folder, [&](FieldVisitor& v) { describe_run(v, flags); });
  flags.config.out = folder;
  flags.resume = folder;
  return flags;
}

Runner setup(CLI::App& app) {
  auto flags = std::make_shared<TrainFlags>();
  FlagBinder binder(app);
  describe_run(binder, *flags);
  app.add_option("--resume", flags->resume, "continue the run in this folder; other flags come from its run.json");
  app.add_flag("--dry-run", flags->dry_run, "print the resolved config and the plan, train nothing");
  app.add_flag("--no-report", flags->no_report, "write no report.html");
  return [flags](Session& session) {
    const bool no_report = flags->no_report;
    TrainFlags chosen = *flags;
    chosen.config.seed = session.seed;
    if (!flags->resume.empty()) chosen = resumed(flags->resume);
    chosen.no_report = no_report;
    session.exit_code = TrainRun(std::move(chosen), session).run();
  };
}

}  // namespace

constinit const VerbEntry train_entry{
    .name = "train",
    .summary = "train a preference model on comparisons",
    .setup = &setup,
};

}  // namespace rondo::cli
