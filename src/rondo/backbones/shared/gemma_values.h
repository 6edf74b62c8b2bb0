// SPDX-License-Identifier: Apache-2.0
// What the generations of Gemma have in common: norms that add 1 to their weight, embeddings scaled by sqrt(D), GeGLU,
// heads of 256 entries. arXiv:2403.08295.
#pragma once

#include "rondo/backbones/shared/decoder.h"

namespace rondo::backbones {

/// A FamilyEntry::sizes.
nn::Sizes read_gemma_sizes(ConfigReader& config);

/// The values of Gemma 1, whose activation stands under a key of its own; refuses what no generation has implemented.
DecoderValues gemma_values(ConfigReader& config, const nn::Sizes& sizes);

/// What the second generation added and later ones keep: norms behind each half, a score scale of its own, and windows
/// in the layers that `is_sliding` names where config.json does not say. Kinds are left to the family.
DecoderValues gemma2_values(ConfigReader& config, const nn::Sizes& sizes,
                            const std::function<bool(int64_t)>& is_sliding);

}  // namespace rondo::backbones
