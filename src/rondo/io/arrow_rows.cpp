// SPDX-License-Identifier: Apache-2.0
#include "rondo/io/arrow_rows.h"

#include <arrow/api.h>
#include <arrow/io/api.h>

#include <algorithm>

#include "rondo/base/error.h"
#include "rondo/io/json.h"

namespace rondo::io {
namespace {

using json = nlohmann::ordered_json;

json value_at(const arrow::Array& array, int64_t i);

json elements(const arrow::Array& values, int64_t begin, int64_t end) {
  json list = json::array();
  for (int64_t i = begin; i < end; ++i) list.push_back(value_at(values, i));
  return list;
}

template <typename ListArray>
json list_at(const arrow::Array& array, int64_t i) {
  const auto& list = static_cast<const ListArray&>(array);
  return elements(*list.values(), list.value_offset(i), list.value_offset(i) + list.value_length(i));
}

json struct_at(const arrow::Array& array, int64_t i) {
  const auto& structure = static_cast<const arrow::StructArray&>(array);
  json object = json::object();
  for (int field = 0; field < structure.num_fields(); ++field) {
    // field() applies the slice of the parent.
    json value = value_at(*structure.field(field), i);
    if (!value.is_null()) object[structure.type()->field(field)->name()] = std::move(value);
  }
  return object;
}

// Texts must be UTF-8. Bytes that are none (images) are no text: the cell is left out.
template <typename BinaryLike>
json text_at(const arrow::Array& array, int64_t i, bool is_text) {
  const std::string_view text = static_cast<const BinaryLike&>(array).GetView(i);
  if (find_invalid_utf8(text) == std::string_view::npos) return std::string(text);
  if (is_text) throw DataError("a cell holds ill-formed UTF-8");
  return nullptr;
}

// Numbers go through Arrow's scalars: few per row, and one line for all widths.
json number_at(const arrow::Array& array, int64_t i) {
  const auto scalar = array.GetScalar(i);
  if (!scalar.ok()) throw DataError(scalar.status().message());
  const bool floating = arrow::is_floating(array.type_id());
  const auto wide = (*scalar)->CastTo(floating ? arrow::float64() : arrow::int64());
  if (!wide.ok()) throw DataError(wide.status().message());
  if (floating) return static_cast<const arrow::DoubleScalar&>(**wide).value;
  return static_cast<const arrow::Int64Scalar&>(**wide).value;
}

json value_at(const arrow::Array& array, int64_t i) {
  if (array.IsNull(i)) return nullptr;
  switch (array.type_id()) {
    case arrow::Type::BOOL:
      return static_cast<const arrow::BooleanArray&>(array).Value(i);
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return text_at<arrow::BinaryArray>(array, i, array.type_id() == arrow::Type::STRING);
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      return text_at<arrow::LargeBinaryArray>(array, i, array.type_id() == arrow::Type::LARGE_STRING);
    case arrow::Type::STRING_VIEW:
    case arrow::Type::BINARY_VIEW:
      return text_at<arrow::BinaryViewArray>(array, i, array.type_id() == arrow::Type::STRING_VIEW);
    case arrow::Type::LIST:
    case arrow::Type::MAP:
      return list_at<arrow::ListArray>(array, i);
    case arrow::Type::LARGE_LIST:
      return list_at<arrow::LargeListArray>(array, i);
    case arrow::Type::FIXED_SIZE_LIST:
      return list_at<arrow::FixedSizeListArray>(array, i);
    case arrow::Type::STRUCT:
      return struct_at(array, i);
    case arrow::Type::DICTIONARY: {
      const auto& coded = static_cast<const arrow::DictionaryArray&>(array);
      return value_at(*coded.dictionary(), coded.GetValueIndex(i));
    }
    default:
      break;
  }
  if (arrow::is_integer(array.type_id()) || arrow::is_floating(array.type_id())) return number_at(array, i);
  // Dates, decimals and the like: as Arrow prints them.
  const auto scalar = array.GetScalar(i);
  return scalar.ok() ? json((*scalar)->ToString()) : json(nullptr);
}

class StreamInput : public arrow::io::InputStream {
 public:
  explicit StreamInput(std::unique_ptr<ByteStream> stream) : stream_(std::move(stream)) {
    set_mode(arrow::io::FileMode::READ);
  }

  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<int64_t> Tell() const override { return position_; }

  arrow::Result<int64_t> Read(int64_t count, void* out) override {
    try {
      const std::string_view seen = stream_->peek(static_cast<size_t>(count));
      const size_t given = std::min(seen.size(), static_cast<size_t>(count));
      std::copy_n(seen.data(), given, static_cast<char*>(out));
      stream_->skip(given);
      position_ += static_cast<int64_t>(given);
      return static_cast<int64_t>(given);
    } catch (const Error& error) {
      return arrow::Status::IOError(error.what());
    }
  }

  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t count) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(count));
    ARROW_ASSIGN_OR_RAISE(const int64_t given, Read(count, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(given));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }

 private:
  std::unique_ptr<ByteStream> stream_;
  int64_t position_ = 0;
  bool closed_ = false;
};

}  // namespace

Row row_of_batch(const arrow::RecordBatch& batch, int64_t index) {
  Row row;
  row.object = json::object();
  try {
    for (int column = 0; column < batch.num_columns(); ++column) {
      json value = value_at(*batch.column(column), index);
      if (!value.is_null()) row.object[batch.column_name(column)] = std::move(value);
    }
  } catch (const DataError& error) {
    row.object = nullptr;
    row.problem = error.what();
  }
  return row;
}

std::shared_ptr<arrow::io::InputStream> arrow_input(std::unique_ptr<ByteStream> stream) {
  return std::make_shared<StreamInput>(std::move(stream));
}

std::shared_ptr<arrow::io::RandomAccessFile> arrow_file(ByteStream& stream) {
  if (stream.is_plain_file()) return value_of(arrow::io::ReadableFile::Open(stream.name()), stream.name());
  std::string content;
  for (std::string_view seen = stream.peek(1); !seen.empty(); seen = stream.peek(1)) {
    content += seen;
    stream.skip(seen.size());
  }
  return std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(std::move(content)));
}

void fail_arrow(const std::string& name, const arrow::Status& status) {
  throw DataError("cannot read: " + name + ": " + status.message() + "; correct the file, or write it again as JSONL");
}

}  // namespace rondo::io
