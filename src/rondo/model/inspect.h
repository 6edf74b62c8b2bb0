// SPDX-License-Identifier: Apache-2.0
// What a model directory is, what a caller has to keep to, and what of its files is ignored.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "rondo/model/reader.h"

namespace rondo::model {

/// Opens a directory to be looked at: a base model, which has no head, opens as well. `has_head` tells which it was.
Reader open_to_inspect(const std::string& directory, const std::string& base, bool& has_head);

/// Family, sizes, head, text policy, the contract with callers (length limit, system turns, BOS, EOS, what is read
/// where), ignored tensors and keys.
nlohmann::ordered_json inspect(const Reader& source, bool has_head);

}  // namespace rondo::model
