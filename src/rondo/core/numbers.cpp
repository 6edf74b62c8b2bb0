// SPDX-License-Identifier: Apache-2.0
#include "rondo/core/numbers.h"

namespace rondo {

std::vector<double> to_numbers(const Tensor& values) {
  const Tensor flat = values.detach().cpu().to(at::kDouble).contiguous();
  return {flat.const_data_ptr<double>(), flat.const_data_ptr<double>() + flat.numel()};
}

std::vector<std::vector<double>> to_number_rows(const Tensor& matrix) {
  std::vector<std::vector<double>> rows;
  for (int64_t i = 0; i < matrix.size(0); ++i) rows.push_back(to_numbers(matrix.select(0, i)));
  return rows;
}

}  // namespace rondo
