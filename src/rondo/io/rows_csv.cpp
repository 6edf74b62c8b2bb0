// SPDX-License-Identifier: Apache-2.0
// CSV and TSV through Arrow's reader: RFC 4180 quotes with line ends inside, byte-order mark, CRLF. Types are never
// guessed: every cell is text, an unquoted empty one is absent.
#include <arrow/api.h>
#include <arrow/csv/api.h>

#include <algorithm>
#include <set>

#include "rondo/base/error.h"
#include "rondo/io/arrow_rows.h"
#include "rondo/io/row_formats.h"

namespace rondo::io {
namespace {

// A row has to fit into a block of the reader.
constexpr int32_t kBlockBytes = 1 << 25;

class CsvRows : public RowReader {
 public:
  CsvRows(std::unique_ptr<ByteStream> stream, char delimiter) : name_(stream->name()) {
    empty_ = stream->peek(1).empty();
    if (empty_) return;
    auto read = arrow::csv::ReadOptions::Defaults();
    // Row numbers are known in serial reading only.
    read.use_threads = false;
    read.block_size = kBlockBytes;
    auto parse = arrow::csv::ParseOptions::Defaults();
    parse.delimiter = delimiter;
    parse.newlines_in_values = true;
    parse.ignore_empty_lines = false;
    parse.invalid_row_handler = [this](const arrow::csv::InvalidRow& row) { return note(row); };
    auto convert = arrow::csv::ConvertOptions::Defaults();
    convert.default_column_type = arrow::utf8();
    // Checked cell by cell, so that one row is bad and not its whole block.
    convert.check_utf8 = false;
    convert.null_values = {""};
    convert.strings_can_be_null = true;
    convert.quoted_strings_can_be_null = false;
    reader_ = value_of(arrow::csv::StreamingReader::Make(arrow::io::default_io_context(),
                                                         arrow_input(std::move(stream)), read, parse, convert),
                       name_);
    check_names();
  }

  std::optional<Row> next() override {
    while (!empty_) {
      if (invalid_is_next()) return invalid_row();
      if (batch_ && at_ < batch_->num_rows()) {
        Row row = row_of_batch(*batch_, at_++);
        row.number = ++number_;
        // An empty line comes as a row without cells.
        if (row.problem.empty() && row.object.empty()) continue;
        return row;
      }
      const arrow::Status status = reader_->ReadNext(&batch_);
      if (!status.ok()) fail_arrow(name_, status);
      at_ = 0;
      if (!batch_ && invalid_.empty()) return std::nullopt;
    }
    return std::nullopt;
  }

 private:
  struct Invalid {
    int64_t number;
    std::string problem;
  };

  arrow::csv::InvalidRowResult note(const arrow::csv::InvalidRow& row) {
    invalid_.push_back({row.number - 1, "has " + std::to_string(row.actual_columns) + " columns, the header has " +
                                            std::to_string(row.expected_columns)});
    return arrow::csv::InvalidRowResult::Skip;
  }

  // Whether the next row in file order is one that the parser left out.
  bool invalid_is_next() const {
    const bool ended = !batch_ && number_ > 0;
    return !invalid_.empty() && (invalid_.front().number <= number_ + 1 || ended);
  }

  Row invalid_row() {
    Row row;
    number_ = std::max(number_, invalid_.front().number);
    row.number = number_;
    row.problem = std::move(invalid_.front().problem);
    invalid_.pop_front();
    return row;
  }

  void check_names() const {
    const auto is_number = [](const std::string& name) {
      return !name.empty() && name.find_first_not_of("0123456789.-") == std::string::npos;
    };
    const std::vector<std::string> names = reader_->schema()->field_names();
    if (std::all_of(names.begin(), names.end(), is_number)) {
      throw DataError("cannot read: " + name_ +
                      ": the first line holds numbers, not column names; put a line such as model_a,model_b,winner "
                      "above it");
    }
    std::set<std::string> seen;
    for (const std::string& column : names) {
      if (!seen.insert(column).second) {
        throw DataError("cannot read: " + name_ + ": two columns are named '" + column +
                        "'; the first line must hold distinct column names");
      }
    }
  }

  std::string name_;
  bool empty_ = false;
  std::shared_ptr<arrow::csv::StreamingReader> reader_;
  std::shared_ptr<arrow::RecordBatch> batch_;
  std::deque<Invalid> invalid_;
  int64_t at_ = 0;
  int64_t number_ = 0;
};

}  // namespace

std::unique_ptr<RowReader> read_csv(std::unique_ptr<ByteStream> stream, char delimiter) {
  return std::make_unique<CsvRows>(std::move(stream), delimiter);
}

}  // namespace rondo::io
