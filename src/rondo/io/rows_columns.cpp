// SPDX-License-Identifier: Apache-2.0
// Parquet and Arrow files.
#include <arrow/api.h>
#include <arrow/io/api.h>
#include <arrow/ipc/api.h>
#include <parquet/arrow/reader.h>
#include <parquet/exception.h>

#include "rondo/base/error.h"
#include "rondo/io/arrow_rows.h"
#include "rondo/io/row_formats.h"

namespace rondo::io {
namespace {

// Small: texts are long, and a batch of all columns is in memory beside the row group.
constexpr int64_t kBatchRows = 1024;

class BatchRows : public RowReader {
 public:
  BatchRows(std::shared_ptr<arrow::RecordBatchReader> reader, std::string name,
            std::unique_ptr<parquet::arrow::FileReader> owner)
      : owner_(std::move(owner)), reader_(std::move(reader)), name_(std::move(name)) {}

  std::optional<Row> next() override {
    while (!batch_ || at_ >= batch_->num_rows()) {
      try {
        const arrow::Status status = reader_->ReadNext(&batch_);
        if (!status.ok()) fail_arrow(name_, status);
        if (batch_ && !batch_->ValidateFull().ok()) fail_arrow(name_, batch_->ValidateFull());
      } catch (const parquet::ParquetException& error) {
        fail_arrow(name_, arrow::Status::Invalid(error.what()));
      }
      at_ = 0;
      if (!batch_) return std::nullopt;
    }
    Row row = row_of_batch(*batch_, at_++);
    row.number = ++number_;
    return row;
  }

 private:
  std::unique_ptr<parquet::arrow::FileReader> owner_;  // the batch reader reads through it
  std::shared_ptr<arrow::RecordBatchReader> reader_;
  std::string name_;
  std::shared_ptr<arrow::RecordBatch> batch_;
  int64_t at_ = 0;
  int64_t number_ = 0;
};

// The file form has random access by batch only; this makes it a sequence.
class FileBatches : public arrow::RecordBatchReader {
 public:
  explicit FileBatches(std::shared_ptr<arrow::ipc::RecordBatchFileReader> file) : file_(std::move(file)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return file_->schema(); }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    batch->reset();
    if (at_ < file_->num_record_batches()) return file_->ReadRecordBatch(at_++).Value(batch);
    return arrow::Status::OK();
  }

 private:
  std::shared_ptr<arrow::ipc::RecordBatchFileReader> file_;
  int at_ = 0;
};

}  // namespace

std::unique_ptr<RowReader> read_parquet(std::unique_ptr<ByteStream> stream) {
  const std::string name = stream->name();
  try {
    auto file = value_of(parquet::arrow::OpenFile(arrow_file(*stream), arrow::default_memory_pool()), name);
    file->set_batch_size(kBatchRows);
    std::shared_ptr<arrow::RecordBatchReader> reader = value_of(file->GetRecordBatchReader(), name);
    return std::make_unique<BatchRows>(std::move(reader), name, std::move(file));
  } catch (const parquet::ParquetException& error) {
    fail_arrow(name, arrow::Status::Invalid(error.what()));
  }
}

std::unique_ptr<RowReader> read_arrow(std::unique_ptr<ByteStream> stream) {
  const std::string name = stream->name();
  std::shared_ptr<arrow::RecordBatchReader> reader;
  if (stream->peek(6).starts_with("ARROW1")) {
    reader =
        std::make_shared<FileBatches>(value_of(arrow::ipc::RecordBatchFileReader::Open(arrow_file(*stream)), name));
  } else {
    reader = value_of(arrow::ipc::RecordBatchStreamReader::Open(arrow_input(std::move(stream))), name);
  }
  return std::make_unique<BatchRows>(std::move(reader), name, nullptr);
}

}  // namespace rondo::io
