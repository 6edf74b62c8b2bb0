// SPDX-License-Identifier: Apache-2.0
// Model directories that nobody can read as they are, for a reason that their own files state: quantised weights, heads
// of several layers, adapters that lost their head. Asked before anything else is checked, so that a consequence (a
// shape, an unknown class, a missing tensor) is not reported instead of its cause.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "rondo/model/adapter_config.h"

namespace rondo::model {

/// Throws ModelError with the reason. `takes_stored_head`: the head of the files is wanted.
void refuse_unreadable(const ModelFiles& files, const nlohmann::json& config, bool takes_stored_head);

}  // namespace rondo::model
