// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "rondo/base/error.h"
#include "rondo/report/align_report.h"
#include "rondo/report/comparison_report.h"
#include "rondo/report/html_report.h"
#include "rondo/report/page.h"
#include "rondo/report/plotly_js.h"
#include "rondo/report/plots.h"
#include "rondo/report/svg_pictures.h"
#include "rondo/report/training_report.h"

namespace rondo::report {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::ThrowsMessage;
using Json = nlohmann::json;

// The page without the plotting code, which would make failure messages unreadable.
std::string without_plotly(const std::string& page) {
  const size_t begin = page.find(plotly_js().substr(0, 200));
  return begin == std::string::npos ? page : page.substr(0, begin);
}

Json story() {
  const Json wins = {{0.5, 1, 0}, {0, 0.5, 1}, {1, 0, 0.5}};
  const Json ladder = {{0.5, 0.6, 0.7}, {0.4, 0.5, 0.6}, {0.3, 0.4, 0.5}};
  return {{"title", "Castles"},
          {"cycle",
           {{"responses", {"1 2 3", "3 2 1", "<b>2"}},
            {"truth", wins},
            {"models", {{{"name", "bt"}, {"probabilities", ladder}}, {{"name", "gpm"}, {"probabilities", wins}}}}}},
          {"heads",
           {{"bt", {{"accuracy", 0.65}, {"accuracy_low", 0.64}, {"accuracy_high", 0.66}, {"log_loss", 0.6}}},
            {"gpm", {{"accuracy", 0.9}, {"log_loss", 0.2}, {"cyclic_triads_right", 0.7}}}}},
          {"differences",
           {{{"first", "gpm"}, {"second", "bt"}, {"accuracy", 0.25}, {"accuracy_low", 0.2}, {"accuracy_high", 0.3}}}},
          {"curves", {{{"head", "gpm"}, {"seed", 1}, {"seconds", {1, 2}}, {"accuracy", {0.6, 0.9}}}}}};
}

TEST(HtmlReport, EscapesWhateverComesFromFiles) {
  HtmlReport report("a < b");
  report.add_text("<script>alert(1)</script>");
  report.add_table({.columns = {"x & y"}, .rows = {{"\"quoted\""}}});
  report.add_plot("plot", Json::array({{{"name", "</script><b>"}}}), Json::object());
  const std::string page = without_plotly(report.html());
  EXPECT_THAT(page, AllOf(HasSubstr("a &lt; b"), HasSubstr("&lt;script&gt;"), HasSubstr("x &amp; y"),
                          HasSubstr("&quot;quoted&quot;"), HasSubstr("\\u003c/script>\\u003cb>")));
}

TEST(HtmlReport, CarriesThePlottingCodeOnlyWhereItPlotsAndAsksTheNetworkForNothing) {
  HtmlReport report("plain");
  EXPECT_LT(report.html().size(), 20000u);
  report.add_plot("plot", Json::array(), Json::object());
  const std::string page = report.html();
  EXPECT_GT(page.size(), plotly_js().size());
  EXPECT_EQ(page.find("<script src"), std::string::npos);
  EXPECT_EQ(page.find("<link"), std::string::npos);
  EXPECT_EQ(plotly_js().find("</script"), std::string_view::npos) << "would end the script element early";
}

TEST(HtmlReport, WritesIntervalsAndSaysWhatIsMissing) {
  EXPECT_EQ(with_interval(Json{{"a", 0.5}, {"a_low", 0.25}, {"a_high", 0.75}}, "a"), "0.500 (0.250 to 0.750)");
  EXPECT_EQ(with_interval(Json{{"a", 0.5}}, "a"), "0.500");
  EXPECT_EQ(with_interval(Json{{"a", nullptr}}, "a"), "not available");
}

TEST(Heads, HaveTheTitlesOfTheirEntries) {
  EXPECT_EQ(head_title("bt"), "BT (Bradley-Terry)");
  EXPECT_EQ(head_short_title("gpm_mixed"), "GPM with more data");
  EXPECT_EQ(head_title("gpm_mixed"), "GPM with more data");
  EXPECT_EQ(head_title("random"), "random");
  EXPECT_EQ(head_colour("hrc"), "#009E73");
  EXPECT_EQ(head_colour("random"), "");
  EXPECT_NE(head_colour("gpm_mixed"), head_colour("gpm"));
}

TEST(CyclePicture, CountsAndDashesWrongArrows) {
  const WinTable truth{{0.5, 1, 0}, {0, 0.5, 1}, {1, 0, 0.5}};
  const WinTable ladder{{0.5, 0.6, 0.7}, {0.4, 0.5, 0.6}, {0.3, 0.4, 0.5}};
  EXPECT_EQ(count_right(ladder, truth).right, 2);
  EXPECT_EQ(count_right(ladder, truth).all, 3);
  const std::string wrong = cycle_panel_svg({.name = "BT", .wins = ladder}, truth);
  EXPECT_THAT(wrong, AllOf(HasSubstr("2 of 3 arrows right"), HasSubstr("stroke-dasharray"), HasSubstr("0.70")));
  EXPECT_THAT(cycle_panel_svg({.name = "truth", .wins = truth, .is_truth = true}, truth), Not(HasSubstr("dasharray")));
}

TEST(NumberBars, AreDrawnForNumbersOnly) {
  EXPECT_THAT(number_bars_svg("1 20 3"), HasSubstr("<rect"));
  EXPECT_EQ(number_bars_svg("an answer"), "");
}

TEST(ComparisonReport, OpensWithThePictureAndSaysWhoWins) {
  const std::string page = without_plotly(comparison_page(story()));
  EXPECT_THAT(page, AllOf(HasSubstr("3 of 3 arrows right"), HasSubstr("2 of 3 arrows right"),
                          HasSubstr("0.650 (0.640 to 0.660)"), HasSubstr("is right more often than"),
                          HasSubstr("&lt;b&gt;2"), HasSubstr("seconds of training")));
  EXPECT_LT(page.find("The truth"), page.find("How often each model is right"));
}

TEST(ComparisonReport, SaysInWordsWhenNothingIsBeaten) {
  Json even = story();
  even["differences"][0]["accuracy_low"] = -0.01;
  EXPECT_THAT(without_plotly(comparison_page(even)), HasSubstr("does not beat BT beyond noise"));
}

TEST(ComparisonReport, NamesWhatIsWrongWithAStory) {
  EXPECT_THAT([] { comparison_page({{"title", "x"}}); }, ThrowsMessage<DataError>(HasSubstr("heads")));
  Json ragged = story();
  ragged["cycle"]["models"][0]["probabilities"].erase(0);
  EXPECT_THAT([&] { comparison_page(ragged); }, ThrowsMessage<DataError>(HasSubstr("bt: expected 3 x 3")));
}

TEST(DescribedPage, ShowsItsBlocksInOrder) {
  const Json page = {
      {"title", "One"},
      {"blocks",
       {{{"text", "a < b"}},
        {{"heading", "Two"}},
        {{"plot", {{"x", "win rate"}, {"lines", {{{"name", "p"}, {"x", {1}}, {"y", {2}}, {"has_markers", true}}}}}}},
        {{"table", {{"columns", {"k", "v"}}, {"rows", Json::array({Json::array({"size", "3.5"})})}}}},
        {{"finding", {{"text", "Good"}, {"tone", "good"}}}},
        {{"facts", {{"seed", 4}}}}}}};
  const std::string html = without_plotly(described_page(page));
  size_t last = 0;
  for (const char* expected : {"a &lt; b", "Two", "win rate", "lines+markers", "3.5", "Good", "seed"}) {
    const size_t at = html.find(expected, last);
    ASSERT_NE(at, std::string::npos) << expected;
    last = at;
  }
}

TEST(DescribedPage, NamesTheBlockThatIsWrong) {
  const auto blocks = [](const Json& block) { return Json{{"title", "x"}, {"blocks", {{{"text", "t"}}, block}}}; };
  EXPECT_THAT(
      [&] {
        described_page(blocks({{"tabel", 1}}));
      },
      ThrowsMessage<DataError>(AllOf(HasSubstr("block 2"), HasSubstr("table"))));
  EXPECT_THAT([&] { described_page(blocks({{"heading", 1}})); }, ThrowsMessage<DataError>(HasSubstr("block 2")));
  EXPECT_THAT([] { described_page({{"blocks", Json::array()}}); }, ThrowsMessage<DataError>(HasSubstr("title")));
}

TEST(TrainingReport, ShowsCurvesTableAndManifest) {
  const auto path = std::filesystem::temp_directory_path() / "rondo_training_report_test.html";
  const Json held_out = {{"accuracy", 0.8}, {"baselines", {{"longest", 0.5}}}, {"transitive_share", 0.25}};
  write_training_report(
      {.title = "run",
       .rows = {{{"step", 1}, {"loss", 0.7}, {"lr", 1e-3}}, {{"step", 2}, {"eval", {{"accuracy", 0.8}}}}, {}},
       .held_out = held_out,
       .manifest = {{"seed", 3}}},
      path);
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  std::filesystem::remove(path);
  EXPECT_THAT(without_plotly(text.str()),
              AllOf(HasSubstr("always the longest"), HasSubstr("25 % of the scores"), HasSubstr("Learning rate"),
                    HasSubstr("held out"), HasSubstr("<td>seed</td><td>3</td>")));
}

Json iteration(int t, double length, double by_judge, double by_command) {
  const auto against = [](double rate) {
    return Json{{"win_rate", rate}, {"low", rate - 0.05}, {"high", rate + 0.05}};
  };
  return {{"iteration", t},
          {"statistics", {{"length_mean", length}, {"entropy", 9.5}, {"kl_to_base", 0.25}, {"distinct_share", 1.0}}},
          {"contest",
           {{"judge", {{"base", against(by_judge)}, {"previous", against(0.5)}}},
            {"command", {{"base", against(by_command)}, {"previous", against(0.5)}}}}},
          {"queries", 512},
          {"seconds", {{"generate", 1.5}, {"judge", 0.5}}}};
}

TEST(AlignReport, ShowsRatesPolicyAndCosts) {
  const auto path = std::filesystem::temp_directory_path() / "rondo_align_report_test.html";
  write_align_report({.title = "run", .iterations = {iteration(1, 10, 0.7, 0.66)}, .manifest = {{"seed", 3}}}, path);
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  std::filesystem::remove(path);
  EXPECT_THAT(without_plotly(text.str()), AllOf(HasSubstr("0.700 (0.650 to 0.750)"), HasSubstr("command: base"),
                                                HasSubstr("<td>seed</td><td>3</td>"), HasSubstr("512")));
}

TEST(AlignReport, WarnsOfLengthAndOfAnExploitedJudge) {
  EXPECT_TRUE(align_warnings({}).empty());
  EXPECT_TRUE(align_warnings({iteration(1, 10, 0.7, 0.66), iteration(2, 12, 0.7, 0.65)}).empty());
  const auto warnings = align_warnings({iteration(1, 10, 0.6, 0.6), iteration(2, 18, 0.8, 0.6)});
  ASSERT_EQ(warnings.size(), 2u);
  EXPECT_THAT(warnings[0], HasSubstr("from 10 to 18 tokens"));
  EXPECT_THAT(warnings[1], HasSubstr("0.80 against the base, the command one of 0.60"));
}

}  // namespace
}  // namespace rondo::report
