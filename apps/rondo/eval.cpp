// SPDX-License-Identifier: Apache-2.0
// rondo eval: how well models agree with labels, with intervals, null baselines and the paired difference.
#include <fmt/format.h>

#include "apps/rondo/cli.h"
#include "apps/rondo/open.h"
#include "rondo/base/error.h"
#include "rondo/eval/runner.h"
#include "rondo/io/atomic_file.h"
#include "rondo/metrics/evaluation.h"

namespace rondo::cli {
namespace {

using nlohmann::ordered_json;

struct EvalConfig {
  std::vector<std::string> models;
  DataFlags data;
  TextFlags text;
  std::string device = "cpu";
  std::string json;
  std::string dump;
  bool subsets = false;
  bool swap_check = false;
  bool deterministic = false;
  int64_t token_budget = 16384;
  int64_t resamples = 1000;
};

void describe(FieldVisitor& v, EvalConfig& c) {
  v.texts("model", c.models, "model directory; several are compared with the first");
  describe(v, c.data);
  describe(v, c.text);
  describe_device(v, c.device);
  v.text("json", c.json, "file for the results; - prints them alone on standard output");
  v.text("dump", c.dump, "JSONL file with every comparison and its score");
  v.boolean("subsets", c.subsets, "results per subset as well");
  v.boolean("swap_check", c.swap_check, "print the largest |s(i,j) + s(j,i)|");
  v.boolean("deterministic", c.deterministic, "bit-equal scores whatever the batch; slower");
  v.integer("token_budget", c.token_budget, "tokens of a forward pass", 1, int64_t{1} << 31);
  v.integer("resamples", c.resamples, "bootstrap resamples", 20, 1000000);
}

// Where the lines of the table go.
using LineSink = std::function<void(const std::string&)>;

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

void print_judgement(const std::string& name, const metrics::Evaluation& j, const model::ScoringCost& cost,
                     const LineSink& say) {
  say(fmt::format("{}", name));
  say(fmt::format("  accuracy    {}  [{}, {}]  over {} comparisons ({} even), intervals over {} {}",
                  percent(j.agreement.accuracy), percent(j.accuracy.low), percent(j.accuracy.high), j.comparisons,
                  j.even, j.bootstrap.unit_count, j.bootstrap.units));
  say(fmt::format("  log-loss    {:.4f}  [{:.4f}, {:.4f}]   Brier {:.4f}   ECE {:.4f}", j.agreement.log_loss,
                  j.log_loss.low, j.log_loss.high, j.agreement.brier, j.ece));
  const ordered_json keys = metrics::to_json(j);
  if (!keys["cyclic_triads"].is_null() && keys["cyclic_triads"] != 0) {
    say(fmt::format("  cyclic      {} triads, all three edges right in {}", keys["cyclic_triads"].dump(),
                    keys["cyclic_triads_right"].is_number() ? percent(keys["cyclic_triads_right"]) : "-"));
  }
  say(fmt::format("  baselines   longest {}, shortest {}, random {}, first {}", percent(j.baselines.longest),
                  percent(j.baselines.shortest), percent(j.baselines.random), percent(j.baselines.first)));
  say(fmt::format("  cost        {}, {} tokens", model::queries_text(cost), cost.tokens));
}

void dump_rows(io::AtomicFile& file, const std::string& model, const eval::ScoredData& scored, double tau,
               const data::TokenStore& store) {
  for (const metrics::ScoredComparison& c : scored.comparisons) {
    const data::GroupInfo info = store.groups().info(c.group);
    const ordered_json row = {{"model", model},     {"group", c.group},
                              {"id", info.id},      {"subset", info.subset},
                              {"i", c.i},           {"j", c.j},
                              {"p", c.p},           {"weight", c.weight},
                              {"score", c.z * tau}, {"probability", 1 / (1 + std::exp(-c.z))}};
    file.write(row.dump() + "\n");
  }
}

struct Judged {
  std::string name;
  metrics::Evaluation judgement;
  ordered_json json;
};

Judged judge_model(const std::string& directory, const EvalConfig& config, at::Device device, io::AtomicFile* dump,
                   const LineSink& say, Session& session) {
  const OpenModel open = open_model(directory, {.device = device}, config.text, session);
  const auto store = open_data(config.data, open, /*allow_unlabelled=*/false, session);
  const model::ScoringOptions scoring{.token_budget = config.token_budget, .deterministic = config.deterministic};
  const eval::ScoredData scored = eval::score_data(open.model(), *store, scoring, session.progress);
  const metrics::EvaluateOptions options{
      .bootstrap = {.resamples = config.resamples, .seed = static_cast<uint64_t>(session.seed)}};
  Judged judged{directory, metrics::evaluate(scored.comparisons, options), {}};
  judged.json = metrics::to_json(judged.judgement);
  judged.json["model"] = directory;
  judged.json["model_hash"] = model::weights_hash(open.model());
  judged.json["data_hash"] = store->groups().content_hash();
  judged.json["transitive_share"] = scored.transitive_share;
  judged.json["queries"] = scored.cost.queries;
  judged.json["linear_queries"] = scored.cost.responses;
  judged.json["tokens"] = scored.cost.tokens;
  print_judgement(directory, judged.judgement, scored.cost, say);
  if (config.swap_check) {
    judged.json["largest_swap_gap"] = scored.largest_swap_gap;
    say(fmt::format("  swap        largest |s(i,j) + s(j,i)| = {}", scored.largest_swap_gap));
  }
  if (config.subsets) {
    for (const auto& [name, subset] : metrics::evaluate_subsets(scored.comparisons, scored.subset_of_group, options)) {
      judged.json["subsets"][name] = metrics::to_json(subset);
      say(fmt::format("  {:<24} {}  over {} comparisons", name.empty() ? "(no subset)" : name,
                      percent(subset.agreement.accuracy), subset.comparisons));
    }
  }
  if (dump != nullptr) dump_rows(*dump, directory, scored, open.model().head_config().tau, *store);
  return judged;
}

void run_eval(const EvalConfig& config, Session& session) {
  if (config.models.empty()) throw ConfigError("a flag is missing: --model; --help explains it");
  use_threads(session);
  const at::Device device = open_device(config.device);
  // A wrong name is said now, not when the models before it are judged. No weights are read for that.
  for (size_t k = 1; k < config.models.size(); ++k) (void)open_encoder(config.models[k], config.text, session.base);
  std::unique_ptr<io::AtomicFile> dump;
  if (!config.dump.empty()) dump = std::make_unique<io::AtomicFile>(config.dump);
  // Results for a program and the table for people do not mix on standard output.
  const bool pipes = config.json == "-";
  const LineSink say =
      pipes ? [&session](const std::string& line) { session.log(LogLevel::kInfo, line); } : LineSink(&print_line);
  std::vector<Judged> judged;
  for (const std::string& directory : config.models)
    judged.push_back(judge_model(directory, config, device, dump.get(), say, session));
  ordered_json result = judged.front().json;
  if (judged.size() > 1) {
    result = {{"models", ordered_json::array()}, {"differences", ordered_json::array()}};
    for (const Judged& one : judged) result["models"].push_back(one.json);
    for (size_t k = 1; k < judged.size(); ++k) {
      const metrics::Difference d = metrics::difference(judged[k].judgement, judged.front().judgement);
      ordered_json row = metrics::to_json(d);
      row["model"] = judged[k].name;
      row["against"] = judged.front().name;
      result["differences"].push_back(row);
      say(fmt::format("{} against {}: accuracy {:+.2f} points [{:+.2f}, {:+.2f}]: {}", judged[k].name,
                      judged.front().name, 100 * d.accuracy, 100 * d.accuracy_interval.low,
                      100 * d.accuracy_interval.high, metrics::verdict(d)));
    }
  }
  if (dump) dump->commit();
  if (pipes)
    print_line(result.dump(2));
  else if (!config.json.empty())
    io::write_file(config.json, result.dump(2) + "\n");
}

Runner setup(CLI::App& app) {
  auto config = std::make_shared<EvalConfig>();
  FlagBinder binder(app);
  describe(binder, *config);
  return [config](Session& session) { run_eval(*config, session); };
}

}  // namespace

constinit const VerbEntry eval_entry{
    .name = "eval",
    .summary = "judge models against labelled comparisons",
    .setup = &setup,
};

}  // namespace rondo::cli
