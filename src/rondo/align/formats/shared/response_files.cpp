// SPDX-License-Identifier: Apache-2.0
#include "rondo/align/formats/shared/response_files.h"

#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string_view>

#include "rondo/base/error.h"
#include "rondo/base/parse_number.h"
#include "rondo/io/json.h"

namespace rondo::align::formats {
namespace {

namespace fs = std::filesystem;
using Texts = std::vector<std::string>;

// i of responses_i.json.
std::optional<int64_t> number_of(const std::string& name) {
  constexpr std::string_view kHead = "responses_", kTail = ".json";
  if (name.size() <= kHead.size() + kTail.size() || !name.starts_with(kHead) || !name.ends_with(kTail)) return {};
  return parse_number<int64_t>(name.substr(kHead.size(), name.size() - kHead.size() - kTail.size()));
}

// A number that is missing between others is a file that somebody lost, not the end of the list.
std::vector<std::string> files_of(const std::vector<std::string>& paths) {
  if (paths.size() != 1 || !fs::is_directory(paths.front())) return paths;
  const std::string& folder = paths.front();
  std::map<int64_t, std::string> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (const auto number = number_of(entry.path().filename().string())) found[*number] = entry.path().string();
  }
  if (found.empty()) {
    throw ResourceError("no responses: " + folder +
                        ": it has no responses_0.json; name a folder with responses_0.json, responses_1.json, ..., or "
                        "the files");
  }
  std::vector<std::string> files;
  for (const auto& [number, file] : found) {
    if (number != std::ssize(files)) {
      throw ResourceError(fmt::format(
          "a file of responses is missing: {}: there is no responses_{}.json, and there is responses_{}.json; make it "
          "again, or name the files that count",
          folder, files.size(), number));
    }
    files.push_back(file);
  }
  return files;
}

Texts read_texts(const std::string& file) {
  const nlohmann::json list = io::read_json_file(file);
  if (!list.is_array()) throw DataError("not a list of responses: " + file + ": write one text for each prompt");
  Texts texts;
  for (const nlohmann::json& text : list) {
    if (!text.is_string()) {
      throw DataError(fmt::format("not a list of responses: {}: element {} is {}, not a text", file, texts.size() + 1,
                                  text.type_name()));
    }
    texts.push_back(text.get<std::string>());
  }
  return texts;
}

class JoinedRows : public io::RowReader {
 public:
  JoinedRows(std::unique_ptr<io::RowReader> prompts, const std::vector<std::string>& paths)
      : prompts_(std::move(prompts)), files_(files_of(paths)) {
    for (const std::string& file : files_) {
      responses_.push_back(read_texts(file));
      if (responses_.back().size() == responses_.front().size()) continue;
      throw DataError(fmt::format("responses do not fit each other: {} holds {}, {} holds {}; are they of one run?",
                                  files_.front(), responses_.front().size(), file, responses_.back().size()));
    }
  }

  std::optional<io::Row> next() override {
    auto row = prompts_->next();
    if (!row) {
      expect_all_used();
      return row;
    }
    if (at_ == responses_.front().size()) {
      throw DataError(
          fmt::format("responses do not fit the prompts: {} holds {} texts, {} has more rows; are they of "
                      "one run?",
                      files_.front(), at_, row->file));
    }
    const size_t at = at_++;
    if (!row->problem.empty()) return row;
    if (row->object.contains("responses")) {
      row->problem = "it has 'responses' of its own; leave out `responses`";
      return row;
    }
    for (Texts& texts : responses_) row->object["responses"].push_back(std::move(texts[at]));
    if (!row->spelled.is_null()) row->spelled["responses"] = row->object["responses"];
    return row;
  }

 private:
  void expect_all_used() const {
    if (at_ == responses_.front().size()) return;
    throw DataError(
        fmt::format("responses do not fit the prompts: {} holds {} texts, there are {} prompts; are they "
                    "of one run?",
                    files_.front(), responses_.front().size(), at_));
  }

  std::unique_ptr<io::RowReader> prompts_;
  std::vector<std::string> files_;
  std::vector<Texts> responses_;
  size_t at_ = 0;
};

}  // namespace

std::unique_ptr<io::RowReader> join_responses(std::unique_ptr<io::RowReader> prompts,
                                              const std::vector<std::string>& paths) {
  return std::make_unique<JoinedRows>(std::move(prompts), paths);
}

}  // namespace rondo::align::formats
