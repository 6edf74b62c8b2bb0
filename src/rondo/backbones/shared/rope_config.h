// SPDX-License-Identifier: Apache-2.0
// Rotary settings as config.json spells them: rope_theta with rope_scaling (transformers 4) or rope_parameters (5).
#pragma once

#include "rondo/backbones/shared/config_reader.h"
#include "rondo/nn/rope.h"

namespace rondo::backbones {

/// Throws ModelError on a scaling that nn/rope does not implement, naming the known ones.
nn::RopeOptions read_rope(ConfigReader& config, int64_t head_size);

}  // namespace rondo::backbones
