// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/files.h"

#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/io/json.h"

namespace rondo::text {
namespace {

// A tokenizer of 250,000 tokens is 35 MB; what unpacks to more than this is not one.
constexpr size_t kMostBytes = size_t{1} << 30;
constexpr size_t kBlockBytes = size_t{1} << 16;

struct Closer {
  void operator()(gzFile file) const { gzclose(file); }
};

}  // namespace

std::string read_text_file(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    throw ModelError("file cannot be read: " + path + ": it is a directory; name a file in it");
  const std::unique_ptr<gzFile_s, Closer> file(gzopen(path.c_str(), "rb"));
  if (file == nullptr)
    throw ModelError("file cannot be read: " + path + ": " + std::strerror(errno) +
                     "; is the model directory complete?");
  std::string text;
  std::array<char, kBlockBytes> block;
  int count = 0;
  while ((count = gzread(file.get(), block.data(), static_cast<unsigned>(block.size()))) > 0) {
    text.append(block.data(), static_cast<size_t>(count));
    if (text.size() > kMostBytes)
      throw ModelError("file cannot be read: " + path + ": over 1 GiB; is this the right file?");
  }
  if (count < 0) throw ModelError("file cannot be read: " + path + ": damaged gzip; fetch it again");
  return text;
}

nlohmann::json read_json_object(const std::string& path) {
  nlohmann::json object = io::parse_json(io::without_bom(read_text_file(path)), path, ErrorKind::kModel);
  if (!object.is_object()) throw ModelError("file is malformed: " + path + ": not a JSON object; is it damaged?");
  return object;
}

nlohmann::ordered_json read_ordered_object(const std::string& path) {
  if (!std::filesystem::exists(path)) return nlohmann::ordered_json::object();
  nlohmann::ordered_json object =
      io::parse_ordered_json(io::without_bom(read_text_file(path)), path, ErrorKind::kModel);
  if (!object.is_object()) throw ModelError("file is malformed: " + path + ": not a JSON object; is it damaged?");
  return object;
}

}  // namespace rondo::text
