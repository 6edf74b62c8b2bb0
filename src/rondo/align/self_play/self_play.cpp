// SPDX-License-Identifier: Apache-2.0
#include "rondo/align/self_play/self_play.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>

#include "rondo/align/self_play/iterates.h"
#include "rondo/align/self_play/labels.h"
#include "rondo/align/self_play/statistics.h"
#include "rondo/base/error.h"
#include "rondo/base/hash.h"
#include "rondo/base/random.h"
#include "rondo/generate/rows.h"
#include "rondo/io/atomic_file.h"
#include "rondo/io/json.h"
#include "rondo/io/mapped_file.h"
#include "rondo/io/part_file.h"
#include "rondo/model/directory.h"
#include "rondo/train/loop.h"

namespace rondo::align {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// Streams of the run's seed.
constexpr uint64_t kSamplingStream = 1, kOrderStream = 2, kContestStream = 3, kRefreshStream = 4;
// Nats beyond which a target of a response says that beta is on another scale than the judge.
constexpr double kAbsurdTarget = 100;

class SelfPlay {
 public:
  SelfPlay(const SelfPlayInput& input, const SelfPlayHooks& hooks)
      : input_(input),
        config_(input.config),
        hooks_(hooks),
        refresh_(refresh_plan(input.config.refresh_judge)),
        iterates_(config_, *input.policy, input.device) {}

  SelfPlayResult run() {
    check_self_play(config_);
    SelfPlayResult result;
    try {
      for (int64_t t = 1; t <= config_.iterations; ++t) result.iterations.push_back(iteration(t));
    } catch (const Interrupted&) {
      result.interrupted = true;
      return result;
    }
    publish();
    return result;
  }

 private:
  fs::path folder(int64_t t) const { return iterates_.folder(t); }
  uint64_t seed(uint64_t stream, int64_t t) const {
    return Random(static_cast<uint64_t>(config_.seed)).split(stream).split(static_cast<uint64_t>(t)).next();
  }

  void stop_if_asked() const {
    if (hooks_.should_stop()) throw Interrupted();
  }

  // Runs `work` and adds its time to the iteration's.
  template <typename Work>
  auto timed(const char* name, const Work& work) {
    struct Stopwatch {
      double& seconds;
      std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
      ~Stopwatch() { seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); }
    };
    const Stopwatch watch{seconds_[name]};
    return work();
  }

  json iteration(int64_t t) {
    const fs::path manifest_path = folder(t) / "manifest.json";
    std::error_code error;
    if (!fs::exists(manifest_path)) make_iteration(t, manifest_path);
    // Only now: a run that dies before the manifest is there needs its checkpoints.
    for (const char* run : {"policy", "judge"}) fs::remove_all(folder(t) / run / "checkpoints", error);
    return read_round_manifest(manifest_path);
  }

  void make_iteration(int64_t t, const fs::path& manifest_path) {
    std::error_code error;
    fs::create_directories(folder(t) / "log_probs", error);
    if (error)
      throw ResourceError("cannot write the iteration: " + folder(t).string() + ": " + error.message() +
                          "; choose another `out`");
    seconds_.clear();
    json manifest = {{"iteration", t}};
    if (refresh_.is_due(t)) timed("refresh", [&] { return refresh(t); });
    use_judge(t);
    manifest["sampler_weights"] = iterates_.weights(t - 1);
    manifest["judge_weights"] = judge_weights_;
    const Samples samples = timed("generate", [&] { return sample(t); });
    const std::vector<Judgement> judged = timed("judge", [&] { return judge_samples(t, samples); });
    data::MemorySource groups(policy_groups(input_.prompts, samples));
    manifest["samples"] = sha256_hex(io::MappedFile(folder(t) / "samples.jsonl").bytes());
    optimise(t, samples, judged, groups, manifest);
    if (config_.eval_responses > 0) manifest["contest"] = timed("contest", [&] { return contest(t); });
    const int64_t a_prompt = config_.generate.responses * (judge().is_pairwise() ? config_.generate.responses - 1 : 1);
    manifest["queries"] = a_prompt * static_cast<int64_t>(input_.prompts.size());
    manifest["weights"] = iterates_.weights(t);
    manifest["seconds"] = seconds_;
    io::write_file(manifest_path, manifest.dump(2) + "\n");
    log_iteration(manifest);
  }

  fs::path judge_folder(int64_t t) const {
    for (; t > 1; --t) {
      if (refresh_.is_due(t)) return folder(t) / "judge";
    }
    return config_.judge;
  }

  const model::Reader& judge() const { return refreshed_ ? *refreshed_ : *input_.judge; }

  void use_judge(int64_t t) {
    if (judge().directory() != judge_folder(t).string()) {
      refreshed_.reset();  // memory first
      refreshed_.emplace(
          judge_folder(t).string(),
          model::ReaderOptions{.load = {.device = input_.device, .base = input_.judge->base()}, .text = {}});
      judge_weights_.clear();
    }
    if (judge_weights_.empty()) judge_weights_ = model::weights_hash(judge().model());
  }

  // Labels of the samples since the last refresh, and the judge trained on them.
  int refresh(int64_t t) {
    const fs::path labels = folder(t) / "labels.jsonl", out = folder(t) / "judge";
    if (!fs::exists(labels)) {
      std::vector<JudgedTexts> latest;
      for (int64_t from = t - refresh_.every; from < t; ++from) {
        for (JudgedTexts& texts :
             texts_of(input_.prompts, read_samples(folder(from) / "samples.jsonl", input_.prompts.size())))
          latest.push_back(std::move(texts));
      }
      if (input_.referees.empty()) wait_for_labels(t, latest, labels);
      label_samples(input_.referees.back(), latest, labels);
    }
    fs::create_directories(out);
    RefreshInput refresh{.judge = judge_folder(t - 1),
                         .base = input_.judge->base(),
                         .labels = labels,
                         .pool = input_.judge_pool,
                         .loop = config_.loop,
                         .device = input_.device,
                         .spool_folder = input_.spool_folder};
    refresh.loop.steps = refresh_.steps;
    refresh.loop.lr = config_.judge_lr;
    refresh.loop.token_budget = config_.generate.token_budget;
    refresh.loop.sampler.group_size = config_.generate.responses;
    refresh.loop.sampler.seed = seed(kRefreshStream, t);
    const train::LoopHooks hooks{.log = hooks_.log,
                                 .progress = hooks_.progress,
                                 .evaluate = {},
                                 .save_model = {},
                                 .should_stop = hooks_.should_stop};
    if (refresh_judge(refresh, out, hooks).interrupted) throw Interrupted();
    return 0;
  }

  // Nobody is there to ask: whoever labels (people, most often) finds the samples in a file and hands over another.
  [[noreturn]] void wait_for_labels(int64_t t, std::span<const JudgedTexts> latest, const fs::path& labels) const {
    const fs::path questions = folder(t) / "unlabelled.jsonl";
    write_unlabelled(questions, latest);
    hooks_.log(
        LogLevel::kWarning,
        fmt::format("iteration {} waits for labels: {} holds the samples; put comparisons of them, in any shape of "
                    "`rondo list shapes`, into {}",
                    t, questions.string(), labels.string()));
    throw Interrupted();
  }

  // Responses of a policy to prompts, from the file where they are there already. Finished prompts collect beside it.
  Samples responses(const fs::path& file, int64_t which, const std::vector<PolicyPrompt>& prompts,
                    const generate::GenerateOptions& options) {
    const fs::path beside = file.string() + ".part";
    if (fs::exists(file)) {
      fs::remove(beside);  // left by a run that died between the two
      return read_samples(file, prompts.size());
    }
    io::PartFile part(beside.string(),
                      {{"weights", iterates_.weights(which)}, {"seed", options.seed}, {"prompts", prompts.size()}});
    Samples samples;
    part.for_each([&](const std::string& line) { samples.push_back(generate::responses_of(parsed(line, file))); });
    const size_t before = samples.size();
    std::vector<generate::TokenPrompt> tokens;
    for (size_t p = before; p < prompts.size(); ++p) tokens.push_back({prompts[p].ids, p});
    generate::generate(
        iterates_.get(which), input_.policy->encoder().tokenizer(), tokens, options,
        [&](size_t index, std::vector<generate::GeneratedResponse> group) {
          part.add(sample_line(prompts[before + index], group));
          samples.push_back(std::move(group));
          hooks_.progress(static_cast<int64_t>(samples.size()), static_cast<int64_t>(prompts.size()), "sampling");
        },
        hooks_.should_stop);
    if (samples.size() < prompts.size()) throw Interrupted();
    write_samples(file, prompts, samples);
    part.remove();
    return samples;
  }

  static nlohmann::ordered_json parsed(const std::string& line, const fs::path& file) {
    nlohmann::ordered_json row;
    const std::string fact = io::try_parse_json(line, row);
    if (fact.empty()) return row;
    throw DataError("cannot continue sampling: " + file.string() + ".part: " + fact + "; remove the file");
  }

  Samples sample(int64_t t) {
    generate::GenerateOptions options = config_.generate;
    options.seed = seed(kSamplingStream, t);
    options.stop_ids = input_.policy->stop_ids();
    Samples samples = responses(folder(t) / "samples.jsonl", t - 1, input_.prompts, options);
    const int64_t uniform = uniform_prompts(samples);
    const auto count = static_cast<int64_t>(samples.size());
    if (objective_by_name(config_.objective.objective).learns_from == LearnsFrom::kResponses) return samples;
    if (uniform == count) {
      throw DataError(fmt::format(
          "the policy gives the same response every time: iteration {}: {} prompts, {} responses each; raise "
          "`temperature`, or strengthen the pull to the base (`beta`, `magnet` base)",
          t, count, config_.generate.responses));
    }
    if (uniform > 0)
      hooks_.log(LogLevel::kWarning,
                 fmt::format("iteration {}: all responses to {} of {} prompts are equal", t, uniform, count));
    return samples;
  }

  std::vector<Judgement> judge_samples(int64_t t, const Samples& samples) {
    stop_if_asked();
    const fs::path file = folder(t) / "judged.safetensors";
    if (!fs::exists(file)) {
      std::vector<Judgement> judged;
      for (JudgedGroup& group : judge_texts(judge(), texts_of(input_.prompts, samples), judging()))
        judged.push_back(std::move(group.judgement));
      write_judgements(file, judged);
    }
    return read_judgements(file, static_cast<int64_t>(samples.size()), static_cast<int64_t>(samples.front().size()));
  }

  JudgingOptions judging() const {
    return {.token_budget = config_.generate.token_budget, .progress = hooks_.progress};
  }

  static std::vector<std::string> texts(const std::vector<generate::GeneratedResponse>& responses) {
    std::vector<std::string> list;
    for (const generate::GeneratedResponse& r : responses) list.push_back(r.text);
    return list;
  }

  // What is judged of the samples.
  std::vector<JudgedTexts> texts_of(const std::vector<PolicyPrompt>& prompts, const Samples& samples) const {
    std::vector<JudgedTexts> list;
    for (size_t p = 0; p < prompts.size(); ++p) list.push_back({&prompts[p].prompt, texts(samples[p])});
    return input_.answers ? input_.answers(list) : list;
  }

  // The log-probabilities of iterate `which` on the samples of iteration t.
  StoredLogProbs log_probs(int64_t t, int64_t which, data::TokenSource& groups, const json& manifest) {
    stop_if_asked();
    const fs::path file =
        log_probs_file(folder(t) / "log_probs", iterates_.weights(which), manifest["samples"].get<std::string>());
    if (!fs::exists(file))
      StoredLogProbs(iterates_.get(which), groups, config_.generate.token_budget, hooks_.progress).save(file);
    return {file, groups};
  }

  void optimise(int64_t t, const Samples& samples, const std::vector<Judgement>& judged, data::MemorySource& groups,
                json& manifest) {
    const std::optional<int64_t> magnet_at = magnet_iterate(config_.magnet, t);
    std::map<int64_t, StoredLogProbs> stored;
    timed("log_probs", [&] {
      for (const int64_t which : {int64_t{0}, t - 1, reference_iterate(config_, t), magnet_at.value_or(0)}) {
        if (!stored.contains(which)) stored.emplace(which, log_probs(t, which, groups, manifest));
      }
      return 0;
    });
    manifest["statistics"] = sample_statistics(samples, stored.at(t - 1), stored.at(0));
    manifest["statistics"].update(judgement_statistics(judged));
    const PolicyEvidence evidence{.judged = judged,
                                  .reference = &stored.at(reference_iterate(config_, t)),
                                  .last = &stored.at(t - 1),
                                  .magnet = magnet_at ? &stored.at(*magnet_at) : nullptr};
    ObjectiveConfig objective_config = config_.objective;
    objective_config.iteration = t;
    const model::Model& policy = iterates_.begin_training(t);
    const PolicyObjective objective(policy, objective_config, evidence, config_.limits);
    manifest["targets"] = announce_targets(t, objective, objective_config, groups, manifest);
    train::LoopConfig loop = config_.loop;
    loop.token_budget = config_.generate.token_budget;
    loop.sampler.seed = seed(kOrderStream, t);
    if (loop.steps == 0) loop.steps = train::steps_of_epochs(groups, loop.sampler, config_.epochs);
    const train::LoopResult result = timed("train", [&] {
      return train::run_loop(policy, groups, objective, loop, iterates_.policy_folder(t), loop_hooks(t, policy));
    });
    if (result.interrupted) throw Interrupted();
    iterates_.finish_training(t);
    manifest["steps"] = result.state.step;
    manifest["skipped_updates"] = result.state.skipped_updates;
  }

  train::LoopHooks loop_hooks(int64_t t, const model::Model& policy) {
    std::error_code error;
    fs::create_directories(iterates_.policy_folder(t), error);
    if (error)
      throw ResourceError("cannot write the policy: " + iterates_.policy_folder(t).string() + ": " + error.message());
    return {.log = hooks_.log,
            .progress = hooks_.progress,
            .evaluate = {},
            .save_model =
                [this, &policy](const fs::path& target) {
                  model::save(policy, input_.rondo, target, input_.policy->files().tokenizer);
                },
            .should_stop = hooks_.should_stop};
  }

  // Says before training what the objective asks for: a beta on another scale than the judge shows here.
  json announce_targets(int64_t t, const PolicyObjective& objective, const ObjectiveConfig& config,
                        data::MemorySource& groups, const json& manifest) {
    if (objective_by_name(config.objective).target == nullptr) return nullptr;
    std::vector<PolicyGroup> at_reference;
    std::vector<std::shared_ptr<const TokenGroup>> held;
    for (int64_t g = 0; g < groups.size(); ++g) {
      held.push_back(groups.get(g));
      GroupSelection selection = select_all(*held.back());
      selection.index = g;
      at_reference.push_back(objective.group_at_reference(selection));
    }
    const json targets = target_statistics(config, at_reference);
    const double low = targets["low"], high = targets["high"], mean = targets["mean_abs"];
    const double length = manifest["statistics"]["length_mean"];
    hooks_.log(
        LogLevel::kInfo,
        fmt::format("iteration {}: targets from {:.3g} to {:.3g} nats a response, {:.3g} on average; a full step "
                    "moves the mean token by {:.3g} nats",
                    t, low, high, mean, mean / length));
    if (std::max(-low, high) > kAbsurdTarget) {
      hooks_.log(LogLevel::kWarning,
                 fmt::format("targets of {:.3g} nats make a response {:.0e} times as likely: is `beta` {:g} meant for "
                             "probabilities? It is in log-odds here",
                             std::max(-low, high), std::exp(std::min(700.0, std::max(-low, high))), config.beta));
    }
    return targets;
  }

  // Iterate t against the base and the iterate before.
  json contest(int64_t t) {
    std::vector<Contestant> contestants;
    for (const int64_t which : {t, int64_t{0}, t - 1}) {
      if (which == 0 && contestants.size() == 2) break;
      stop_if_asked();
      fs::create_directories(folder(which));
      generate::GenerateOptions options = config_.generate;
      options.responses = config_.eval_responses;
      options.seed = seed(kContestStream, which);
      options.stop_ids = input_.policy->stop_ids();
      const Samples samples = responses(folder(which) / "contest.jsonl", which, input_.eval_prompts, options);
      Contestant& contestant = contestants.emplace_back(Contestant{which == 0 ? "base" : "previous", {}});
      for (JudgedTexts& judged : texts_of(input_.eval_prompts, samples))
        contestant.responses.push_back(std::move(judged.responses));
    }
    std::vector<const Prompt*> prompts;
    for (const PolicyPrompt& prompt : input_.eval_prompts) prompts.push_back(&prompt.prompt);
    std::vector<NamedReferee> referees = {
        {"judge", [this](std::span<const JudgedTexts> read) { return judge_probabilities(judge(), read, judging()); }}};
    referees.insert(referees.end(), input_.referees.begin(), input_.referees.end());
    return hold_contest(prompts, contestants, referees, static_cast<uint64_t>(config_.seed));
  }

  void log_iteration(const json& manifest) {
    const json& s = manifest["statistics"];
    std::string line = fmt::format("iteration {}: sampled at entropy {:.3g}, KL to base {:.3g}, mean length {:.1f}",
                                   manifest["iteration"].get<int64_t>(), s["entropy"].get<double>(),
                                   s["kl_to_base"].get<double>(), s["length_mean"].get<double>());
    const json contest = manifest.value("contest", json::object());
    for (const auto& [referee, opponents] : contest.items())
      line += fmt::format(", {}: {:.3f} against the base", referee, opponents["base"]["win_rate"].get<double>());
    hooks_.log(LogLevel::kInfo, line);
  }

  // The last iterate is the run's result: OUT itself is its model directory.
  void publish() {
    model::save(iterates_.get(config_.iterations), input_.rondo, config_.out, input_.policy->files().tokenizer);
  }

  const SelfPlayInput& input_;
  const AlignConfig& config_;
  const SelfPlayHooks& hooks_;
  RefreshPlan refresh_;
  Iterates iterates_;
  std::optional<model::Reader> refreshed_;
  std::string judge_weights_;
  std::map<std::string, double> seconds_;
};

}  // namespace

SelfPlayResult run_self_play(const SelfPlayInput& input, const SelfPlayHooks& hooks) {
  return SelfPlay(input, hooks).run();
}

}  // namespace rondo::align
