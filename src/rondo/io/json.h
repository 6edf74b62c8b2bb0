// SPDX-License-Identifier: Apache-2.0
// JSON with the two things that a parser of foreign bytes needs beside parsing: the place in every message, and a limit
// on nesting (a file of a million '[' must be a message, not a crash in whoever walks the tree).
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "rondo/base/error.h"

namespace rondo::io {

/// Deeper than any configuration, tokenizer or conversation seen; far below what recursion can hold.
inline constexpr int kMaxJsonDepth = 200;

/// Parses one JSON value. Refused: anything after it, ill-formed UTF-8, nesting beyond kMaxJsonDepth.
/// where: file, or file and row, for the message. kind: whose problem a malformed text is (kData or kModel, say).
[[nodiscard]] nlohmann::json parse_json(std::string_view text, std::string_view where,
                                        ErrorKind kind = ErrorKind::kData);

/// The same with the keys of objects in the order in which they stand.
[[nodiscard]] nlohmann::ordered_json parse_ordered_json(std::string_view text, std::string_view where,
                                                        ErrorKind kind = ErrorKind::kData);

/// Reads and parses a whole file. Throws ResourceError where it cannot be read; a byte-order mark is skipped.
[[nodiscard]] nlohmann::json read_json_file(const std::filesystem::path& path, ErrorKind kind = ErrorKind::kData);

/// What is wrong with `text` as JSON, without a place ("line 1, column 5: ..."); "" where it is well formed. `value`
/// receives the parsed text. For callers that count malformed rows instead of throwing.
[[nodiscard]] std::string try_parse_json(std::string_view text, nlohmann::json& value);
/// The same with the keys of objects in the order of the text, as rows of data are read.
[[nodiscard]] std::string try_parse_json(std::string_view text, nlohmann::ordered_json& value);

/// Throws the error type that belongs to a kind.
[[noreturn]] void throw_error(ErrorKind kind, const std::string& message);

/// The text without a UTF-8 byte-order mark.
[[nodiscard]] std::string_view without_bom(std::string_view text);

/// Position of the first byte that is not well-formed UTF-8 (overlong forms and surrogates included), or npos.
[[nodiscard]] size_t find_invalid_utf8(std::string_view text);

}  // namespace rondo::io
