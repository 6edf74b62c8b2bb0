// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "rondo/base/error.h"
#include "rondo/io/atomic_file.h"
#include "rondo/io/safetensors.h"

namespace rondo::io {
namespace {

// The data begins at a multiple of the largest element, as other readers expect.
constexpr size_t kAlignment = 8;

struct Place {
  uint64_t offset = 0;
  uint64_t bytes = 0;
  bool written = false;
};

uint64_t byte_count(const TensorSpec& spec) {
  auto count = static_cast<uint64_t>(dtype_bytes(spec.dtype));
  for (const int64_t size : spec.shape) count *= static_cast<uint64_t>(size);
  return count;
}

std::string header_length(uint64_t bytes) {
  std::string text(sizeof(bytes), '\0');
  for (size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>((bytes >> (8 * i)) & 0xFFU);
  return text;
}

}  // namespace

struct SafetensorsWriter::State {
  explicit State(const std::filesystem::path& path) : file(path) {}

  AtomicFile file;
  std::unordered_map<std::string, Place> places;
  uint64_t data_start = 0;
};

SafetensorsWriter::SafetensorsWriter(const std::filesystem::path& path, const std::vector<TensorSpec>& tensors,
                                     const std::map<std::string, std::string>& metadata)
    : state_(std::make_unique<State>(path)) {
  // Wide elements first, so that every tensor starts at a multiple of its element size without padding.
  std::vector<TensorSpec> order = tensors;
  std::sort(order.begin(), order.end(), [](const TensorSpec& a, const TensorSpec& b) {
    return std::pair(-dtype_bytes(a.dtype), a.name) < std::pair(-dtype_bytes(b.dtype), b.name);
  });
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  uint64_t offset = 0;
  for (const TensorSpec& spec : order) {
    const uint64_t bytes = byte_count(spec);
    const bool fresh = state_->places.emplace(spec.name, Place{.offset = offset, .bytes = bytes}).second;
    RONDO_ASSERT(fresh && spec.name != "__metadata__", "tensor names are distinct");
    header[spec.name] = {
        {"dtype", dtype_name(spec.dtype)}, {"shape", spec.shape}, {"data_offsets", {offset, offset + bytes}}};
    offset += bytes;
  }
  std::string text = header.dump();
  text.append((kAlignment - text.size() % kAlignment) % kAlignment, ' ');
  state_->file.write(header_length(text.size()));
  state_->file.write(text);
  state_->data_start = kAlignment + text.size();
}

SafetensorsWriter::~SafetensorsWriter() = default;

void SafetensorsWriter::write(std::string_view name, std::string_view bytes) {
  const auto at = state_->places.find(std::string(name));
  RONDO_ASSERT(at != state_->places.end(), "every tensor is announced before it is written");
  RONDO_ASSERT(!at->second.written && at->second.bytes == bytes.size(), "a tensor is written once, in full");
  state_->file.write_at(state_->data_start + at->second.offset, bytes);
  at->second.written = true;
}

void SafetensorsWriter::commit() {
  for (const auto& [name, place] : state_->places) {
    RONDO_ASSERT(place.written, "every announced tensor is written before the commit");
  }
  state_->file.commit();
}

}  // namespace rondo::io
