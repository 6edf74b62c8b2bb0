// SPDX-License-Identifier: Apache-2.0
#include "rondo/backbones/shared/rope_config.h"

#include <cmath>

namespace rondo::backbones {
namespace {

constexpr double kMostScale = 1e6;
constexpr int64_t kLongest = int64_t{1} << 31;

// The object that holds the settings, if any; an empty optional means that all of them are defaults.
std::optional<ConfigReader> rope_object(ConfigReader& config, const RopeKeys& keys) {
  std::optional<ConfigReader> scaling = config.object("rope_scaling");
  std::optional<ConfigReader> parameters = config.object("rope_parameters");
  if (parameters && scaling) config.fail("rope_scaling", "stands beside rope_parameters; which one holds?");
  if (!parameters) return keys.takes_rope_scaling ? scaling : std::nullopt;
  return keys.layer_type == nullptr ? parameters : parameters->object(keys.layer_type);
}

int64_t read_original_length(ConfigReader& rope, ConfigReader& config) {
  const int64_t usual = config.integer_or("max_position_embeddings", 2048, 1, kLongest);
  return rope.integer_or("original_max_position_embeddings", usual, 1, kLongest);
}

void read_llama3(ConfigReader& rope, ConfigReader& config, nn::RopeOptions& options) {
  options.scaling = nn::RopeScaling::kLlama3;
  options.low_freq_factor = rope.number("low_freq_factor", 1e-6, kMostScale);
  options.high_freq_factor = rope.number("high_freq_factor", 1e-6, kMostScale);
  options.original_length = read_original_length(rope, config);
  if (options.high_freq_factor <= options.low_freq_factor)
    rope.fail("high_freq_factor", "is not above low_freq_factor");
}

// arXiv:2309.00071 eq. 22: attention gets sharper as the context is stretched.
double sharpening(double factor, double weight) { return factor <= 1 ? 1 : 0.1 * weight * std::log(factor) + 1; }

void read_yarn(ConfigReader& rope, ConfigReader& config, nn::RopeOptions& options) {
  options.scaling = nn::RopeScaling::kYarn;
  options.beta_fast = rope.number_or("beta_fast", options.beta_fast, 1e-6, kMostScale);
  options.beta_slow = rope.number_or("beta_slow", options.beta_slow, 1e-6, kMostScale);
  options.truncate = rope.boolean_or("truncate", true);
  options.original_length = read_original_length(rope, config);
  const double mscale = rope.number_or("mscale", 0, 0, kMostScale);
  const double mscale_all = rope.number_or("mscale_all_dim", 0, 0, kMostScale);
  const double usual = mscale > 0 && mscale_all > 0
                           ? sharpening(options.factor, mscale) / sharpening(options.factor, mscale_all)
                           : sharpening(options.factor, 1);
  options.attention_factor = rope.number_or("attention_factor", usual, 0, kMostScale);
  if (options.theta <= 1) config.fail("rope_theta", "is 1, for which yarn has no frequencies");
}

void read_scaling(ConfigReader& rope, ConfigReader& config, const RopeKeys& keys, nn::RopeOptions& options) {
  const std::string kind = rope.text_or("rope_type", rope.text_or("type", "default"));
  if (kind == "default") return;
  if (!keys.takes_scalings) rope.fail("rope_type", "is '" + kind + "'; known for this family: default");
  options.factor = rope.number_or("factor", 1, 1, kMostScale);
  if (kind == "linear") {
    options.scaling = nn::RopeScaling::kLinear;
  } else if (kind == "llama3") {
    read_llama3(rope, config, options);
  } else if (kind == "yarn") {
    read_yarn(rope, config, options);
  } else {
    rope.fail("rope_type", "is '" + kind +
                               "'; known: default, linear, llama3, yarn (dynamic and longrope depend on the length of "
                               "the sequence, which responses that share a prompt do not have in common)");
  }
}

}  // namespace

namespace {

constexpr const char* kShare = "partial_rotary_factor";

double read_share(ConfigReader& config, ConfigReader* rope, const RopeKeys& keys) {
  if (keys.share == nullptr) {
    config.ignore(kShare);
    if (rope != nullptr) rope->ignore(kShare);
    return 1;
  }
  const double share = config.number_or(keys.share, keys.share_default, 0, 1);
  return rope == nullptr ? share : rope->number_or(kShare, share, 0, 1);
}

// Frequencies of stretched positions are computed for the share alone, and do not fit heads that are rotated whole.
void refuse_unfit_share(ConfigReader& config, const RopeKeys& keys, const nn::RopeOptions& options) {
  if (keys.share == nullptr && options.scaling != nn::RopeScaling::kNone && config.ignored().contains(kShare))
    config.fail(kShare, "stands beside a rope_type other than default, which transformers cannot compute either");
}

}  // namespace

nn::Rope read_rope(ConfigReader& config, int64_t head_size, const RopeKeys& keys) {
  nn::RopeOptions options;
  options.theta = config.number_or(keys.theta, keys.theta_default, 1, 1e12);
  std::optional<ConfigReader> rope = rope_object(config, keys);
  const double share = read_share(config, rope ? &*rope : nullptr, keys);
  if (rope) {
    options.theta = rope->number_or("rope_theta", options.theta, 1, 1e12);
    read_scaling(*rope, config, keys, options);
    refuse_unfit_share(config, keys, options);
    std::vector<std::string> unread = rope->unused();
    if (keys.share == nullptr) std::erase(unread, kShare);
    if (!unread.empty())
      rope->fail(unread.front(), "is not understood, and every key of this object changes the maths");
  }
  options.size = static_cast<int64_t>(static_cast<double>(head_size) * share);
  if (options.size == 0) return {};
  if (options.size % 2 != 0) config.fail("head_dim", "gives an odd number of rotated entries; an even one is needed");
  return nn::make_rope(options);
}

}  // namespace rondo::backbones
