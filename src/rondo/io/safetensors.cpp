// SPDX-License-Identifier: Apache-2.0
#include "rondo/io/safetensors.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "rondo/base/error.h"
#include "rondo/io/json.h"

namespace rondo::io {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct DTypeRow {
  DType dtype;
  std::string_view name;
  int64_t bytes;
};

constexpr DTypeRow kDTypes[] = {
    {DType::kBool, "BOOL", 1},      {DType::kU8, "U8", 1},   {DType::kI8, "I8", 1},   {DType::kF8E4M3, "F8_E4M3", 1},
    {DType::kF8E5M2, "F8_E5M2", 1}, {DType::kU16, "U16", 2}, {DType::kI16, "I16", 2}, {DType::kF16, "F16", 2},
    {DType::kBF16, "BF16", 2},      {DType::kU32, "U32", 4}, {DType::kI32, "I32", 4}, {DType::kF32, "F32", 4},
    {DType::kU64, "U64", 8},        {DType::kI64, "I64", 8}, {DType::kF64, "F64", 8},
};

constexpr uint64_t kLengthBytes = 8;
// The limit of the format's own reader: a longer header is a broken length field.
constexpr uint64_t kMaxHeaderBytes = 100'000'000;
constexpr size_t kMaxDimensions = 16;

class HeaderCheck {
 public:
  HeaderCheck(std::string_view where, std::string_view data, const IfDamaged& if_damaged)
      : where_(where), data_(data), if_damaged_(if_damaged) {}

  [[noreturn]] void fail(const std::string& place, const std::string& fact) const {
    throw_error(if_damaged_.kind,
                "cannot read tensors: " + where_ + (place.empty() ? "" : ": " + place) + ": " + fact +
                    "; the file is damaged or was not written completely: " + std::string(if_damaged_.remedy));
  }

  TensorView entry(const std::string& name, const json& value) const {
    if (!value.is_object() || value.size() != 3 || !value.contains("dtype") || !value.contains("shape") ||
        !value.contains("data_offsets")) {
      fail(name, "an entry must have exactly dtype, shape and data_offsets");
    }
    TensorView view{
        .name = name, .dtype = dtype(name, value["dtype"]), .shape = shape(name, value["shape"]), .bytes = {}};
    const json& offsets = value["data_offsets"];
    if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
        !offsets[1].is_number_unsigned()) {
      fail(name, "data_offsets must be two non-negative integers");
    }
    const auto begin = offsets[0].get<uint64_t>();
    const auto end = offsets[1].get<uint64_t>();
    if (begin > end || end > data_.size()) {
      fail(name, "data_offsets [" + std::to_string(begin) + ", " + std::to_string(end) + "] lie outside of the " +
                     std::to_string(data_.size()) + " data bytes");
    }
    view.bytes = data_.substr(begin, end - begin);
    const uint64_t needed = byte_count(view);
    if (needed != view.bytes.size()) {
      fail(name, "shape and dtype need " + std::to_string(needed) + " bytes, data_offsets hold " +
                     std::to_string(view.bytes.size()));
    }
    return view;
  }

  // Every data byte belongs to exactly one tensor.
  void coverage(const std::vector<TensorView>& tensors) const {
    std::vector<const TensorView*> order;
    for (const TensorView& tensor : tensors) order.push_back(&tensor);
    const auto begin = [this](const TensorView* t) { return static_cast<uint64_t>(t->bytes.data() - data_.data()); };
    std::sort(order.begin(), order.end(), [&](const TensorView* a, const TensorView* b) {
      return std::pair(begin(a), a->bytes.size()) < std::pair(begin(b), b->bytes.size());
    });
    uint64_t covered = 0;
    for (const TensorView* tensor : order) {
      if (begin(tensor) < covered) fail(tensor->name, "overlaps the tensor before it");
      if (begin(tensor) > covered) fail(tensor->name, "bytes before it belong to no tensor");
      covered += tensor->bytes.size();
    }
    if (covered != data_.size()) {
      fail("", std::to_string(data_.size() - covered) + " bytes at the end belong to no tensor");
    }
  }

 private:
  DType dtype(const std::string& name, const json& value) const {
    for (const DTypeRow& row : kDTypes) {
      if (value.is_string() && value.get_ref<const std::string&>() == row.name) return row.dtype;
    }
    fail(name, "unknown dtype " + value.dump());
  }

  std::vector<int64_t> shape(const std::string& name, const json& value) const {
    if (!value.is_array() || value.size() > kMaxDimensions) fail(name, "shape must be a short array");
    std::vector<int64_t> sizes;
    for (const json& size : value) {
      constexpr auto kTop = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
      if (!size.is_number_unsigned() || size.get<uint64_t>() > kTop) {
        fail(name, "shape must hold non-negative integers");
      }
      sizes.push_back(size.get<int64_t>());
    }
    return sizes;
  }

  uint64_t byte_count(const TensorView& view) const {
    auto count = static_cast<uint64_t>(dtype_bytes(view.dtype));
    for (const int64_t size : view.shape) {
      if (__builtin_mul_overflow(count, static_cast<uint64_t>(size), &count)) fail(view.name, "shape is too large");
    }
    return count;
  }

  std::string where_;
  std::string_view data_;
  IfDamaged if_damaged_;
};

// nlohmann keeps the last of two equal keys; a checkpoint that names a tensor twice is refused instead.
json parse_header(std::string_view text, const HeaderCheck& check) {
  std::vector<std::set<std::string>> seen;
  const auto watch = [&](int depth, json::parse_event_t event, json& parsed) {
    const auto level = static_cast<size_t>(depth);
    if (level > kMaxDimensions) check.fail("", "the header nests too deep");
    if (event == json::parse_event_t::object_start) {
      seen.resize(std::max(seen.size(), level + 2));
      seen[level + 1].clear();
    }
    if (event == json::parse_event_t::key && !seen[level].insert(parsed.get<std::string>()).second) {
      check.fail(parsed.get<std::string>(), "appears twice in the header");
    }
    return true;
  };
  try {
    json header = json::parse(text.begin(), text.end(), watch);
    if (!header.is_object()) check.fail("", "the header is not a JSON object");
    return header;
  } catch (const json::exception&) {
    // The plain parser words the message; reached only where the watched one failed.
    json header;
    const std::string problem = try_parse_json(text, header);
    if (!problem.empty()) check.fail("header", problem);
    return header;
  }
}

fs::path resolve(const fs::path& path) {
  if (!fs::is_directory(path)) return path;
  for (const char* name : {"model.safetensors", "model.safetensors.index.json"}) {
    if (fs::exists(path / name)) return path / name;
  }
  throw ModelError("cannot read weights: " + path.string() +
                   ": neither model.safetensors nor model.safetensors.index.json is there; "
                   "name a model folder, or convert .bin files to safetensors first");
}

}  // namespace

int64_t dtype_bytes(DType dtype) { return kDTypes[static_cast<size_t>(dtype)].bytes; }

std::string_view dtype_name(DType dtype) { return kDTypes[static_cast<size_t>(dtype)].name; }

std::vector<TensorView> parse_safetensors(std::string_view file, std::string_view where,
                                          std::map<std::string, std::string>& metadata, const IfDamaged& if_damaged) {
  const HeaderCheck outer(where, {}, if_damaged);
  if (file.size() < kLengthBytes) outer.fail("", "shorter than the 8 bytes of the header length");
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, file.data(), kLengthBytes);
  if (header_bytes > kMaxHeaderBytes || header_bytes > file.size() - kLengthBytes) {
    outer.fail("", "header length " + std::to_string(header_bytes) + " does not fit the file of " +
                       std::to_string(file.size()) + " bytes");
  }
  const HeaderCheck check(where, file.substr(kLengthBytes + header_bytes), if_damaged);
  const json header = parse_header(file.substr(kLengthBytes, header_bytes), check);
  std::vector<TensorView> tensors;
  for (const auto& [name, value] : header.items()) {
    if (name != "__metadata__") {
      tensors.push_back(check.entry(name, value));
      continue;
    }
    if (!value.is_object()) check.fail(name, "must be an object of strings");
    for (const auto& [key, text] : value.items()) {
      if (!text.is_string()) check.fail(name, "must be an object of strings");
      metadata[key] = text.get<std::string>();
    }
  }
  check.coverage(tensors);
  return tensors;
}

SafetensorsReader::SafetensorsReader(const fs::path& path, const IfDamaged& if_damaged) {
  const fs::path file = resolve(path);
  if (file.extension() == ".json") {
    add_index(file, if_damaged);
  } else {
    add_file(file, if_damaged);
  }
  finish(file);
}

void SafetensorsReader::add_file(const fs::path& path, const IfDamaged& if_damaged) {
  files_.emplace_back(path);
  std::vector<TensorView> found = parse_safetensors(files_.back().bytes(), path.string(), metadata_, if_damaged);
  std::move(found.begin(), found.end(), std::back_inserter(tensors_));
}

void SafetensorsReader::add_index(const fs::path& path, const IfDamaged& if_damaged) {
  const auto fail = [&](const std::string& fact) {
    throw ModelError("cannot read weights: " + path.string() + ": " + fact + "; fetch the index and all shards again");
  };
  const json index = read_json_file(path, ErrorKind::kModel);
  if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object()) {
    fail("no weight_map object");
  }
  std::map<std::string, std::set<std::string>> names_of_shard;
  for (const auto& [name, shard] : index["weight_map"].items()) {
    if (!shard.is_string()) fail("weight_map." + name + " is not a file name");
    const auto& file = shard.get_ref<const std::string&>();
    // A shard lies beside its index: a downloaded index must not open files elsewhere.
    if (file.empty() || fs::path(file).filename() != fs::path(file)) fail("'" + file + "' is not a plain file name");
    names_of_shard[file].insert(name);
  }
  for (const auto& [file, names] : names_of_shard) {
    const size_t before = tensors_.size();
    if (!fs::exists(path.parent_path() / file)) fail("shard " + file + " is missing");
    add_file(path.parent_path() / file, if_damaged);
    std::set<std::string> stored;
    for (size_t i = before; i < tensors_.size(); ++i) stored.insert(tensors_[i].name);
    for (const std::string& name : names) {
      if (!stored.contains(name)) fail(name + " should be in " + file + " and is not");
    }
    for (const std::string& name : stored) {
      if (!names.contains(name)) fail(name + " is in " + file + " and not in the index");
    }
  }
}

void SafetensorsReader::finish(const fs::path& path) {
  std::sort(tensors_.begin(), tensors_.end(), [](const TensorView& a, const TensorView& b) { return a.name < b.name; });
  for (size_t i = 1; i < tensors_.size(); ++i) {
    if (tensors_[i].name == tensors_[i - 1].name) {
      throw ModelError("cannot read weights: " + path.string() + ": " + tensors_[i].name +
                       " is in two shards; fetch the index and all shards again");
    }
  }
}

const TensorView* SafetensorsReader::find(std::string_view name) const {
  const auto at = std::lower_bound(tensors_.begin(), tensors_.end(), name,
                                   [](const TensorView& tensor, std::string_view key) { return tensor.name < key; });
  return at != tensors_.end() && at->name == name ? &*at : nullptr;
}

}  // namespace rondo::io
