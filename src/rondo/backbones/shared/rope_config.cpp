// SPDX-License-Identifier: Apache-2.0
#include "rondo/backbones/shared/rope_config.h"

namespace rondo::backbones {
namespace {

constexpr double kMostScale = 1e6;
constexpr int64_t kLongest = int64_t{1} << 31;

}  // namespace

nn::RopeOptions read_rope(ConfigReader& config, int64_t head_size) {
  nn::RopeOptions options{.head_size = head_size};
  std::optional<ConfigReader> nested = config.object("rope_parameters");
  options.theta =
      nested ? nested->number("rope_theta", 1, 1e12) : config.number_or("rope_theta", options.theta, 1, 1e12);
  if (!nested) nested = config.object("rope_scaling");
  if (!nested) return options;
  const std::string kind = nested->text_or("rope_type", nested->text_or("type", "default"));
  if (kind == "default") return options;
  options.factor = nested->number("factor", 1, kMostScale);
  if (kind == "linear") {
    options.scaling = nn::RopeScaling::kLinear;
  } else if (kind == "llama3") {
    options.scaling = nn::RopeScaling::kLlama3;
    options.low_freq_factor = nested->number("low_freq_factor", 1e-6, kMostScale);
    options.high_freq_factor = nested->number("high_freq_factor", 1e-6, kMostScale);
    options.original_length = nested->integer("original_max_position_embeddings", 1, kLongest);
    if (options.high_freq_factor <= options.low_freq_factor)
      nested->fail("high_freq_factor", "is not above low_freq_factor");
  } else {
    nested->fail("rope_type", "is '" + kind + "'; known: default, linear, llama3");
  }
  return options;
}

}  // namespace rondo::backbones
