// SPDX-License-Identifier: Apache-2.0
#include "rondo/report/svg_pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <sstream>

#include "rondo/report/html_report.h"

namespace rondo::report {
namespace {

// Drawing units of a panel.
constexpr double kSize = 300;
constexpr double kRing = 104;
constexpr double kNode = 21;
constexpr double kArrowHead = 11;

struct Point {
  double x;
  double y;
};

Point along(Point from, Point to, double share) {
  return {from.x + share * (to.x - from.x), from.y + share * (to.y - from.y)};
}

Point place(size_t index, size_t count) {
  const double turn = 2 * std::numbers::pi * static_cast<double>(index) / static_cast<double>(count);
  return {kSize / 2 + kRing * std::sin(turn), kSize / 2 - kRing * std::cos(turn)};
}

std::string arrow_head(Point tip, Point from, const std::string& colour) {
  const double length = std::hypot(tip.x - from.x, tip.y - from.y);
  const Point unit{(tip.x - from.x) / length, (tip.y - from.y) / length};
  const Point base{tip.x - kArrowHead * unit.x, tip.y - kArrowHead * unit.y};
  constexpr double kHalfWidth = 0.45 * kArrowHead;
  return fmt::format("<path d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}L{:.1f} {:.1f}Z\" style=\"fill:{}\"/>", tip.x, tip.y,
                     base.x - kHalfWidth * unit.y, base.y + kHalfWidth * unit.x, base.x + kHalfWidth * unit.y,
                     base.y - kHalfWidth * unit.x, colour);
}

// The number stands on the winner's half of the arrow, so that the two diagonals of four responses stay apart.
std::string label(Point winner, Point loser, double probability) {
  constexpr double kShare = 0.38;
  const Point at = along(winner, loser, kShare);
  return fmt::format(
      "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"30\" height=\"17\" rx=\"4\" style=\"fill:var(--card)\"/>"
      "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\" font-size=\"13\">{:.2f}</text>",
      at.x - 15, at.y - 9, at.x, at.y + 4, probability);
}

struct Arrow {
  Point winner;
  Point loser;
  double probability;
  bool is_right;
  bool has_number;
};

std::string arrow_svg(const Arrow& arrow) {
  const double length = std::hypot(arrow.loser.x - arrow.winner.x, arrow.loser.y - arrow.winner.y);
  const Point start = along(arrow.winner, arrow.loser, (kNode + 3) / length);
  const Point tip = along(arrow.winner, arrow.loser, 1 - (kNode + 4) / length);
  const Point stem = along(arrow.winner, arrow.loser, 1 - (kNode + 4 + kArrowHead / 2) / length);
  const std::string colour = arrow.is_right ? "var(--good)" : "var(--wrong)";
  const double width = 1.2 + 4 * (arrow.probability - 0.5);
  std::string svg = fmt::format(
      "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" style=\"stroke:{};stroke-width:{:.1f}{}\"/>",
      start.x, start.y, stem.x, stem.y, colour, width, arrow.is_right ? "" : ";stroke-dasharray:6 5");
  svg += arrow_head(tip, arrow.winner, colour);
  if (arrow.has_number) svg += label(arrow.winner, arrow.loser, arrow.probability);
  return svg;
}

std::string node_svg(Point at, const std::string& letter) {
  return fmt::format(
      "<circle cx=\"{0:.1f}\" cy=\"{1:.1f}\" r=\"{2:.0f}\" style=\"fill:var(--card);stroke:var(--text);"
      "stroke-width:1.5\"/><text x=\"{0:.1f}\" y=\"{3:.1f}\" text-anchor=\"middle\" font-size=\"17\" "
      "font-weight=\"600\">{4}</text>",
      at.x, at.y, kNode, at.y + 6, letter);
}

}  // namespace

std::string response_letter(size_t index) {
  constexpr size_t kLetters = 26;
  return index < kLetters ? std::string(1, static_cast<char>('A' + index)) : std::to_string(index + 1);
}

PairCount count_right(const WinTable& panel, const WinTable& truth) {
  PairCount count;
  for (size_t i = 0; i < truth.size(); ++i) {
    for (size_t j = i + 1; j < truth.size(); ++j) {
      if (truth[i][j] == 0.5) continue;
      ++count.all;
      count.right += (panel[i][j] - 0.5) * (truth[i][j] - 0.5) > 0 ? 1 : 0;
    }
  }
  return count;
}

std::string cycle_panel_svg(const CyclePanel& panel, const WinTable& truth) {
  const size_t count = panel.wins.size();
  std::string arrows, nodes;
  double height = 0;
  for (size_t i = 0; i < count; ++i) {
    nodes += node_svg(place(i, count), response_letter(i));
    height = std::max(height, place(i, count).y + 2 * kNode);
    for (size_t j = 0; j < count; ++j) {
      if (panel.wins[i][j] <= 0.5 || i == j) continue;
      arrows += arrow_svg({.winner = place(i, count),
                           .loser = place(j, count),
                           .probability = panel.is_truth ? 0.85 : panel.wins[i][j],
                           .is_right = truth[i][j] >= 0.5,
                           .has_number = !panel.is_truth});
    }
  }
  const PairCount right = count_right(panel.wins, truth);
  const std::string note =
      panel.is_truth ? "who really wins" : fmt::format("{} of {} arrows right", right.right, right.all);
  return fmt::format(
      "<div class=\"panel\"><h3>{0}</h3><svg viewBox=\"0 0 {1:.0f} {5:.0f}\" role=\"img\" "
      "aria-label=\"{0}: {2}\">{3}{4}</svg><p>{2}</p></div>",
      escape_html(panel.name), kSize, note, arrows, nodes, height);
}

std::string number_bars_svg(std::string_view text) {
  std::istringstream stream{std::string(text)};
  std::vector<int> numbers;
  for (int number = 0; stream >> number;) numbers.push_back(number);
  if (!stream.eof() || numbers.size() < 2) return "";
  constexpr double kStep = 22, kHeight = 46, kFoot = 14;
  const int highest = std::max(1, *std::max_element(numbers.begin(), numbers.end()));
  std::string svg = fmt::format("<svg viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" aria-label=\"{}\">",
                                kStep * static_cast<double>(numbers.size()), kHeight + kFoot, escape_html(text));
  for (size_t k = 0; k < numbers.size(); ++k) {
    const double height = std::max(1.0, kHeight * numbers[k] / highest), x = kStep * static_cast<double>(k);
    svg += fmt::format(
        "<rect x=\"{:.0f}\" y=\"{:.1f}\" width=\"16\" height=\"{:.1f}\" rx=\"2\" style=\"fill:#5b8def\"/>"
        "<text class=\"faint\" x=\"{:.0f}\" y=\"{:.0f}\" text-anchor=\"middle\" font-size=\"10\">{}</text>",
        x + 3, kHeight - height, height, x + kStep / 2, kHeight + kFoot - 3, numbers[k]);
  }
  return svg + "</svg>";
}

}  // namespace rondo::report
