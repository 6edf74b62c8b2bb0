// SPDX-License-Identifier: Apache-2.0
#include "rondo/base/device.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <thread>

#include "rondo/base/error.h"
#include "rondo/base/nearest.h"
#include "rondo/base/parse_number.h"

namespace rondo {
namespace {

constexpr std::string_view kNumbered = "cuda:";

// The index of a GPU; -1 = the current one. Nothing where the name is no GPU's.
std::optional<c10::DeviceIndex> gpu_index(const std::string& name) {
  if (name == "cuda") return c10::DeviceIndex{-1};
  if (!name.starts_with(kNumbered)) return std::nullopt;
  return parse_number<c10::DeviceIndex>(std::string_view(name).substr(kNumbered.size()));
}

}  // namespace

c10::Device open_device(const std::string& name) {
  if (name == "cpu") return c10::kCPU;
  const std::optional<c10::DeviceIndex> index = gpu_index(name);
  if (!index || (*index < 0 && name != "cuda"))
    throw ConfigError("unknown device '" + name + "': `device`: known: cpu, cuda, cuda:0, cuda:1, ...");
  // The hooks of the CUDA library are looked up once, at the first question: it must be there before.
  if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    throw ResourceError(
        fmt::format("no CUDA: `device` {}: {}; install a torch with CUDA and name it by LIBTORCH_ROOT, "
                    "or use `device` cpu",
                    name, dlerror()));
  }
  if (!at::globalContext().hasCUDA())
    throw ResourceError(fmt::format("no CUDA: `device` {}: no GPU or no driver was found; use `device` cpu", name));
  const int64_t count = at::detail::getCUDAHooks().deviceCount();
  if (*index >= count)
    throw ResourceError(fmt::format("no such GPU: `device` {}: there are {}; count from 0", name, count));
  return {c10::kCUDA, *index};
}

const std::vector<std::string>& float_type_names() {
  static const std::vector<std::string> kNames = {"", "float32", "bfloat16", "float16"};
  return kNames;
}

std::optional<c10::ScalarType> float_type(const std::string& name) {
  if (name.empty()) return std::nullopt;
  if (name == "float32") return c10::kFloat;
  if (name == "bfloat16") return c10::kBFloat16;
  if (name == "float16") return c10::kHalf;
  throw ConfigError(unknown_name_message("type", name, {"float32", "bfloat16", "float16"}));
}

void use_threads(int64_t threads) {
  const int64_t all = std::max<int64_t>(1, std::thread::hardware_concurrency());
  at::set_num_threads(static_cast<int>(threads > 0 ? threads : all));
}

}  // namespace rondo
