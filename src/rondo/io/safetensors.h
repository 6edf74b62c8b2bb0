// SPDX-License-Identifier: Apache-2.0
// The safetensors format: 8 bytes of header length, a JSON header {name: {dtype, shape, data_offsets}}, then the data.
// Files are mapped; a tensor is a view of the mapping. No tensor library is needed here.
//
// A checkpoint is foreign bytes: every header field is checked before a view is handed out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/base/error.h"
#include "rondo/io/mapped_file.h"

namespace rondo::io {

enum class DType { kBool, kU8, kI8, kF8E4M3, kF8E5M2, kU16, kI16, kF16, kBF16, kU32, kI32, kF32, kU64, kI64, kF64 };

/// Bytes of one element.
[[nodiscard]] int64_t dtype_bytes(DType dtype);
/// The name in the header: "BF16".
[[nodiscard]] std::string_view dtype_name(DType dtype);

/// One stored tensor, row-major and little-endian. `bytes` lives as long as the reader, and is not always aligned to
/// the element size: files of other writers may have a header of odd length.
struct TensorView {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<int64_t> shape;
  std::string_view bytes;
};

/// What a damaged file means to its reader: whose problem it is, and what to do about it.
struct IfDamaged {
  ErrorKind kind = ErrorKind::kModel;
  std::string_view remedy = "fetch it again";
};

class SafetensorsReader {
 public:
  /// path: one .safetensors file, an index (*.index.json), or a folder that holds model.safetensors or its index.
  /// Throws on any contradiction in a header the kind of `if_damaged`, with its remedy; ModelError on one in an index;
  /// ResourceError where a file cannot be read.
  explicit SafetensorsReader(const std::filesystem::path& path, const IfDamaged& if_damaged = {});

  /// All tensors, sorted by name.
  [[nodiscard]] std::span<const TensorView> tensors() const { return tensors_; }
  /// The tensor of that name or nullptr.
  [[nodiscard]] const TensorView* find(std::string_view name) const;
  /// `__metadata__` of all files.
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const { return metadata_; }

 private:
  void add_file(const std::filesystem::path& path, const IfDamaged& if_damaged);
  void add_index(const std::filesystem::path& path, const IfDamaged& if_damaged);
  void finish(const std::filesystem::path& path);

  std::vector<MappedFile> files_;
  std::vector<TensorView> tensors_;
  std::map<std::string, std::string> metadata_;
};

/// Parses one file held in memory, as the reader does; the views point into `file`. `where` names it in messages.
[[nodiscard]] std::vector<TensorView> parse_safetensors(std::string_view file, std::string_view where,
                                                        std::map<std::string, std::string>& metadata,
                                                        const IfDamaged& if_damaged = {});

struct TensorSpec {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<int64_t> shape;
};

/// Writes one file: names and shapes first, then the data of each tensor in any order, then commit(), which makes the
/// file appear. Elements are aligned to their size. One tensor at a time has to be in memory.
class SafetensorsWriter {
 public:
  SafetensorsWriter(const std::filesystem::path& path, const std::vector<TensorSpec>& tensors,
                    const std::map<std::string, std::string>& metadata);
  ~SafetensorsWriter();

  /// Throws InternalError where the name was not announced, was written before, or the size differs.
  void write(std::string_view name, std::string_view bytes);
  /// Throws InternalError where a tensor is missing.
  void commit();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rondo::io
