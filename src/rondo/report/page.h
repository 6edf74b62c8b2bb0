// SPDX-License-Identifier: Apache-2.0
// A page from a description in JSON: what a program that is not ours has to say, in the form of our reports.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace rondo::report {

class HtmlReport;

/// The page as HTML. `page` holds `title` and `blocks`, objects with one key each, shown in their order:
///   heading, text     plain text
///   finding           {"text", "tone": "plain" | "good" | "caution"}
///   table             {"caption", "columns": [names], "rows": [[texts]]}
///   plot              {"caption", "x", "y", "lines": [{"name", "x": [...], "y": [...], "colour", "is_dashed",
///                     "has_markers"}]}: axis titles and lines; all but x and y of a line may be missing
///   facts             {name: value}
/// Throws DataError that names the block where the description does not have this form.
std::string described_page(const nlohmann::json& page);

/// Adds such blocks to a page.
void add_blocks(HtmlReport& report, const nlohmann::json& blocks);

void write_described_page(const nlohmann::json& page, const std::filesystem::path& path);

}  // namespace rondo::report
