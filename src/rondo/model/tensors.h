// SPDX-License-Identifier: Apache-2.0
// Between safetensors bytes and torch tensors.
#pragma once

#include <memory>

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

}  // namespace rondo::model
