// SPDX-License-Identifier: Apache-2.0
#include "rondo/runs/align.h"

#include <filesystem>
#include <memory>

#include "rondo/align/self_play/labels.h"
#include "rondo/align/self_play/offline.h"
#include "rondo/align/self_play/self_play.h"
#include "rondo/base/device.h"
#include "rondo/base/error.h"
#include "rondo/base/hash.h"
#include "rondo/io/mapped_file.h"
#include "rondo/io/text_writer.h"
#include "rondo/report/align_report.h"
#include "rondo/report/training_report.h"
#include "rondo/runs/dump_tokens.h"
#include "rondo/runs/open.h"
#include "rondo/runs/outside_command.h"
#include "rondo/runs/run_folder.h"
#include "rondo/train/metrics_log.h"

namespace rondo::runs {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string content_hash(const std::string& file) { return sha256_hex(io::MappedFile(file).bytes()); }

void check(const AlignConfig& config) {
  require_field(config.align.policy, "policy");
  require_field(config.align.out, "out");
  if (config.data.data.empty()) {
    require_field(config.align.judge, "judge");
    require_field(config.align.prompts, "prompts");
    align::check_self_play(config.align);
  } else if (!config.align.judge.empty() || !config.align.prompts.empty()) {
    throw ConfigError("labelled `data` and a `judge` with `prompts` exclude each other; choose one");
  } else if (!config.align.answer_command.empty()) {
    throw ConfigError("nothing is judged with `data`, so `answer_command` has no use; leave one of them out");
  }
}

class Alignment {
 public:
  Alignment(AlignConfig config, const Hooks& hooks) : config_(std::move(config)), align_(config_.align), hooks_(hooks) {
    check(config_);
    use_threads(config_.process.threads);
    device_ = open_device(config_.device);
    align_.seed = config_.process.seed;
    const bool is_offline = !config_.data.data.empty();
    // Training on labelled rows changes the policy that was opened; self-play keeps it as iterate 0.
    const model::LoadOptions load =
        is_offline ? align::trained_policy(align_, device_)
                   : model::LoadOptions{.dtype = float_type(align_.dtype), .device = device_, .as_policy = true};
    policy_.emplace(open_dated(align_.policy, {.load = load, .text = config_.text}));
    if (policy_->policy().clock) clock_ = *policy_->policy().clock;
    inputs_["policy"] = model::weights_hash(policy_->model());
    if (is_offline) {
      open_labelled();
    } else {
      open_judges();
    }
  }

  json manifest() {
    return run_manifest([this](FieldVisitor& v) { describe(v, config_); }, config_.process, inputs_);
  }

  json plan() {
    if (!config_.dump_ids.empty() && labelled_) dump_tokens(*labelled_, config_.dump_ids);
    if (!config_.dump_ids.empty() && !labelled_) dump_prompts();
    return manifest();
  }

  AlignResult run() {
    const json run = manifest();
    begin_run(align_.out, config_.is_resumed, run);
    return labelled_ ? offline(run) : self_play(run);
  }

 private:
  align::SelfPlayHooks hooks() const {
    return {.log = hooks_.log, .progress = hooks_.progress, .should_stop = hooks_.should_stop};
  }

  void dump_prompts() const {
    io::TextWriter out(config_.dump_ids);
    for (const align::PolicyPrompt& prompt : prompts_) {
      nlohmann::ordered_json line = {{"id", prompt.row.contains("id") ? prompt.row["id"] : nlohmann::ordered_json()},
                                     {"token_ids", {prompt.ids}}};
      out.write(line.dump() + "\n");
    }
    out.commit();
  }

  model::Reader open_judge(const std::string& directory) {
    return open_dated(directory, {.load = {.dtype = float_type(align_.dtype), .device = device_}, .text = {}});
  }

  // Who records no date has that of the run, and a resumed run has that of its beginning.
  model::Reader open_dated(const std::string& directory, model::ReaderOptions options) {
    options.default_clock = clock_;
    model::Reader reader = open_reader(directory, options, config_.process, hooks_);
    if (reader.encoder().reads_clock() && reader.policy().clock == clock_) config_.text.clock = clock_;
    return reader;
  }

  void open_judges() {
    const std::string& eval_file = align_.eval_prompts.empty() ? align_.prompts : align_.eval_prompts;
    prompts_ = align::read_prompts(align_.prompts, policy_->encoder());
    eval_prompts_ = align::read_prompts(eval_file, policy_->encoder());
    inputs_["prompts"] = content_hash(align_.prompts);
    inputs_["eval_prompts"] = content_hash(eval_file);
    judge_.emplace(open_judge(align_.judge));
    inputs_["judge"] = model::weights_hash(judge_->model());
    if (!align_.referee.empty()) {
      referee_.emplace(open_judge(align_.referee));
      inputs_["referee"] = model::weights_hash(referee_->model());
    }
    if (config_.judge_data.empty()) return;
    data::DataOptions files = config_.data;
    files.data = config_.judge_data;
    judge_pool_ = open_tokens(open_groups(files, {}, hooks_), *judge_, files, {}, hooks_);
    inputs_["judge_data"] = judge_pool_->groups().content_hash();
  }

  void open_labelled() {
    const Wanted wanted{.unlabelled = true};
    labelled_ = open_tokens(open_groups(config_.data, wanted, hooks_), *policy_, config_.data, wanted, hooks_);
    inputs_["data"] = labelled_->groups().content_hash();
  }

  AlignResult self_play(const json& run) {
    const align::SelfPlayInput input{.config = align_,
                                     .prompts = prompts_,
                                     .eval_prompts = eval_prompts_,
                                     .policy = &*policy_,
                                     .judge = &*judge_,
                                     .rondo = rondo_object(run),
                                     .referees = referees(),
                                     .answers = answers(),
                                     .judge_pool = judge_pool_.get(),
                                     .spool_folder = hooks_.spool_folder,
                                     .device = device_};
    const align::SelfPlayResult result = align::run_self_play(input, hooks());
    AlignResult summary{.interrupted = result.interrupted,
                        .iterations = static_cast<int64_t>(result.iterations.size()),
                        .loop = {},
                        .warnings = {}};
    if (result.interrupted) return summary;
    summary.warnings = report::align_warnings(result.iterations);
    report::write_align_report(
        {.title = "Alignment of " + align_.policy, .iterations = result.iterations, .manifest = run}, report_file());
    return summary;
  }

  AlignResult offline(const json& run) {
    const train::LoopResult result = align::train_offline(align_, *policy_, *labelled_, rondo_object(run), hooks());
    if (!result.interrupted) {
      report::write_training_report({.title = "Training of " + align_.out,
                                     .rows = train::read_metrics(fs::path(align_.out) / "metrics.jsonl"),
                                     .held_out = {},
                                     .manifest = run},
                                    report_file());
    }
    return {.interrupted = result.interrupted, .loop = result};
  }

  fs::path report_file() const { return fs::path(align_.out) / "report.html"; }

  // What config.json of a policy keeps of the run; run.json beside it has all of it.
  json rondo_object(const json& run) const {
    json rondo = policy_->rondo_object();
    rondo["training"] = {
        {"objective", align_.objective.objective}, {"seed", run.at("seed")}, {"inputs", run.at("inputs")}};
    return rondo;
  }

  // A function of texts: what `read` makes of the rows that the command writes about them.
  template <typename Read>
  auto asking(OutsideCommand command, Read* read) const {
    return [this, command = std::move(command), read](std::span<const align::JudgedTexts> texts) {
      const ExchangeFolder folder(hooks_.spool_folder);
      const fs::path question = folder.path() / "rows.jsonl", reply = folder.path() / "reply.jsonl";
      align::write_unlabelled(question, texts);
      if (!run_command(command, question, reply, hooks_.should_stop)) throw align::Interrupted();
      return read(reply, texts);
    };
  }

  std::vector<align::NamedReferee> referees() const {
    std::vector<align::NamedReferee> list;
    if (referee_) {
      const align::JudgingOptions options{.token_budget = align_.generate.token_budget, .progress = hooks_.progress};
      list.push_back({"referee", [this, options](std::span<const align::JudgedTexts> texts) {
                        return align::judge_probabilities(*referee_, texts, options);
                      }});
    }
    if (!align_.referee_command.empty())
      list.push_back({"command", asking({"referee_command", align_.referee_command}, &align::read_labels)});
    return list;
  }

  align::Answers answers() const {
    if (align_.answer_command.empty()) return {};
    return asking({"answer_command", align_.answer_command}, &align::read_answers);
  }

  AlignConfig config_;
  align::AlignConfig& align_;
  const Hooks& hooks_;
  at::Device device_ = at::kCPU;
  int64_t clock_ = text::local_clock();
  std::optional<model::Reader> policy_, judge_, referee_;
  std::vector<align::PolicyPrompt> prompts_, eval_prompts_;
  std::unique_ptr<data::TokenStore> judge_pool_, labelled_;
  json inputs_ = json::object();
};

}  // namespace

void describe(FieldVisitor& v, AlignConfig& c) {
  describe(v, c.align);
  v.texts("data", c.data.data, "responses and labels that are there already, instead of a judge and prompts");
  v.texts("judge_data", c.judge_data, "labelled files that a refreshed judge sees beside fresh labels");
  v.texts("rename", c.data.rename, "column renames in data and judge_data, question=prompt");
  v.integer("max_bad", c.data.max_bad, "bad rows allowed in data and judge_data", 0, kManyRows);
  data::describe_length(v, c.data);
  describe(v, c.text);
  describe_device(v, c.device);
  describe_dtype(v, c.align.dtype);
}

AlignConfig resumed_alignment(const std::string& folder) {
  AlignConfig config;
  read_run(
      folder, [&config](FieldVisitor& v) { describe(v, config); }, config.process);
  config.align.out = folder;
  config.is_resumed = true;
  return config;
}

json plan_alignment(const AlignConfig& config, const Hooks& hooks) { return Alignment(config, hooks).plan(); }

AlignResult align(const AlignConfig& config, const Hooks& hooks) { return Alignment(config, hooks).run(); }

}  // namespace rondo::runs
