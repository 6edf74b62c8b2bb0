// SPDX-License-Identifier: Apache-2.0
// report/ makes pages for people: one HTML file that carries its style, its numbers and its plotting code, and so works
// from a disk without a network, on a phone, in light and dark.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace rondo::report {

/// Text as HTML content or attribute value.
std::string escape_html(std::string_view text);

/// Plain text cells; the first column names the row, the others are set as numbers. A row may carry a colour mark.
struct Table {
  std::string caption;
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> marks;  // CSS colour per row, "" = none; may be empty
};

/// "0.904 (0.897 to 0.911)", "0.904" where there are no bounds, "not available" where there is no value.
std::string with_interval(const nlohmann::json& value, const nlohmann::json& low, const nlohmann::json& high);

/// The same from an object with KEY, KEY_low and KEY_high, any of which may be missing.
std::string with_interval(const nlohmann::json& object, const std::string& key);

enum class Tone { kPlain, kGood, kCaution };

class HtmlReport {
 public:
  explicit HtmlReport(std::string title);

  void add_heading(std::string_view text);
  void add_text(std::string_view text);
  /// A finding in words, set apart.
  void add_finding(std::string_view text, Tone tone);
  void add_table(const Table& table);
  /// Names and values in two columns.
  void add_facts(const std::vector<std::pair<std::string, std::string>>& facts);
  /// Plotly traces and layout; colours of text and grid follow the reader's theme.
  void add_plot(std::string_view caption, const nlohmann::json& traces, const nlohmann::json& layout);
  /// Markup of ours (svg_pictures.h), not of a file.
  void add_picture(std::string_view trusted_markup, std::string_view caption);

  std::string html() const;
  /// Atomic. Throws ResourceError where the file cannot be written.
  void save(const std::filesystem::path& path) const;

 private:
  std::string title_;
  std::string body_;
  int plot_count_ = 0;
};

}  // namespace rondo::report
