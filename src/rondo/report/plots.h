// SPDX-License-Identifier: Apache-2.0
// The plots that several reports share, as Plotly traces and layouts.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "rondo/report/html_report.h"

namespace rondo::report {

/// One line of a plot. `colour` "" takes the next of the palette.
struct Line {
  std::string name;
  std::vector<double> x;
  std::vector<double> y;
  std::string colour;
  bool is_dashed = false;
  bool has_markers = false;  // a dot at every point
  bool has_legend = true;
};

/// Colour k of the palette, for lines that belong together.
std::string series_colour(size_t k);

struct Axes {
  std::string x;
  std::string y;
  bool is_log_y = false;
  bool is_log_x = false;
};

void add_line_plot(HtmlReport& report, const std::string& caption, const std::vector<Line>& lines, const Axes& axes);

/// Confidence against agreement of one or several models; `evaluations` are objects as metrics::to_json writes them.
void add_calibration_plot(HtmlReport& report, const std::vector<std::pair<std::string, nlohmann::json>>& judgements);

/// The colour of a head, the same in every report; empty where it is no head.
std::string head_colour(const std::string& head);

/// "BT (Bradley-Terry)", and so on; the name itself where it is no head.
std::string head_title(const std::string& head);

/// "BT", and so on; the name itself where it is no head.
std::string head_short_title(const std::string& head);

}  // namespace rondo::report
