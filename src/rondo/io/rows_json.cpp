// SPDX-License-Identifier: Apache-2.0
// JSONL and JSON arrays.
#include <algorithm>

#include "rondo/base/error.h"
#include "rondo/io/json.h"
#include "rondo/io/row_formats.h"
#include "rondo/io/row_json.h"

namespace rondo::io {
namespace {

constexpr std::string_view kSpace = " \t\r\n";
constexpr size_t kFirstLook = size_t{1} << 12;

[[noreturn]] void fail_too_long(const ByteStream& stream, int64_t number) {
  throw DataError("cannot read: " + stream.name() + ": row " + std::to_string(number) +
                  " is longer than 1 GiB; split it into several rows of the same prompt");
}

bool is_blank(std::string_view text) { return text.find_first_not_of(kSpace) == std::string_view::npos; }

class JsonLines : public RowReader {
 public:
  explicit JsonLines(std::unique_ptr<ByteStream> stream) : stream_(std::move(stream)) {}

  std::optional<Row> next() override {
    for (;;) {
      const auto line = next_line();
      if (!line) return std::nullopt;
      ++number_;
      Row row;
      row.number = number_;
      const bool blank = is_blank(*line);
      if (!blank) set_json(row, number_ == 1 ? without_bom(*line) : *line);
      stream_->skip(consumed_);
      if (!blank) return row;
    }
  }

 private:
  // The line without its end; it is consumed by the caller, after use.
  std::optional<std::string_view> next_line() {
    size_t searched = 0;
    for (size_t wanted = kFirstLook;; wanted *= 2) {
      const std::string_view seen = stream_->peek(wanted);
      const size_t end = seen.find('\n', searched);
      if (end != std::string_view::npos) {
        consumed_ = end + 1;
        return seen.substr(0, end);
      }
      searched = seen.size();
      if (seen.size() > kMaxRowBytes) fail_too_long(*stream_, number_ + 1);
      if (seen.size() >= wanted) {
        wanted = seen.size();
        continue;
      }
      consumed_ = seen.size();
      return seen.empty() ? std::nullopt : std::optional(seen);
    }
  }

  std::unique_ptr<ByteStream> stream_;
  int64_t number_ = 0;
  size_t consumed_ = 0;
};

// Finds the end of each element by its brackets, so that one element at a time is in memory and a malformed one does
// not spoil the rest.
class JsonArray : public RowReader {
 public:
  explicit JsonArray(std::unique_ptr<ByteStream> stream) : stream_(std::move(stream)) {
    stream_->skip(stream_->peek(3).starts_with("\xEF\xBB\xBF") ? 3 : 0);
    skip_any_of(kSpace);
    in_array_ = stream_->peek(1).starts_with('[');
    if (in_array_) stream_->skip(1);
  }

  std::optional<Row> next() override {
    if (ended_) return std::nullopt;
    skip_any_of(" \t\r\n,");
    Row row;
    row.number = ++number_;
    const std::string_view ahead = stream_->peek(1);
    if (ahead.empty() && !in_array_) return std::nullopt;
    if (ahead.empty()) return last(row, "the file ends inside the array");
    if (ahead.front() == ']') return after_end(row);
    const size_t size = element_size();
    if (size == 0) return last(row, "the file ends inside this element");
    set_json(row, stream_->peek(size).substr(0, size));
    stream_->skip(size);
    return row;
  }

 private:
  std::optional<Row> last(Row& row, const char* problem) {
    ended_ = true;
    row.problem = problem;
    return row;
  }

  std::optional<Row> after_end(Row& row) {
    stream_->skip(1);
    skip_any_of(kSpace);
    if (!in_array_ || !stream_->peek(1).empty()) return last(row, "something follows the end of the array");
    ended_ = true;
    return std::nullopt;
  }

  void skip_any_of(std::string_view set) {
    for (;;) {
      const std::string_view seen = stream_->peek(1);
      const size_t count = std::min(seen.find_first_not_of(set), seen.size());
      if (count == 0) return;
      stream_->skip(count);
    }
  }

  // Bytes up to the end of the element that starts here; 0 where the stream ends before.
  size_t element_size() {
    int depth = 0;
    bool in_string = false;
    bool escaped = false;
    size_t at = 0;
    for (size_t wanted = kFirstLook;; wanted *= 2) {
      const std::string_view seen = stream_->peek(wanted);
      for (; at < seen.size(); ++at) {
        const char c = seen[at];
        if (in_string) {
          in_string = escaped || c != '"';
          escaped = !escaped && c == '\\';
          // A string that is an element by itself ends it; what follows is the next one.
          continue;
        }
        in_string = c == '"';
        depth += c == '{' || c == '[' ? 1 : 0;
        const bool closes = c == '}' || c == ']';
        if (depth == 0 && (closes || c == ',')) return std::max<size_t>(at, 1);
        if (closes && --depth == 0) return at + 1;
      }
      if (seen.size() > kMaxRowBytes) fail_too_long(*stream_, number_);
      if (seen.size() < wanted) return 0;
      wanted = std::max(wanted, seen.size());
    }
  }

  std::unique_ptr<ByteStream> stream_;
  int64_t number_ = 0;
  bool in_array_ = false;
  bool ended_ = false;
};

}  // namespace

void set_json(Row& row, std::string_view text) {
  bool loses_digits = false;
  row.problem = try_parse_row(text, RowNumbers::kValues, row.object, loses_digits);
  if (row.problem.empty() && loses_digits)
    row.problem = try_parse_row(text, RowNumbers::kDigits, row.spelled, loses_digits);
  if (row.problem.empty() && !row.object.is_object()) {
    row.problem = std::string("not a JSON object but ") + row.object.type_name();
  }
  if (!row.problem.empty()) row.object = nullptr;
}

std::unique_ptr<RowReader> read_json_lines(std::unique_ptr<ByteStream> stream) {
  return std::make_unique<JsonLines>(std::move(stream));
}

std::unique_ptr<RowReader> read_json_array(std::unique_ptr<ByteStream> stream) {
  return std::make_unique<JsonArray>(std::move(stream));
}

}  // namespace rondo::io
