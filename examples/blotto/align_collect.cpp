// SPDX-License-Identifier: Apache-2.0
#include "examples/blotto/align_collect.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "examples/blotto/collect.h"
#include "rondo/base/error.h"
#include "rondo/io/json.h"

namespace blotto {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

constexpr const char* kFigures[] = {"win_rate_vs_base", "exploitability", "distinct_share", "top_share"};
constexpr const char* kPrefix = "exploit-";

OrderedJson means(const std::vector<Json>& seeds) {
  OrderedJson figures;
  for (const char* key : kFigures) {
    add_mean(figures, seeds, key);
    // All of them lie between 0 and 1. Student's interval of a few seeds does not know.
    const std::string low = std::string(key) + "_low", high = std::string(key) + "_high";
    if (figures.contains(low)) figures[low] = std::max(0.0, figures[low].get<double>());
    if (figures.contains(high)) figures[high] = std::min(1.0, figures[high].get<double>());
  }
  return figures;
}

// The iterates that were measured, in order, from the first seed's folder.
std::vector<int64_t> iterates_in(const fs::path& folder) {
  std::vector<int64_t> iterates;
  if (!fs::is_directory(folder))
    throw rondo::DataError("run not collected: " + folder.string() + ": there is no such folder");
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().stem().string();
    if (name.starts_with(kPrefix) && std::isdigit(static_cast<unsigned char>(name.back())))
      iterates.push_back(std::stoll(name.substr(std::string(kPrefix).size())));
  }
  std::sort(iterates.begin(), iterates.end());
  if (iterates.empty())
    throw rondo::DataError("run not collected: " + folder.string() + ": no exploit-NNN.json of `blotto exploit`");
  return iterates;
}

OrderedJson collect_run(const AlignFolder& align, const std::string& run) {
  const size_t dash = run.find('-');
  OrderedJson result{{"judge", run.substr(0, dash)},
                     {"objective", dash == std::string::npos ? "" : run.substr(dash + 1)}};
  const auto of_seeds = [&](const std::string& file) {
    std::vector<Json> found;
    for (const int64_t seed : align.seeds)
      found.push_back(rondo::io::read_json_file(align.folder / fmt::format("{}-s{}", run, seed) / file));
    return found;
  };
  OrderedJson iterates = OrderedJson::array();
  std::vector<Json> last;
  for (const int64_t t : iterates_in(align.folder / fmt::format("{}-s{}", run, align.seeds.front()))) {
    last = of_seeds(fmt::format("{}{:03}.json", kPrefix, t));
    OrderedJson figures{{"iterate", t}};
    figures.update(means(last));
    iterates.push_back(std::move(figures));
  }
  result.update(means(last));
  for (const char* key : {"top_plan", "counter_plan", "counter_win_rate"})
    result[key] = last.front().value(key, Json());
  result["seeds"] = OrderedJson::array();
  for (size_t k = 0; k < last.size(); ++k) {
    result["seeds"].push_back({{"seed", align.seeds[k]},
                               {"win_rate_vs_base", last[k].at("win_rate_vs_base")},
                               {"exploitability", last[k].at("exploitability")}});
  }
  result["average"] = means(of_seeds(std::string(kPrefix) + "average.json"));
  result["iterates"] = std::move(iterates);
  return result;
}

std::string title_of(const OrderedJson& run) {
  std::string judge = run.at("judge");
  for (char& letter : judge) letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  return judge + " as judge, " + run.at("objective").get<std::string>();
}

std::string with_interval(const OrderedJson& figures, const std::string& key) {
  if (!figures.contains(key)) return "";
  if (!figures.contains(key + "_low")) return fmt::format("{:.3f}", figures[key].get<double>());
  return fmt::format("{:.3f} ({:.3f} to {:.3f})", figures[key].get<double>(), figures[key + "_low"].get<double>(),
                     figures[key + "_high"].get<double>());
}

OrderedJson point(const char* name, const OrderedJson& figures, const char* colour) {
  return {{"name", name},
          {"x", {figures.at("win_rate_vs_base")}},
          {"y", {figures.at("exploitability")}},
          {"colour", colour},
          {"has_markers", true}};
}

OrderedJson picture(const OrderedJson& figures) {
  const std::map<std::string, const char*> colours = {{"bt", "#D55E00"}, {"gpm", "#0072B2"}, {"hrc", "#009E73"}};
  OrderedJson lines = OrderedJson::array();
  for (const OrderedJson& run : figures.at("runs")) {
    OrderedJson line{{"name", title_of(run)}, {"x", Json::array()}, {"y", Json::array()}, {"has_markers", true}};
    for (const OrderedJson& iterate : run.at("iterates")) {
      line["x"].push_back(iterate.at("win_rate_vs_base"));
      line["y"].push_back(iterate.at("exploitability"));
    }
    const auto colour = colours.find(run.at("judge").get<std::string>());
    line["colour"] = colour == colours.end() ? "#CC79A7" : colour->second;
    line["is_dashed"] = run.at("objective") != "sppo";
    lines.push_back(std::move(line));
  }
  lines.push_back(point("base policy", figures.at("base"), "#8c8c8c"));
  lines.push_back(point("equilibrium of the game", figures.at("equilibrium"), "#E69F00"));
  return {{"plot",
           {{"caption",
             "One dot for each iterate that was measured. To the right: wins more often against the base. Down: nobody "
             "can do "
             "much against it. "
             "Exploitability is the win rate of the best counter-plan that a search finds, less a half."},
            {"x", "win rate against the base, by the rule"},
            {"y", "exploitability"},
            {"lines", lines}}}};
}

OrderedJson figures_table(const OrderedJson& figures) {
  OrderedJson rows = OrderedJson::array();
  const auto add = [&rows](const std::string& name, const OrderedJson& f) {
    rows.push_back({name, with_interval(f, "win_rate_vs_base"), with_interval(f, "exploitability"),
                    with_interval(f, "distinct_share")});
  };
  for (const OrderedJson& run : figures.at("runs")) {
    add(title_of(run) + ", last iterate", run);
    add(title_of(run) + ", mixture of the later half", run.at("average"));
  }
  add("base policy", figures.at("base"));
  add("equilibrium of the game", figures.at("equilibrium"));
  return {{"table",
           {{"caption", "In brackets the 95 % interval over plans and seeds."},
            {"columns", {"policy", "win rate against the base", "exploitability", "distinct plans"}},
            {"rows", rows}}}};
}

OrderedJson plans_table(const OrderedJson& figures) {
  OrderedJson rows = OrderedJson::array();
  for (const OrderedJson& run : figures.at("runs")) {
    rows.push_back({title_of(run), run.at("top_plan").get<std::string>(),
                    fmt::format("{:.1f} %", 100 * run.value("top_share", 0.0)),
                    run.at("counter_plan").get<std::string>(),
                    fmt::format("{:.3f}", run.at("counter_win_rate").get<double>())});
  }
  return {{"table",
           {{"caption", "Of the first seed's last iterate."},
            {"columns", {"policy", "most frequent plan", "its share", "counter-plan", "wins"}},
            {"rows", rows}}}};
}

}  // namespace

OrderedJson collect_align(const AlignFolder& align) {
  OrderedJson figures{{"runs", OrderedJson::array()}};
  for (const std::string& run : align.runs) figures["runs"].push_back(collect_run(align, run));
  for (const char* fixed : {"base", "equilibrium"})
    figures[fixed] = OrderedJson(rondo::io::read_json_file(align.folder / (std::string(fixed) + ".json")));
  figures["seconds"] = align.seconds;
  figures["seeds"] = align.seeds;
  return figures;
}

OrderedJson align_page(const OrderedJson& figures) {
  OrderedJson blocks = OrderedJson::array();
  blocks.push_back(
      {{"text",
        "A small policy writes plans for ten castles. It is first fitted to ordinary plans, then improved against what "
        "a preference model says of its own plans. Winning often against the base is easy with one plan that beats it, "
        "and that plan is then beaten always. A good policy does both: it wins, and nobody can do much against it."}});
  blocks.push_back(picture(figures));
  blocks.push_back(figures_table(figures));
  blocks.push_back({{"heading", "What the policies write"}});
  blocks.push_back(plans_table(figures));
  blocks.push_back({{"heading", "How this was made"}});
  blocks.push_back({{"facts", {{"seeds", figures.at("seeds")}, {"seconds in all", figures.at("seconds")}}}});
  return {{"title", "Policies by their judges"}, {"blocks", blocks}};
}

}  // namespace blotto
