// SPDX-License-Identifier: Apache-2.0
#include "apps/rondo/align_policy.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>

#include "apps/rondo/data_flags.h"
#include "apps/rondo/interrupt.h"
#include "apps/rondo/run_folder.h"
#include "rondo/align/self_play/labels.h"
#include "rondo/align/self_play/offline.h"
#include "rondo/align/self_play/self_play.h"
#include "rondo/base/error.h"
#include "rondo/base/hash.h"
#include "rondo/io/config_json.h"
#include "rondo/io/mapped_file.h"
#include "rondo/report/align_report.h"
#include "rondo/report/training_report.h"
#include "rondo/train/metrics_log.h"

namespace rondo::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// Everything that run.json keeps: a resumed run is told nothing else.
void describe_run(FieldVisitor& v, AlignFlags& f) {
  align::describe(v, f.config);
  v.texts("data", f.data.data, "responses and labels that are there already, instead of --judge and --prompts");
  v.texts("judge_data", f.judge_data, "labelled files that a refreshed judge sees beside fresh labels");
  v.texts("rename", f.data.rename, "column renames in --data and --judge-data, question=prompt");
  v.integer("max_bad", f.data.max_bad, "bad rows allowed in --data and --judge-data", 0, kManyRows);
  describe_length(v, f.data);
  describe(v, f.text);
  describe_device(v, f.device);
}

// A shell command of the user that reads rows and writes rows.
struct OutsideCommand {
  std::string flag;
  std::string line;
};

// A folder for the files that a command reads and writes.
class ExchangeFolder {
 public:
  ExchangeFolder() {
    std::string pattern = (fs::temp_directory_path() / "rondo-rows-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr)
      throw ResourceError("cannot make a folder for rows: " + pattern + "; set TMPDIR to a writable one");
    path_ = pattern;
  }
  ~ExchangeFolder() {
    std::error_code error;
    fs::remove_all(path_, error);
  }
  ExchangeFolder(const ExchangeFolder&) = delete;
  ExchangeFolder& operator=(const ExchangeFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// What `read` makes of the rows that the command writes about the texts.
template <typename Read>
auto ask(const OutsideCommand& command, std::span<const align::JudgedTexts> texts, const Read& read) {
  const ExchangeFolder folder;
  const fs::path question = folder.path() / "rows.jsonl", reply = folder.path() / "reply.jsonl";
  align::write_unlabelled(question, texts);
  const std::string line = fmt::format("( {} ) < '{}' > '{}'", command.line, question.string(), reply.string());
  const int status = std::system(line.c_str());
  if (status != 0)
    throw ResourceError(
        fmt::format("the command failed: {}: status {}: {}; it reads rows on its input and writes one "
                    "for each to its output",
                    command.flag, status, command.line));
  return read(reply, texts);
}

class AlignRun {
 public:
  AlignRun(AlignFlags flags, Session& session) : flags_(std::move(flags)), config_(flags_.config), session_(session) {}

  void run() {
    check_flags();
    use_threads(session_);
    device_ = open_device(flags_.device);
    policy_ = open_model(config_.policy, {.device = device_, .as_policy = true}, flags_.text, session_);
    if (flags_.data.data.empty()) {
      self_play();
    } else {
      offline();
    }
  }

 private:
  void check_flags() const {
    require_flag(config_.policy, "--policy");
    require_flag(config_.out, "--out");
    if (flags_.data.data.empty()) {
      require_flag(config_.judge, "--judge");
      require_flag(config_.prompts, "--prompts");
    } else if (!config_.judge.empty() || !config_.prompts.empty()) {
      throw ConfigError("labelled --data and a --judge with --prompts exclude each other; choose one");
    } else if (!config_.answer_command.empty()) {
      throw ConfigError("nothing is judged with --data, so --answer-command has no use; leave one of them out");
    }
  }

  align::SelfPlayHooks hooks() const {
    return {.log = session_.log, .progress = session_.progress, .should_stop = &interrupted};
  }

  void self_play() {
    align::SelfPlayInput input{.config = config_,
                               .prompts = align::read_prompts(config_.prompts, *policy_.encoder),
                               .eval_prompts = {},
                               .encoder = policy_.encoder.get(),
                               .stop_ids = stop_ids(policy_),
                               .rondo = {},
                               .judge = {},
                               .referees = {},
                               .answers = {},
                               .device = device_};
    const std::string& eval_file = config_.eval_prompts.empty() ? config_.prompts : config_.eval_prompts;
    input.eval_prompts = align::read_prompts(eval_file, *policy_.encoder);
    input.judge = open_judge(config_.judge, judge_);
    add_referees(input);
    if (!config_.answer_command.empty()) {
      input.answers = [command = OutsideCommand{"--answer-command", config_.answer_command}](
                          std::span<const align::JudgedTexts> texts) {
        return ask(command, texts, align::read_answers);
      };
    }
    json contents = {{"prompts", content_hash(config_.prompts)}, {"eval_prompts", content_hash(eval_file)}};
    std::unique_ptr<data::TokenStore> pool;
    if (!flags_.judge_data.empty()) {
      DataFlags files = flags_.data;
      files.data = flags_.judge_data;
      pool = open_data(files, judge_, /*allow_unlabelled=*/false, session_);
      input.judge_pool = pool.get();
      contents["judge_data"] = pool->groups().content_hash();
    }
    input.spool_folder = spool_folder();
    const json run = resolved(std::move(contents));
    if (!begin(run)) return;
    input.rondo = rondo_object(run);
    const align::SelfPlayResult result = align::run_self_play(input, hooks());
    if (result.interrupted) return say_interrupted();
    for (const std::string& warning : report::align_warnings(result.iterations))
      session_.log(LogLevel::kWarning, warning);
    report::write_align_report(
        {.title = "Alignment of " + config_.policy, .iterations = result.iterations, .manifest = run},
        fs::path(config_.out) / "report.html");
    session_.log(LogLevel::kInfo, fmt::format("{} iterations; policy in {}, report in {}/report.html",
                                              result.iterations.size(), config_.out, config_.out));
  }

  void offline() {
    const auto store = open_data(flags_.data, policy_, /*allow_unlabelled=*/true, session_);
    const json run = resolved({{"data", store->groups().content_hash()}});
    if (!begin(run)) return;
    const train::LoopResult result = align::train_offline(config_, *store, rondo_object(run), device_, hooks());
    if (result.interrupted) return say_interrupted();
    report::write_training_report({.title = "Training of " + config_.out,
                                   .rows = train::read_metrics(fs::path(config_.out) / "metrics.jsonl"),
                                   .held_out = {},
                                   .manifest = run},
                                  fs::path(config_.out) / "report.html");
    session_.log(LogLevel::kInfo, fmt::format("{} steps in {:.1f} s; policy in {}", result.state.step,
                                              result.state.seconds, config_.out));
  }

  align::Judge open_judge(const std::string& directory, OpenModel& opened) {
    opened = open_model(directory, {.device = device_}, {}, session_);
    return {.name = directory, .model = &opened.model(), .encoder = opened.encoder.get()};
  }

  void add_referees(align::SelfPlayInput& input) {
    if (!config_.referee.empty()) {
      const align::Judge judge = open_judge(config_.referee, referee_);
      const align::JudgingOptions options{.token_budget = config_.generate.token_budget, .progress = session_.progress};
      input.referees.push_back({"referee", [judge, options](std::span<const align::JudgedTexts> texts) {
                                  return align::judge_probabilities(judge, texts, options);
                                }});
    }
    if (!config_.referee_command.empty()) {
      const OutsideCommand command{"--referee-command", config_.referee_command};
      input.referees.push_back({"command", [command](std::span<const align::JudgedTexts> texts) {
                                  return ask(command, texts, align::read_labels);
                                }});
    }
  }

  static std::string content_hash(const std::string& file) { return sha256_hex(io::MappedFile(file).bytes()); }

  json resolved(json inputs) {
    io::ConfigWriter writer;
    describe_run(writer, flags_);
    inputs["policy"] = model::weights_hash(policy_.model());
    if (judge_.loaded.model) inputs["judge"] = model::weights_hash(judge_.model());
    if (referee_.loaded.model) inputs["referee"] = model::weights_hash(referee_.model());
    return {{"version", session_.version},
            {"config", writer.json()},
            {"seed", config_.seed},
            {"inputs", inputs},
            {"threads", session_.threads}};
  }

  // What the config.json of a policy keeps of the run; run.json beside it has all of it.
  json rondo_object(const json& run) const {
    return {{"version", session_.version},
            {"text", policy_.text_json()},
            {"template_hash", policy_.encoder->template_hash()},
            {"training",
             {{"objective", config_.objective.objective}, {"seed", run.at("seed")}, {"inputs", run.at("inputs")}}}};
  }

  // False where only the plan was asked for.
  bool begin(const json& run) {
    if (flags_.dry_run) {
      print_line(run.dump(2));
      return false;
    }
    const std::optional<json> before = begin_run(config_.out, !flags_.resume.empty(), run);
    if (before && before->at("inputs") != run.at("inputs")) {
      throw DataError("what the run began with has changed: " + config_.out + "/run.json: inputs: was " +
                      before->at("inputs").dump() + ", is " + run.at("inputs").dump() +
                      "; restore it or start a new run");
    }
    catch_interrupt();
    return true;
  }

  void say_interrupted() {
    session_.log(LogLevel::kWarning, fmt::format("stopped; continue with `rondo align --resume {}`", config_.out));
    session_.exit_code = kInterruptedExit;
  }

  AlignFlags flags_;
  align::AlignConfig& config_;
  Session& session_;
  at::Device device_ = at::kCPU;
  OpenModel policy_, judge_, referee_;
};

AlignFlags resumed(const std::string& folder) {
  AlignFlags flags;
  const json run = read_run(folder, [&](FieldVisitor& v) { describe_run(v, flags); });
  flags.config.seed = run.at("seed");
  flags.config.out = folder;
  flags.resume = folder;
  return flags;
}

}  // namespace

void add_align_flags(CLI::App& verb, AlignFlags& flags) {
  FlagBinder binder(verb);
  describe_run(binder, flags);
  verb.add_option("--resume", flags.resume, "continue the run in this folder; other flags come from its run.json");
  verb.add_flag("--dry-run", flags.dry_run, "print the resolved config, train nothing");
}

void run_align(AlignFlags flags, Session& session) {
  flags.config.seed = session.seed;
  if (!flags.resume.empty()) flags = resumed(flags.resume);
  AlignRun(std::move(flags), session).run();
}

}  // namespace rondo::cli
