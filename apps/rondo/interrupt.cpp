// SPDX-License-Identifier: Apache-2.0
#include "apps/rondo/interrupt.h"

#include <csignal>

namespace rondo::cli {
namespace {

volatile std::sig_atomic_t flag = 0;

void on_signal(int) {
  flag = 1;
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

}  // namespace

void catch_interrupt() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

bool interrupted() { return flag != 0; }

}  // namespace rondo::cli
