// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/group_codec.h"

#include <cstring>
#include <type_traits>

#include "rondo/base/error.h"

namespace rondo::data {
namespace {

static_assert(sizeof(Comparison) == 24 && std::is_trivially_copyable_v<Comparison>);

// Room for lengths and short texts.
constexpr size_t kMessageBytes = 64;
constexpr size_t kPromptBytes = 4096;

struct Counts {
  uint64_t responses;
  uint64_t comparisons;
  Repetitions repetitions;
  uint64_t row_bytes;
};

class Writer {
 public:
  template <typename T>
  void raw(const T& value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(T));
  }
  void text(const std::string& value) {
    raw(static_cast<uint64_t>(value.size()));
    bytes_ += value;
  }
  void message(const Message& value) {
    text(value.role);
    text(value.content);
    text(value.extra_json);
  }
  void block(const void* data, size_t size) { bytes_.append(static_cast<const char*>(data), size); }
  void reserve(size_t size) { bytes_.reserve(size); }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  bool has(size_t count) const { return rest_.size() >= count; }
  std::string_view take(size_t count) {
    RONDO_ASSERT(has(count), "a spooled group is complete");
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  template <typename T>
  T raw() {
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }
  std::string text() { return std::string(take(raw<uint64_t>())); }
  Message message() {
    Message value;
    value.role = text();
    value.content = text();
    value.extra_json = text();
    return value;
  }
  std::vector<Message> messages(uint64_t count) {
    std::vector<Message> values;
    values.reserve(count);
    for (uint64_t i = 0; i < count; ++i) values.push_back(message());
    return values;
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

GroupHead read_head(Reader& reader) {
  const auto counts = reader.raw<Counts>();
  GroupHead head{.response_count = static_cast<int64_t>(counts.responses),
                 .comparison_count = static_cast<int64_t>(counts.comparisons),
                 .repetitions = counts.repetitions,
                 .row_bytes = counts.row_bytes,
                 .source = {}};
  head.source = reader.text();
  return head;
}

// The head is prefixed by its own length, so that it can be read without the rest.
uint64_t head_bytes(std::string_view bytes) {
  uint64_t size = 0;
  RONDO_ASSERT(bytes.size() >= sizeof(size), "a spooled group begins with the length of its head");
  std::memcpy(&size, bytes.data(), sizeof(size));
  return size + sizeof(size);
}

std::string encode_rows(const std::vector<SourceRow>& rows) {
  Writer writer;
  writer.raw(static_cast<uint64_t>(rows.size()));
  for (const SourceRow& row : rows) {
    writer.raw(row.number);
    writer.text(row.place);
    writer.text(row.id);
    writer.text(row.subset);
    writer.raw(static_cast<uint64_t>(row.responses.size()));
    writer.block(row.responses.data(), row.responses.size() * sizeof(int32_t));
    writer.raw(row.comparison_end);
  }
  return writer.take();
}

}  // namespace

std::string encode_group(const Group& group, const Repetitions& repetitions) {
  const std::string rows = encode_rows(group.rows);
  Writer head;
  head.raw(Counts{group.responses.size(), group.comparisons.size(), repetitions, rows.size()});
  head.text(group.source);
  Writer all;
  // Exact for all but the short texts of the prompt, so that the comparisons of a large group are not copied twice.
  size_t size = group.comparisons.size() * sizeof(Comparison) + group.prompt.text.size() + rows.size();
  for (const Message& response : group.responses) size += kMessageBytes + response.content.size();
  all.reserve(size + kPromptBytes);
  all.text(head.take());
  all.raw(static_cast<uint64_t>(group.prompt.is_plain));
  all.text(group.prompt.text);
  all.raw(static_cast<uint64_t>(group.prompt.messages.size()));
  for (const Message& message : group.prompt.messages) all.message(message);
  all.text(group.prompt.tools_json);
  all.text(group.prompt.template_kwargs_json);
  for (const Message& response : group.responses) all.message(response);
  all.block(group.comparisons.data(), group.comparisons.size() * sizeof(Comparison));
  all.block(rows.data(), rows.size());
  return all.take();
}

Group decode_group(std::string_view bytes) {
  Reader reader(bytes);
  (void)reader.raw<uint64_t>();
  GroupHead head = read_head(reader);
  Group group;
  group.source = std::move(head.source);
  group.prompt.is_plain = reader.raw<uint64_t>() != 0;
  group.prompt.text = reader.text();
  group.prompt.messages = reader.messages(reader.raw<uint64_t>());
  group.prompt.tools_json = reader.text();
  group.prompt.template_kwargs_json = reader.text();
  group.responses = reader.messages(static_cast<uint64_t>(head.response_count));
  group.comparisons.resize(static_cast<size_t>(head.comparison_count));
  const std::string_view raw = reader.take(group.comparisons.size() * sizeof(Comparison));
  if (!raw.empty()) std::memcpy(group.comparisons.data(), raw.data(), raw.size());
  group.rows = decode_rows(reader.rest());
  if (!group.rows.empty()) {
    group.id = group.rows.front().id;
    group.subset = group.rows.front().subset;
  }
  return group;
}

GroupHead decode_head(std::string_view bytes, bool& complete) {
  complete = bytes.size() >= head_bytes(bytes);
  if (!complete) return {};
  Reader reader(bytes);
  (void)reader.raw<uint64_t>();
  return read_head(reader);
}

std::string_view content_bytes(std::string_view bytes) {
  bool complete = false;
  const GroupHead head = decode_head(bytes, complete);
  bytes.remove_suffix(head.row_bytes);
  return bytes.substr(head_bytes(bytes));
}

std::vector<SourceRow> decode_rows(std::string_view bytes) {
  Reader reader(bytes);
  std::vector<SourceRow> rows(reader.raw<uint64_t>());
  for (SourceRow& row : rows) {
    row.number = reader.raw<int64_t>();
    row.place = reader.text();
    row.id = reader.text();
    row.subset = reader.text();
    row.responses.resize(reader.raw<uint64_t>());
    const std::string_view raw = reader.take(row.responses.size() * sizeof(int32_t));
    if (!raw.empty()) std::memcpy(row.responses.data(), raw.data(), raw.size());
    row.comparison_end = reader.raw<int64_t>();
  }
  return rows;
}

}  // namespace rondo::data
