// SPDX-License-Identifier: Apache-2.0
#include "rondo/io/json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "rondo/io/mapped_file.h"

namespace rondo::io {
namespace {

// Brackets outside strings, counted before the tree is built: nlohmann builds any depth, but walks it recursively.
bool nests_too_deep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxJsonDepth) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

// The library's sentence carries its own exception name and place in front; both are dropped, the place is ours.
std::string describe(const nlohmann::json::parse_error& error, std::string_view text) {
  const size_t at = std::min(error.byte == 0 ? 0 : error.byte - 1, text.size());
  const std::string_view before = text.substr(0, at);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  std::string fact = error.what();
  const size_t column = fact.find("column ");
  const size_t colon = fact.find(": ", column == std::string::npos ? 0 : column);
  if (colon != std::string::npos) fact = fact.substr(colon + 2);
  // A row of JSONL is one line; its number is known to the caller.
  const std::string place = text.find('\n') == std::string_view::npos ? "" : "line " + std::to_string(line) + ", ";
  return place + "column " + std::to_string(at - line_start + 1) + ": " + fact;
}

// What is wrong with `text`, "" where it is well formed.
template <class Json>
std::string try_parse(std::string_view text, Json& value) {
  if (nests_too_deep(text)) return "nested deeper than " + std::to_string(kMaxJsonDepth) + " levels";
  try {
    value = Json::parse(text.begin(), text.end());
    return "";
  } catch (const nlohmann::json::parse_error& error) {
    return describe(error, text);
  } catch (const nlohmann::json::exception& error) {
    // Numbers beyond the range of a double.
    const std::string fact = error.what();
    const size_t bracket = fact.find("] ");
    return bracket == std::string::npos ? fact : fact.substr(bracket + 2);
  }
}

template <class Json>
Json parse(std::string_view text, std::string_view where, ErrorKind kind) {
  Json value;
  const std::string problem = try_parse(text, value);
  if (!problem.empty()) {
    throw_error(kind,
                "cannot parse JSON: " + std::string(where) + ": " + problem + "; correct or re-download the file");
  }
  return value;
}

}  // namespace

std::string try_parse_json(std::string_view text, nlohmann::json& value) { return try_parse(text, value); }

std::string try_parse_json(std::string_view text, nlohmann::ordered_json& value) { return try_parse(text, value); }

nlohmann::json parse_json(std::string_view text, std::string_view where, ErrorKind kind) {
  return parse<nlohmann::json>(text, where, kind);
}

nlohmann::ordered_json parse_ordered_json(std::string_view text, std::string_view where, ErrorKind kind) {
  return parse<nlohmann::ordered_json>(text, where, kind);
}

nlohmann::json read_json_file(const std::filesystem::path& path, ErrorKind kind) {
  const MappedFile file(path);
  return parse_json(without_bom(file.bytes()), path.string(), kind);
}

void throw_error(ErrorKind kind, const std::string& message) {
  switch (kind) {
    case ErrorKind::kConfig:
      throw ConfigError(message);
    case ErrorKind::kData:
      throw DataError(message);
    case ErrorKind::kModel:
      throw ModelError(message);
    case ErrorKind::kResource:
      throw ResourceError(message);
    case ErrorKind::kInternal:
      break;
  }
  throw InternalError(message);
}

std::string_view without_bom(std::string_view text) { return text.starts_with("\xEF\xBB\xBF") ? text.substr(3) : text; }

size_t find_invalid_utf8(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto continues = [&](size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  for (size_t i = 0; i < text.size();) {
    const unsigned lead = byte(i);
    if (lead < 0x80U) {
      ++i;
      continue;
    }
    // Unicode 15, table 3-7: the second byte is narrower after E0, ED, F0 and F4.
    const unsigned second = byte(i + 1);
    if (lead >= 0xC2U && lead <= 0xDFU && continues(i + 1)) {
      i += 2;
    } else if (lead >= 0xE0U && lead <= 0xEFU && continues(i + 1) && continues(i + 2) &&
               !(lead == 0xE0U && second < 0xA0U) && !(lead == 0xEDU && second > 0x9FU)) {
      i += 3;
    } else if (lead >= 0xF0U && lead <= 0xF4U && continues(i + 1) && continues(i + 2) && continues(i + 3) &&
               !(lead == 0xF0U && second < 0x90U) && !(lead == 0xF4U && second > 0x8FU)) {
      i += 4;
    } else {
      return i;
    }
  }
  return std::string_view::npos;
}

}  // namespace rondo::io
