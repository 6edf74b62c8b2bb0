// SPDX-License-Identifier: Apache-2.0
#include "rondo/train/loop.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <set>

#include "rondo/base/error.h"
#include "rondo/base/random.h"
#include "rondo/io/atomic_file.h"
#include "rondo/io/mapped_file.h"
#include "rondo/model/adapter.h"
#include "rondo/nn/lora.h"
#include "rondo/train/metrics_log.h"

namespace rondo::train {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using nlohmann::json;

constexpr uint64_t kDropoutStream = 0x64726f70;  // a name: "drop"

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

OptimizerOptions optimizer_options(const LoopConfig& config) {
  OptimizerOptions options = config.optimizer;
  if (config.head_lr == 0) return options;
  if (config.lr == 0)
    throw ConfigError("`head_lr` with `lr` 0: leave the rest as it is by `freeze`, not by a rate of 0");
  options.head_factor = config.head_lr / config.lr;
  return options;
}

// The groups of one step; the shared pointers keep them alive while their selections are in use.
struct StepBatch {
  std::vector<std::shared_ptr<const TokenGroup>> groups;
  std::vector<GroupSelection> selections;
};

class Loop {
 public:
  Loop(const model::Model& model, data::TokenSource& source, const StepObjective& objective, const LoopConfig& config,
       const fs::path& out, const LoopHooks& hooks)
      : model_(model),
        source_(source),
        config_(config),
        out_(out),
        hooks_(hooks),
        sampler_(source, config.sampler),
        objective_(objective),
        optimizer_(loop_optimizer(model, config)) {}

  LoopResult run() {
    if (config_.optimizer.kind == "muon") hooks_.log(LogLevel::kInfo, optimizer_.summary());
    resume();
    MetricsLog metrics(out_ / "metrics.jsonl", result_.state.metrics_bytes);
    RunState& state = result_.state;
    while (state.step < config_.steps && !result_.stopped_early) {
      train_step(metrics);
      const bool last = state.step == config_.steps;
      if (hooks_.evaluate && (last || due(config_.eval_every))) evaluate(metrics);
      state.metrics_bytes = metrics.bytes();
      if (hooks_.should_stop()) {
        result_.interrupted = !last;
        checkpoint();
        if (result_.interrupted) return result_;
      } else if (last || result_.stopped_early || due(config_.checkpoint_every)) {
        checkpoint();
      }
    }
    publish();
    return result_;
  }

 private:
  bool due(int64_t every) const { return every > 0 && result_.state.step % every == 0; }

  void resume() {
    const std::optional<Checkpoint> found = load_checkpoint(out_, model_.parameters());
    if (!found) return;
    optimizer_.load_state(found->tensors);
    result_.state = found->state;
    result_.stopped_early = config_.patience > 0 && found->state.stale_evaluations >= config_.patience;
    hooks_.log(LogLevel::kInfo, fmt::format("continuing at step {} of {}", found->state.step, config_.steps));
  }

  StepBatch sample(int64_t step) {
    StepBatch batch;
    for (data::SampledPart& part : sampler_.batch(step)) {
      batch.groups.push_back(source_.get(part.group));
      const bool whole = part.responses.size() == batch.groups.back()->responses.size();
      batch.selections.push_back(whole ? select_all(*batch.groups.back())
                                       : select(*batch.groups.back(), std::move(part.responses)));
      batch.selections.back().index = part.group;
    }
    return batch;
  }

  // One optimiser step over micro-batches within the token budget.
  ObjectiveReport forward_backward(const StepBatch& batch, const StepCounts& counts) {
    ObjectiveReport report;
    // As the sample of a step (docs/decisions/0004), its dropout follows from seed and step.
    const Random draw =
        Random(config_.sampler.seed).split(kDropoutStream).split(static_cast<uint64_t>(result_.state.step));
    size_t begin = 0;
    std::vector<GroupSelection> all;
    for (const GroupSelection& selection : batch.selections) {
      if (!selection.group->is_pairwise)
        all.push_back(selection);
      else
        std::ranges::move(split_pairs(selection, config_.token_budget), std::back_inserter(all));
    }
    while (begin < all.size()) {
      size_t end = begin;
      int64_t tokens = 0;
      while (end < all.size()) {
        tokens += token_cost(all[end], objective_.pack_options());
        if (end > begin && tokens > config_.token_budget) break;
        ++end;
      }
      const nn::LoraDropout dropout(model_.parameters(), draw.split(begin).seed());
      report.add(objective_.backward(std::span(all).subspan(begin, end - begin), counts));
      optimizer_.accumulate();
      begin = end;
    }
    return report;
  }

  void train_step(MetricsLog& metrics) {
    const Clock::time_point start = Clock::now();
    RunState& state = result_.state;
    const StepBatch batch = sample(state.step);
    const StepCounts counts = objective_.counts(batch.selections);
    const double lr = config_.lr * schedule_at(state.step, config_.steps, config_.schedule);
    ObjectiveReport report;
    double norm = 0;
    // A part of a sparse group may hold no labelled pair: the step number advances, the weights stay.
    if (counts.weight > 0) {
      report = forward_backward(batch, counts);
      check_finite(report, state.step);
      norm = optimizer_.step(lr);
      if (!std::isfinite(norm)) ++state.skipped_updates;
    }
    ++state.step;
    const double seconds = seconds_since(start);
    state.seconds += seconds;
    log_step(metrics, report, lr, norm, seconds);
  }

  static void check_finite(const ObjectiveReport& report, int64_t step) {
    if (std::isfinite(report.loss_sum)) return;
    throw DataError(
        fmt::format("the loss is not finite at step {}: lower `lr` or raise `warmup`, or, in the first step, look "
                    "whether the model's weights are finite; checkpoints written before are intact",
                    step));
  }

  void log_step(MetricsLog& metrics, const ObjectiveReport& report, double lr, double norm, double seconds) {
    const RunState& state = result_.state;
    const double loss = report.weight > 0 ? report.loss_sum / report.weight : 0;
    const double accuracy = report.decided > 0 ? report.correct / report.decided : 0;
    json row = {{"step", state.step},      {"loss", loss},
                {"accuracy", accuracy},    {"lr", lr},
                {"tokens", report.tokens}, {"comparisons_weight", report.weight},
                {"seconds", state.seconds}};
    // JSON has no infinity; a skipped update is a null.
    row["grad_norm"] = std::isfinite(norm) ? json(norm) : json(nullptr);
    if (model_.head_config().clips_rewards()) {
      row["clipped_share"] = report.responses > 0 ? report.clipped / static_cast<double>(report.responses) : 0;
    }
    for (const auto& [name, sum] : report.further) row[name] = sum / report.weight;
    metrics.append(row);
    hooks_.progress(state.step, config_.steps,
                    fmt::format("loss {:.4f}  accuracy {:.3f}  {:.0f} tokens/s", loss, accuracy,
                                static_cast<double>(report.tokens) / std::max(seconds, 1e-9)));
  }

  void evaluate(MetricsLog& metrics) {
    RunState& state = result_.state;
    json row = hooks_.evaluate();
    const double log_loss = row.at("log_loss");
    // Compared with a number that is none, every later one would be the worse.
    if (std::isnan(log_loss))
      throw DataError(
          fmt::format("the held-out data decide nothing at step {}: they hold no comparison of responses "
                      "with different tokens; give others, or none",
                      state.step));
    metrics.append({{"step", state.step}, {"seconds", state.seconds}, {"eval", row}});
    const bool better = state.best_step < 0 || log_loss < state.best_log_loss;
    hooks_.log(LogLevel::kInfo, fmt::format("step {}: held-out log-loss {:.4f}, accuracy {:.4f}{}", state.step,
                                            log_loss, row.value("accuracy", 0.0), better ? " (best)" : ""));
    if (!better) {
      ++state.stale_evaluations;
      result_.stopped_early = config_.patience > 0 && state.stale_evaluations >= config_.patience;
      return;
    }
    state.best_log_loss = log_loss;
    state.best_step = state.step;
    state.stale_evaluations = 0;
    if (config_.keep_best) save_folder(out_ / "best");
  }

  void save_folder(const fs::path& target) {
    const fs::path part = target.string() + ".part";
    fs::remove_all(part);
    hooks_.save_model(part);
    io::publish_directory(part, target);
  }

  void checkpoint() { save_checkpoint(out_, result_.state, optimizer_.state(), model_.parameters()); }

  // The best weights are a finished model folder; otherwise the present ones are written.
  void publish() {
    if (!config_.keep_best || result_.state.best_step < 0) {
      hooks_.save_model(out_);
      return;
    }
    for (const fs::directory_entry& file : fs::directory_iterator(out_ / "best")) {
      const io::MappedFile bytes(file.path());
      io::write_file(out_ / file.path().filename(), bytes.bytes());
    }
  }

  const model::Model& model_;
  data::TokenSource& source_;
  const LoopConfig& config_;
  const fs::path& out_;
  const LoopHooks& hooks_;
  data::GroupSampler sampler_;
  const StepObjective& objective_;
  Optimizer optimizer_;
  LoopResult result_;
};

}  // namespace

Optimizer loop_optimizer(const model::Model& model, const LoopConfig& config) {
  std::set<std::string> of_blocks;
  for (const model::Matrix& matrix : model::block_matrices(model.family(), model.backbone().sizes()))
    of_blocks.insert(matrix.module + ".weight");
  return {model.parameters(),
          optimizer_options(config),
          {.is_head = [&](const std::string& name) { return !model.is_backbone(name); },
           .is_block_matrix = [&](const std::string& name) { return of_blocks.contains(name); }}};
}

int64_t steps_of_epochs(data::TokenSource& source, const data::SamplerOptions& sampler, int64_t epochs) {
  return epochs * data::GroupSampler(source, sampler).steps_per_epoch();
}

LoopResult run_loop(const model::Model& model, data::TokenSource& source, const StepObjective& objective,
                    const LoopConfig& config, const fs::path& out, const LoopHooks& hooks) {
  return Loop(model, source, objective, config, out, hooks).run();
}

LoopResult run_loop(const model::Model& model, data::TokenSource& source, const LoopConfig& config, const fs::path& out,
                    const LoopHooks& hooks) {
  return run_loop(model, source, Objective(model, config.objective), config, out, hooks);
}

}  // namespace rondo::train
