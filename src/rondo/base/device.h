// SPDX-License-Identifier: Apache-2.0
// Where tensors are computed, and by how many threads.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace rondo {

/// "cpu", "cuda" or "cuda:N". The CUDA library is loaded on demand, so programs call this before anything else asks
/// about CUDA. Throws ConfigError on another name, ResourceError where the library or the GPU is absent.
c10::Device open_device(const std::string& name);

/// What weights are loaded or written as: "" (nothing: as they are stored), "float32", "bfloat16", "float16".
const std::vector<std::string>& float_type_names();
/// Throws ConfigError on another name.
std::optional<c10::ScalarType> float_type(const std::string& name);

/// Compute threads of the process; 0 = all cores.
void use_threads(int64_t threads);

}  // namespace rondo
