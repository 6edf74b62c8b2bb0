// SPDX-License-Identifier: Apache-2.0
#include "rondo/align/formats/shared/format.h"

#include "rondo/base/error.h"
#include "rondo/base/nearest.h"

namespace rondo::align::formats {
namespace {

constexpr const FormatEntry* kFormats[] = {
#define FORMAT(name) &name##_entry,
#include "rondo/align/formats/formats.def"
#undef FORMAT
};

}  // namespace

std::span<const FormatEntry* const> all_formats() { return kFormats; }

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  for (const FormatEntry* format : kFormats) names.emplace_back(format->name);
  return names;
}

const FormatEntry& format_by_name(std::string_view name) {
  for (const FormatEntry* format : kFormats) {
    if (format->name == name) return *format;
  }
  throw ConfigError(unknown_name_message("format", name, format_names()));
}

}  // namespace rondo::align::formats
