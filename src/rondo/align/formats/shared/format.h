// SPDX-License-Identifier: Apache-2.0
// How judged rows become files of Rondo and of published pipelines. A format is one .cpp in this folder and one line in
// formats.def; reading the rows of those pipelines is the business of row shapes (data/row_shapes.h).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/align/formats/shared/judged_row.h"

namespace rondo::align::formats {

struct FormatOptions {
  std::string out;            // a file, or the folder for formats of several files
  bool has_scores = false;    // rondo: the K x K scores as well
  bool is_published = false;  // numbers as the published scripts make them, where they differ
  bool has_responses = true;  // files that hold responses alone; not where the rows came from such files
};

/// Takes rows in order; no file appears before commit().
class FormatWriter {
 public:
  virtual ~FormatWriter() = default;
  /// Throws DataError where a row does not fit the format, without its place.
  virtual void write(const JudgedRow& row) = 0;
  virtual void commit() = 0;
};

struct FormatEntry {
  std::string_view name;
  std::string_view summary;
  /// Writes several files into a folder.
  bool is_folder = false;
  /// Keeps only the pair of best and worst: rows without one are left out, which the caller counts.
  bool is_pairs = false;
  std::unique_ptr<FormatWriter> (*open)(const FormatOptions& options);
};

std::span<const FormatEntry* const> all_formats();
std::vector<std::string> format_names();
/// Throws ConfigError with the nearest name.
const FormatEntry& format_by_name(std::string_view name);

#define FORMAT(name) extern const FormatEntry name##_entry;
#include "rondo/align/formats/formats.def"
#undef FORMAT

}  // namespace rondo::align::formats
