// SPDX-License-Identifier: Apache-2.0
// Files of a model directory.
#pragma once

#include <string>

namespace rondo::text {

/// The whole file, unpacked where it is gzip. Throws ModelError where it cannot be read.
std::string read_text_file(const std::string& path);

}  // namespace rondo::text
