// SPDX-License-Identifier: Apache-2.0
// Takes the tensors of a checkpoint one by one and knows at the end which ones nobody took.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/base/tensor.h"
#include "rondo/io/safetensors.h"
#include "rondo/nn/weight_rules.h"

namespace rondo::model {

/// What LLM-Blender's classes have in front of the names of their backbone, instead of the family's prefix.
inline constexpr std::string_view kWrapperPrefix = "pretrained_model.";
/// The name without it.
std::string without_wrapper(const std::string& name);

class TensorTaker {
 public:
  /// `prefix`: what a checkpoint of the bare backbone leaves out. `place` names the directory in messages. `outer`:
  /// what stands in front of every name of the file, and of no name here.
  TensorTaker(std::shared_ptr<const io::SafetensorsReader> reader, std::string_view prefix, std::string place,
              std::string outer = "");

  /// Under its name; without the family's prefix, as a bare backbone ("LlamaModel") has it, or with kWrapperPrefix in
  /// its place; or with the old names of a
  /// norm's weight and bias, as early BERT checkpoints have them. Null where it is missing.
  const io::TensorView* find(const std::string& name) const;
  /// Throws ModelError where the shape is another one.
  Tensor take(const nn::ExpectedWeight& expected, const io::TensorView& view);
  /// Names that nobody took, as the file has them.
  std::vector<std::string> left() const;

  const io::SafetensorsReader& reader() const { return *reader_; }
  const std::string& place() const { return place_; }

 private:
  const io::TensorView* find_with_or_without_prefix(const std::string& name) const;

  std::shared_ptr<const io::SafetensorsReader> reader_;
  std::string_view prefix_;
  std::string place_;
  std::string outer_;
  std::vector<std::string> taken_;
};

/// "first, second and 3 more", for messages.
std::string first_names(const std::vector<std::string>& names);

/// Whether a name fits a pattern with one "{}" for a number, or a "*" at the end.
bool matches(std::string_view pattern, std::string_view name);

}  // namespace rondo::model
