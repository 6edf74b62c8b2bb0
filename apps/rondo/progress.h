// SPDX-License-Identifier: Apache-2.0
// Log lines and progress on stderr: a bar on a terminal, a plain line every few seconds otherwise.
#pragma once

#include "apps/rondo/cli.h"

namespace rondo::cli {

/// Fills the sinks of the session from its flags and from what stderr is.
void connect_terminal(Session& session);

}  // namespace rondo::cli
