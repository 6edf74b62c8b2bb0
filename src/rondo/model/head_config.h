// SPDX-License-Identifier: Apache-2.0
// The "head" object inside config.json's "rondo".
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "rondo/heads/shared/head.h"

namespace rondo::model {

/// Throws ModelError on unknown, missing or impossible values.
heads::HeadConfig read_head_config(const nlohmann::json& head);
nlohmann::json write_head_config(const heads::HeadConfig& head);

}  // namespace rondo::model
