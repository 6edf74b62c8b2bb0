// SPDX-License-Identifier: Apache-2.0
#include "rondo/io/part_file.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "rondo/base/error.h"

namespace rondo::io {

namespace fs = std::filesystem;

PartFile::PartFile(const std::string& path, const nlohmann::ordered_json& run) : path_(path) {
  std::ifstream before(path_, std::ios::binary);
  std::string line, header;
  // A line without its end was cut off and is made again; the lines before it stay where they are.
  uintmax_t kept = 0;
  if (std::getline(before, header) && !before.eof()) {
    kept = header.size() + 1;
    for (; std::getline(before, line) && !before.eof(); kept += line.size() + 1) ++finished_;
  }
  if (header != run.dump()) {
    // Without a row nothing is lost.
    if (finished_ > 0) {
      throw ConfigError("another run was interrupted here: " + path_ +
                        ": it had other flags, prompts or weights; repeat those, or remove the file");
    }
    kept = 0;
  }
  before.close();
  std::error_code error;
  if (fs::exists(path_)) fs::resize_file(path_, kept, error);
  if (error)
    throw ResourceError("cannot continue: " + path_ + ": " + error.message() + "; remove the file or make it writable");
  file_.open(path_, std::ios::binary | std::ios::app);
  if (kept == 0) append(run.dump());
}

void PartFile::for_each(const std::function<void(const std::string&)>& visit) {
  std::ifstream rows(path_, std::ios::binary);
  std::string line;
  std::getline(rows, line);
  for (int64_t n = 0; n < finished_ && std::getline(rows, line); ++n) visit(line);
}

void PartFile::add(const std::string& row) {
  append(row);
  ++finished_;
}

void PartFile::remove() {
  file_.close();
  fs::remove(path_);
}

void PartFile::append(const std::string& line) {
  file_ << line << '\n';
  file_.flush();
  if (!file_) throw ResourceError("cannot write: " + path_ + "; is the folder there, and is the disk full?");
}

}  // namespace rondo::io
