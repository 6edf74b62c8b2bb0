// SPDX-License-Identifier: Apache-2.0
// Rotary settings as config.json spells them: rope_theta with rope_scaling (transformers 4) or rope_parameters (5),
// which may have one object for each kind of layer.
#pragma once

#include "rondo/backbones/shared/config_reader.h"
#include "rondo/nn/rope.h"

namespace rondo::backbones {

/// Where the settings of one kind of layer stand, and what they are where nothing is said.
struct RopeKeys {
  const char* layer_type = nullptr;  // object inside rope_parameters, "full_attention"; null = rope_parameters itself
  const char* theta = "rope_theta";
  double theta_default = 10000;
  // Key of config.json for the share of a head's entries that is rotated, which rope_parameters call
  // partial_rotary_factor. Null: the family's class rotates whole heads whatever they say.
  const char* share = nullptr;
  double share_default = 1;
  bool takes_rope_scaling = true;  // of transformers 4, which had one object for all kinds
  bool takes_scalings = true;      // false: the names mean something else in this family, only "default" is read
};

/// Throws ModelError on a scaling that nn/rope does not implement, naming the known ones, and on keys of the rope
/// object that it does not know: all of them change the maths.
nn::Rope read_rope(ConfigReader& config, int64_t head_size, const RopeKeys& keys = {});

}  // namespace rondo::backbones
