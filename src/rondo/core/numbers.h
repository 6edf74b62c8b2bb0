// SPDX-License-Identifier: Apache-2.0
// Tensors as plain numbers, for files, tables and counts.
#pragma once

#include <vector>

#include "rondo/base/tensor.h"

namespace rondo {

/// All entries in row-major order, from any device and type.
std::vector<double> to_numbers(const Tensor& values);
/// One list per row of a matrix.
std::vector<std::vector<double>> to_number_rows(const Tensor& matrix);

}  // namespace rondo
