// SPDX-License-Identifier: Apache-2.0
// Pictures as SVG markup: a handful of responses on a circle with an arrow from the winner of every pair to the loser,
// and numbers as small bars.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rondo::report {

/// Win probabilities of responses A, B, C, ...: wins[i][j] = probability that i is preferred to j.
using WinTable = std::vector<std::vector<double>>;

struct CyclePanel {
  std::string name;
  WinTable wins;
  bool is_truth = false;  // arrows carry no numbers, nothing is right or wrong
};

/// Pairs of `panel` on whose winner it agrees with `truth`, and decided pairs of `truth`.
struct PairCount {
  int right = 0;
  int all = 0;
};
PairCount count_right(const WinTable& panel, const WinTable& truth);

/// One panel: arrows that contradict `truth` are dashed and in the colour of errors; the thicker, the surer.
std::string cycle_panel_svg(const CyclePanel& panel, const WinTable& truth);

/// The letters under which responses appear: "A", "B", ...
std::string response_letter(size_t index);

/// Bars with their numbers where the text is a list of whole numbers, "" otherwise.
std::string number_bars_svg(std::string_view text);

}  // namespace rondo::report
