// SPDX-License-Identifier: Apache-2.0
// Heads as other trainers store them: the names of the matrix, its bias, several outputs, a gate; and how they become
// the weights of a head of ours.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/backbones/shared/family.h"
#include "rondo/heads/shared/head.h"
#include "rondo/io/safetensors.h"

namespace rondo::model {

/// Names under which trainers store the linear map of a reward, ".weight" [outputs, D] and maybe ".bias" [outputs]
/// (docs/published.md): transformers and OpenRLHF, early OpenRLHF, others, TRL's value heads.
inline constexpr std::string_view kRewardNames[] = {"score",       "value_head", "v_head",
                                                    "reward_head", "summary",    "v_head.summary"};

/// What a file holds beside the backbone.
struct StoredHead {
  std::string name;     // of the first map that is there: "value_head"; empty: none
  int64_t outputs = 0;  // rows of its matrix
  bool has_bias = false;
  int64_t gate_planes = 0;  // rows of prompt_head.weight
};

/// Looks under the family's own name first, then under kRewardNames.
/// `outer`: what stands in front of every name of the file.
StoredHead find_stored_head(const io::SafetensorsReader& reader, const backbones::FamilyEntry& family,
                            const std::string& outer = "");

/// The command that gives a directory whose config.json announces this head.
std::string import_command(const StoredHead& stored, const std::string& directory);

/// How a stored head becomes one of ours, where config.json does not say it all.
struct HeadImport {
  heads::HeadConfig head;
  /// bt: the reward is this combination of the stored outputs; empty: the only one.
  std::vector<double> outputs;
  /// bt: the reward is (r - mean) / std.
  double mean = 0;
  double std = 1;
  /// Factor of the gate's matrix: 1/sqrt(D) where a trainer divided its logits by that.
  double gate_scale = 1;
};

/// The stored tensor as a weight of our head: outputs combined, mean and standard deviation taken in, the gate scaled.
/// `stored` has the shape [outputs, ...] of the file; `name` is ours.
Tensor imported_weight(const std::string& name, const Tensor& stored, const HeadImport& import);

}  // namespace rondo::model
