// SPDX-License-Identifier: Apache-2.0
#include "rondo/model/tensors.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <iterator>

#include "rondo/base/error.h"

namespace rondo::model {
namespace {

constexpr const char* kCheckDisk = "check the disk";

struct TypePair {
  io::DType file;
  at::ScalarType tensor;
};
constexpr TypePair kTypes[] = {
    {io::DType::kF32, at::kFloat},  {io::DType::kBF16, at::kBFloat16}, {io::DType::kF16, at::kHalf},
    {io::DType::kF64, at::kDouble}, {io::DType::kI64, at::kLong},      {io::DType::kI32, at::kInt},
    {io::DType::kU8, at::kByte},    {io::DType::kBool, at::kBool},
};

const TypePair* find_type(io::DType type) {
  const auto* pair =
      std::find_if(std::begin(kTypes), std::end(kTypes), [&](const TypePair& p) { return p.file == type; });
  return pair == std::end(kTypes) ? nullptr : pair;
}

// In the type of the file, with bytes to write.
Tensor ready(const FileTensor& t) { return t.value.detach().cpu().to(t.type).contiguous(); }

}  // namespace

at::ScalarType scalar_type(io::DType type) {
  if (const TypePair* pair = find_type(type)) return pair->tensor;
  throw ModelError("weights of type " + std::string(io::dtype_name(type)) + " are not supported; use F32, BF16 or F16");
}

io::DType file_type(at::ScalarType type) {
  for (const TypePair& pair : kTypes) {
    if (pair.tensor == type) return pair.file;
  }
  throw InternalError("a tensor type that safetensors files do not hold");
}

Tensor view_tensor(const io::TensorView& view, const std::shared_ptr<const io::SafetensorsReader>& owner) {
  const at::ScalarType type = scalar_type(view.dtype);
  const auto options = at::TensorOptions().dtype(type);
  const bool aligned =
      reinterpret_cast<uintptr_t>(view.bytes.data()) % static_cast<uintptr_t>(io::dtype_bytes(view.dtype)) == 0;
  if (!aligned || view.bytes.empty()) {
    Tensor copy = at::empty(view.shape, options);
    if (!view.bytes.empty()) std::memcpy(copy.data_ptr(), view.bytes.data(), view.bytes.size());
    return copy;
  }
  // The mapping is read-only; parameters that are trained are cloned by the loader.
  return at::from_blob(
      const_cast<char*>(view.bytes.data()), view.shape, [owner](void*) {}, options);
}

std::string_view tensor_bytes(const Tensor& tensor) {
  RONDO_ASSERT(tensor.is_contiguous() && tensor.device().is_cpu(), "only contiguous CPU tensors have bytes to write");
  return {static_cast<const char*>(tensor.const_data_ptr()), static_cast<size_t>(tensor.nbytes())};
}

void write_tensors(const std::filesystem::path& path, std::span<const FileTensor> tensors) {
  std::vector<io::TensorSpec> specs;
  for (const FileTensor& t : tensors) specs.push_back({t.name, file_type(t.type), t.value.sizes().vec()});
  io::SafetensorsWriter writer(path, specs, {{"format", "pt"}});
  for (const FileTensor& t : tensors) writer.write(t.name, tensor_bytes(ready(t)));
  writer.commit();
  const io::SafetensorsReader check(path, {.kind = ErrorKind::kResource, .remedy = kCheckDisk});
  for (const FileTensor& t : tensors) {
    const io::TensorView* view = check.find(t.name);
    if (view == nullptr || view->bytes != tensor_bytes(ready(t))) {
      throw ResourceError(fmt::format("a file does not read back: {}: {} differs from what was written; {}",
                                      path.string(), t.name, kCheckDisk));
    }
  }
}

std::map<std::string, Tensor> read_tensors(const std::filesystem::path& path, std::string_view remedy) {
  if (!std::filesystem::is_regular_file(path))
    throw DataError(fmt::format("cannot read tensors: {}: not a file; {}", path.string(), remedy));
  const auto reader =
      std::make_shared<const io::SafetensorsReader>(path, io::IfDamaged{.kind = ErrorKind::kData, .remedy = remedy});
  std::map<std::string, Tensor> tensors;
  for (const io::TensorView& view : reader->tensors()) {
    if (find_type(view.dtype) == nullptr)
      throw DataError(fmt::format("cannot read tensors: {}: {}: no run writes type {}; {}", path.string(), view.name,
                                  io::dtype_name(view.dtype), remedy));
    tensors[view.name] = view_tensor(view, reader);
  }
  return tensors;
}

}  // namespace rondo::model
