// SPDX-License-Identifier: Apache-2.0
// rondo eval: how well models agree with labels, with intervals, null baselines and the paired difference.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/rondo/cli.h"
#include "rondo/io/atomic_file.h"
#include "rondo/runs/evaluate.h"

namespace rondo::cli {
namespace {

struct EvalFlags {
  runs::EvaluateConfig config;
  std::string json;
};

// Where the lines of the table go.
using LineSink = std::function<void(const std::string&)>;

std::string percent(double share) { return std::isnan(share) ? "-" : fmt::format("{:.1f} %", 100 * share); }

// What a model has that decided something.
void print_measures(const metrics::Evaluation& j, const LineSink& say) {
  say(fmt::format("  log-loss    {:.4f}  [{:.4f}, {:.4f}]   Brier {:.4f}   ECE {:.4f}", j.agreement.log_loss,
                  j.log_loss.low, j.log_loss.high, j.agreement.brier, j.ece));
  const nlohmann::ordered_json keys = metrics::to_json(j);
  if (!keys["cyclic_triads"].is_null() && keys["cyclic_triads"] != 0) {
    say(fmt::format("  cyclic      {} triads, all three edges right in {}", keys["cyclic_triads"].dump(),
                    keys["cyclic_triads_right"].is_number() ? percent(keys["cyclic_triads_right"]) : "-"));
  }
  say(fmt::format("  baselines   longest {}, shortest {}, random {}, first {}", percent(j.baselines.longest),
                  percent(j.baselines.shortest), percent(j.baselines.random), percent(j.baselines.first)));
}

void print_model(const runs::EvaluatedModel& judged, const runs::EvaluateConfig& config, const LineSink& say) {
  const metrics::Evaluation& j = judged.evaluation;
  say(judged.name);
  say(fmt::format("  accuracy    {}  [{}, {}]  over {} comparisons ({} even), intervals over {} {}",
                  percent(j.agreement.accuracy), percent(j.accuracy.low), percent(j.accuracy.high), j.comparisons,
                  j.even, j.bootstrap.unit_count, j.bootstrap.units));
  if (judged.undecided > 0) {
    say(fmt::format(
        "  undecided   {} further comparisons, whose responses have the same tokens: left out of everything",
        judged.undecided));
  }
  if (j.comparisons > 0) print_measures(j, say);
  say(fmt::format("  cost        {}, {} tokens", model::queries_text(judged.cost), judged.cost.tokens));
  if (config.swap_check) say(fmt::format("  swap        largest |s(i,j) + s(j,i)| = {}", judged.largest_swap_gap));
  for (const auto& [name, subset] : judged.subsets) {
    say(fmt::format("  {:<24} {}  over {} comparisons", name.empty() ? "(no subset)" : name,
                    percent(subset.agreement.accuracy), subset.comparisons));
  }
}

void print_differences(const runs::EvaluateResult& result, const LineSink& say) {
  for (size_t k = 1; k < result.models.size(); ++k) {
    const metrics::Difference& d = result.differences[k - 1];
    const std::string& first = result.models.front().name;
    const int64_t own = result.models[k].evaluation.comparisons,
                  of_first = result.models.front().evaluation.comparisons;
    if (d.comparisons == 0) {
      say(fmt::format("{} against {}: not compared: no comparison was decided by both", result.models[k].name, first));
      continue;
    }
    if (d.comparisons < std::max(own, of_first)) {
      say(fmt::format("{} and {} are compared on the {} comparisons that both decided, of {} and {}",
                      result.models[k].name, first, d.comparisons, own, of_first));
    }
    say(fmt::format("{} against {}: accuracy {:+.2f} points [{:+.2f}, {:+.2f}]: {}", result.models[k].name, first,
                    100 * d.accuracy, 100 * d.accuracy_interval.low, 100 * d.accuracy_interval.high,
                    metrics::verdict(d)));
  }
}

void run_eval(const EvalFlags& flags, Session& session) {
  runs::EvaluateConfig config = flags.config;
  config.process = session.process;
  // Results for a program and the table for people do not mix on standard output.
  const bool pipes = flags.json == "-";
  const LineSink say =
      pipes ? [&session](const std::string& line) { session.log(LogLevel::kInfo, line); } : LineSink(&print_line);
  const runs::EvaluateResult result = runs::evaluate(
      config, session.hooks(), [&](const runs::EvaluatedModel& judged) { print_model(judged, config, say); });
  print_differences(result, say);
  if (pipes)
    print_line(result.json.dump(2));
  else if (!flags.json.empty())
    io::write_file(flags.json, result.json.dump(2) + "\n");
}

Runner setup(CLI::App& app) {
  auto flags = std::make_shared<EvalFlags>();
  FlagBinder binder(app);
  describe(binder, flags->config);
  binder.text("json", flags->json, "file for the results; - prints them alone on standard output");
  return [flags](Session& session) { run_eval(*flags, session); };
}

}  // namespace

constinit const VerbEntry eval_entry{
    .name = "eval",
    .summary = "judge models against labelled comparisons",
    .setup = &setup,
};

}  // namespace rondo::cli
