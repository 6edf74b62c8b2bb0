// SPDX-License-Identifier: Apache-2.0
// rondo align: a policy against a preference model, from sampled responses to a better policy.
#pragma once

#include "apps/rondo/cli.h"
#include "apps/rondo/open.h"
#include "rondo/align/self_play/config.h"

namespace rondo::cli {

struct AlignFlags {
  align::AlignConfig config;
  DataFlags data;                       // labelled rows instead of a judge and prompts
  std::vector<std::string> judge_data;  // what a refreshed judge was trained on
  TextFlags text;                       // of the policy
  std::string device = "cpu";
  std::string resume;
  bool dry_run = false;
};

void add_align_flags(CLI::App& verb, AlignFlags& flags);
void run_align(AlignFlags flags, Session& session);

}  // namespace rondo::cli
