// SPDX-License-Identifier: Apache-2.0
// Rows are collected as JSON lines, which Arrow's reader turns into columns. Its types are given rather than guessed:
// it takes a text that looks like a date for one.
#include "rondo/io/parquet_writer.h"

#include <arrow/api.h>
#include <arrow/io/api.h>
#include <arrow/json/api.h>
#include <parquet/arrow/writer.h>

#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/io/atomic_file.h"

namespace rondo::io {
namespace {

using nlohmann::ordered_json;

constexpr size_t kRowGroupBytes = size_t{1} << 26;  // of JSON

std::shared_ptr<arrow::DataType> type_of(const ordered_json& value);

std::vector<std::shared_ptr<arrow::Field>> fields_of(const ordered_json& object) {
  std::vector<std::shared_ptr<arrow::Field>> fields;
  for (const auto& [key, value] : object.items()) fields.push_back(arrow::field(key, type_of(value)));
  return fields;
}

std::shared_ptr<arrow::DataType> type_of(const ordered_json& value) {
  if (value.is_object()) return arrow::struct_(fields_of(value));
  if (value.is_array()) return arrow::list(value.empty() ? arrow::utf8() : type_of(value.front()));
  if (value.is_boolean()) return arrow::boolean();
  if (value.is_number_integer()) return arrow::int64();
  if (value.is_number()) return arrow::float64();
  return arrow::utf8();
}

class AtomicOutput : public arrow::io::OutputStream {
 public:
  explicit AtomicOutput(AtomicFile& file) : file_(file) {}

  // AtomicFile closes itself.
  arrow::Status Close() override { return arrow::Status::OK(); }
  bool closed() const override { return false; }
  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Status Write(const void* data, int64_t count) override {
    // Arrow is no place for exceptions of others to pass through.
    try {
      file_.write({static_cast<const char*>(data), static_cast<size_t>(count)});
    } catch (const ResourceError& error) {
      return arrow::Status::IOError(error.what());
    }
    position_ += count;
    return arrow::Status::OK();
  }

 private:
  AtomicFile& file_;
  int64_t position_ = 0;
};

}  // namespace

struct ParquetWriter::State {
  explicit State(const std::filesystem::path& path)
      : name(path.string()), file(path), output(std::make_shared<AtomicOutput>(file)) {}

  void expect(const arrow::Status& status) const {
    if (status.IsIOError()) throw ResourceError("cannot write: " + name + ": " + status.message());
    if (!status.ok()) {
      throw DataError("cannot write: " + name + ": " + status.message() +
                      "; every row must have the columns and types of the first");
    }
  }
  template <typename T>
  T value_of(arrow::Result<T> result) const {
    expect(result.status());
    return std::move(result).ValueUnsafe();
  }

  void open() { writer = value_of(parquet::arrow::FileWriter::Open(*schema, arrow::default_memory_pool(), output)); }

  void write_row_group() {
    if (lines.empty()) return;
    auto read_options = arrow::json::ReadOptions::Defaults();
    read_options.block_size = static_cast<int32_t>(lines.size() + 1);
    auto parse_options = arrow::json::ParseOptions::Defaults();
    parse_options.explicit_schema = schema;
    parse_options.unexpected_field_behavior = arrow::json::UnexpectedFieldBehavior::Error;
    const auto input = std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(std::move(lines)));
    lines.clear();
    const auto reader =
        value_of(arrow::json::TableReader::Make(arrow::default_memory_pool(), input, read_options, parse_options));
    const std::shared_ptr<arrow::Table> table = value_of(reader->Read());
    expect(writer->WriteTable(*table, std::max<int64_t>(1, table->num_rows())));
  }

  std::string name;
  AtomicFile file;
  std::shared_ptr<AtomicOutput> output;
  std::shared_ptr<arrow::Schema> schema;
  std::unique_ptr<parquet::arrow::FileWriter> writer;
  std::string lines;
};

ParquetWriter::ParquetWriter(const std::filesystem::path& path) : state_(std::make_unique<State>(path)) {}
ParquetWriter::~ParquetWriter() = default;

void ParquetWriter::write(const ordered_json& row) {
  if (!state_->schema) {
    state_->schema = arrow::schema(fields_of(row));
    state_->open();
  }
  state_->lines += row.dump() + "\n";
  if (state_->lines.size() >= kRowGroupBytes) state_->write_row_group();
}

void ParquetWriter::commit() {
  if (!state_->schema) {
    state_->schema = arrow::schema(std::vector<std::shared_ptr<arrow::Field>>());
    state_->open();
  }
  state_->write_row_group();
  state_->expect(state_->writer->Close());
  state_->file.commit();
}

}  // namespace rondo::io
