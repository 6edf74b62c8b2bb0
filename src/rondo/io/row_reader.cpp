// SPDX-License-Identifier: Apache-2.0
#include "rondo/io/row_reader.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>

#include "rondo/base/error.h"
#include "rondo/io/json.h"
#include "rondo/io/row_formats.h"

namespace rondo::io {
namespace {

namespace fs = std::filesystem;

constexpr size_t kSniffBytes = size_t{1} << 16;

enum class Format { kUnknown, kJsonLines, kJson, kCsv, kTsv, kParquet, kArrow };

struct Extension {
  std::string_view name;
  Format format;
};

constexpr Extension kExtensions[] = {
    {".jsonl", Format::kJsonLines}, {".ndjson", Format::kJsonLines}, {".json", Format::kJson},   {".csv", Format::kCsv},
    {".tsv", Format::kTsv},         {".parquet", Format::kParquet},  {".arrow", Format::kArrow},
};

// Written beside the data by Hugging Face `save_to_disk`; they describe it.
constexpr std::string_view kNotData[] = {"dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json"};

Format format_of_name(const fs::path& path) {
  const fs::path name = path.extension() == ".gz" ? path.stem() : path.filename();
  for (const Extension& row : kExtensions) {
    if (name.extension() == row.name) return row.format;
  }
  return Format::kUnknown;
}

Format json_form(std::string_view head) {
  const size_t start = head.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos || head[start] == '[') return Format::kJson;
  // Many .json files are JSONL: told by a first line that is a whole object.
  nlohmann::ordered_json value;
  return try_parse_json(head.substr(start, head.find('\n', start) - start), value).empty() ? Format::kJsonLines
                                                                                           : Format::kJson;
}

// Archives hold their own file names and headers; reading one as a table would make rows of those.
bool is_archive(std::string_view head) {
  constexpr size_t kTarMagic = 257;
  return head.starts_with("PK\x03\x04") || (head.size() > kTarMagic && head.substr(kTarMagic).starts_with("ustar"));
}

Format format_of_content(std::string_view head) {
  if (is_archive(head)) return Format::kUnknown;
  if (head.starts_with("PAR1")) return Format::kParquet;
  if (head.starts_with("ARROW1")) return Format::kArrow;
  const size_t start = head.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return Format::kJsonLines;
  if (head[start] == '[') return Format::kJson;
  if (head[start] == '{') return Format::kJsonLines;
  const std::string_view line = head.substr(start, head.find('\n', start) - start);
  if (line.find('\t') != std::string_view::npos) return Format::kTsv;
  return line.find(',') == std::string_view::npos ? Format::kUnknown : Format::kCsv;
}

std::unique_ptr<RowReader> open_file(const fs::path& path) {
  auto stream = std::make_unique<ByteStream>(path);
  const std::string_view head = without_bom(stream->peek(kSniffBytes));
  Format format = format_of_name(path);
  if (format == Format::kJson) format = json_form(head);
  if (format == Format::kUnknown) format = format_of_content(head);
  switch (format) {
    case Format::kJsonLines:
      return read_json_lines(std::move(stream));
    case Format::kJson:
      return read_json_array(std::move(stream));
    case Format::kCsv:
      return read_csv(std::move(stream), ',');
    case Format::kTsv:
      return read_csv(std::move(stream), '\t');
    case Format::kParquet:
      return read_parquet(std::move(stream));
    case Format::kArrow:
      return read_arrow(std::move(stream));
    case Format::kUnknown:
      break;
  }
  throw DataError("cannot read: " + stream->name() +
                  ": neither JSON, CSV, TSV, Parquet nor Arrow; unpack archives first, and name the file .jsonl, "
                  ".json, .csv, .tsv, .parquet or .arrow (each also .gz)");
}

struct File {
  fs::path path;
  int64_t argument;
};

void add_folder(const fs::path& folder, int64_t argument, std::vector<File>& files) {
  std::vector<fs::path> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    const bool described = std::find(std::begin(kNotData), std::end(kNotData), name) != std::end(kNotData);
    if (!entry.is_regular_file() || name.starts_with('.') || described) continue;
    if (format_of_name(entry.path()) != Format::kUnknown) found.push_back(entry.path());
  }
  if (found.empty()) {
    throw DataError("cannot read: " + folder.string() +
                    ": no .jsonl, .json, .csv, .tsv, .parquet or .arrow file directly inside; name a folder with data "
                    "files, or the files");
  }
  std::sort(found.begin(), found.end());
  for (fs::path& path : found) files.push_back({std::move(path), argument});
}

class ManyFiles : public RowReader {
 public:
  explicit ManyFiles(std::vector<File> files) : files_(std::move(files)) {}

  std::optional<Row> next() override {
    for (; at_ < files_.size(); ++at_, reader_.reset()) {
      if (!reader_) reader_ = open_file(files_[at_].path);
      auto row = reader_->next();
      if (!row) continue;
      row->file = files_[at_].path == "-" ? "standard input" : files_[at_].path.string();
      row->argument = files_[at_].argument;
      return row;
    }
    return std::nullopt;
  }

 private:
  std::vector<File> files_;
  size_t at_ = 0;
  std::unique_ptr<RowReader> reader_;
};

}  // namespace

std::unique_ptr<RowReader> open_rows(const std::vector<std::string>& paths) {
  std::vector<File> files;
  for (size_t i = 0; i < paths.size(); ++i) {
    const auto argument = static_cast<int64_t>(i);
    std::error_code error;
    const fs::file_status status = fs::status(paths[i], error);
    if (paths[i] != "-" && !fs::exists(status)) {
      throw ResourceError("cannot read: " + paths[i] + ": no such file or folder; check the path");
    }
    if (fs::is_directory(status)) {
      add_folder(paths[i], argument, files);
    } else {
      files.push_back({paths[i], argument});
    }
  }
  return std::make_unique<ManyFiles>(std::move(files));
}

}  // namespace rondo::io
