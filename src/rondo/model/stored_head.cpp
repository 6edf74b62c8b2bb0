// SPDX-License-Identifier: Apache-2.0
#include "rondo/model/stored_head.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include "rondo/base/error.h"

namespace rondo::model {

StoredHead find_stored_head(const io::SafetensorsReader& reader, const backbones::FamilyEntry& family,
                            const std::string& outer) {
  std::vector<std::string_view> names = {family.classifier.output};
  names.insert(names.end(), std::begin(kRewardNames), std::end(kRewardNames));
  StoredHead stored;
  if (const io::TensorView* gate = reader.find(outer + "prompt_head.weight"); gate != nullptr && !gate->shape.empty())
    stored.gate_planes = gate->shape.front();
  for (const std::string_view name : names) {
    const io::TensorView* view = reader.find(outer + std::string(name) + ".weight");
    if (view == nullptr || view->shape.size() != 2) continue;
    stored.name = name;
    stored.outputs = view->shape.front();
    stored.has_bias = reader.find(outer + stored.name + ".bias") != nullptr;
    return stored;
  }
  return stored;
}

std::string import_command(const StoredHead& stored, const std::string& directory) {
  const std::string start = fmt::format("rondo import --from {} --out DIR ", directory);
  if (stored.name == "value_head" && stored.outputs > 1)
    return fmt::format("{}--head gpm --norm unit (or none){}", start, stored.gate_planes > 0 ? " --gate softmax" : "");
  return start + (stored.outputs > 1 ? "--head bt --output K (or --output-weights A,B,...)" : "--head bt");
}

namespace {

// outputs' W for [outputs, D], outputs' b for [outputs]: one row.
Tensor combined(const Tensor& stored, const std::vector<double>& outputs) {
  if (outputs.empty()) return stored;
  const auto size = static_cast<int64_t>(outputs.size());
  // A product with zeros would make NaN of an infinite entry that nobody asked for; sums of chosen rows do not.
  Tensor sum;
  for (int64_t row = 0; row < size; ++row) {
    const double factor = outputs[static_cast<size_t>(row)];
    if (factor == 0) continue;
    const Tensor part = stored.narrow(0, row, 1) * factor;
    sum = sum.defined() ? sum + part : part;
  }
  if (!sum.defined()) throw ConfigError("a reward of no output: every weight is 0; give `output_weights` that are not");
  return sum;
}

}  // namespace

Tensor imported_weight(const std::string& name, const Tensor& stored, const HeadImport& import) {
  const Tensor wide = stored.to(at::kDouble);
  if (name == "prompt_head.weight") return wide * import.gate_scale;
  if (name == "score.weight") return combined(wide, import.outputs) / import.std;
  if (name == "score.bias") return (combined(wide, import.outputs) - import.mean) / import.std;
  return wide;
}

}  // namespace rondo::model
