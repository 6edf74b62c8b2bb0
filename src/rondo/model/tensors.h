// SPDX-License-Identifier: Apache-2.0
// Between safetensors bytes and torch tensors.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "rondo/base/tensor.h"
#include "rondo/io/safetensors.h"

namespace rondo::model {

/// Throws ModelError for a type that has no tensor counterpart here.
at::ScalarType scalar_type(io::DType type);
io::DType file_type(at::ScalarType type);

/// A tensor on the bytes of the view, without a copy where they are aligned; `owner` keeps the mapping alive.
Tensor view_tensor(const io::TensorView& view, const std::shared_ptr<const io::SafetensorsReader>& owner);

/// The bytes of a contiguous CPU tensor.
std::string_view tensor_bytes(const Tensor& tensor);

/// A tensor of any device under its name in a file, stored as `type`.
struct FileTensor {
  std::string name;
  Tensor value;
  at::ScalarType type;

  int64_t bytes() const { return value.numel() * static_cast<int64_t>(c10::elementSize(type)); }
};

/// Writes one safetensors file, opens it again and compares every byte before anybody relies on it. One converted
/// tensor at a time is in memory. The metadata name the layout "pt", without which transformers refuses weights. Throws
/// ResourceError where the file cannot be written or does not read back.
void write_tensors(const std::filesystem::path& path, std::span<const FileTensor> tensors);

/// All tensors by name of a file that a run wrote for itself, without a copy. Throws DataError where it is damaged: the
/// fact, then `remedy`, since what to do, other than with weights, is known to the run alone.
std::map<std::string, Tensor> read_tensors(const std::filesystem::path& path, std::string_view remedy);

}  // namespace rondo::model
