// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace rondo::report {

/// The text of plotly.min.js (MIT licence), which stands inside the binary.
std::string_view plotly_js();

}  // namespace rondo::report
