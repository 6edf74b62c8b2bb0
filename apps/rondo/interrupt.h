// SPDX-License-Identifier: Apache-2.0
// Ctrl-C as a question that long work asks between steps. A second Ctrl-C ends the process at once.
#pragma once

namespace rondo::cli {

/// Installs the handler; call before the work starts.
void catch_interrupt();
bool interrupted();

/// What a shell reports for a program that SIGINT ended.
inline constexpr int kInterruptedExit = 130;

}  // namespace rondo::cli
