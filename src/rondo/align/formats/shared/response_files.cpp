// SPDX-License-Identifier: Apache-2.0
#include "rondo/align/formats/shared/response_files.h"

#include <fmt/format.h>

#include <filesystem>

#include "rondo/base/error.h"
#include "rondo/io/json.h"

namespace rondo::align::formats {
namespace {

namespace fs = std::filesystem;
using Texts = std::vector<std::string>;

std::vector<std::string> files_of(const std::vector<std::string>& paths) {
  if (paths.size() != 1 || !fs::is_directory(paths.front())) return paths;
  std::vector<std::string> files;
  for (;;) {
    const fs::path file = fs::path(paths.front()) / fmt::format("responses_{}.json", files.size());
    if (!fs::exists(file)) break;
    files.push_back(file.string());
  }
  if (files.empty()) {
    throw ResourceError("no responses: " + paths.front() +
                        ": it has no responses_0.json; name a folder with responses_0.json, responses_1.json, ..., or "
                        "the files");
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
