// SPDX-License-Identifier: Apache-2.0
// K responses of a policy to every prompt of a file. Finished rows collect in OUT.part, from which an interrupted run
// continues.
#pragma once

#include <string>

#include "rondo/generate/generator.h"
#include "rondo/model/text_policy.h"
#include "rondo/runs/run.h"

namespace rondo::runs {

struct GenerateConfig {
  std::string model;
  std::string data;
  std::string out;
  std::string device = "cpu";
  bool with_ids = false;
  model::TextOverrides text;
  generate::GenerateOptions options;

  Process process;
};
void describe(FieldVisitor& v, GenerateConfig& c);

struct GenerateResult {
  bool interrupted = false;
  int64_t prompts = 0;
  int64_t finished = 0;         // prompts, of earlier calls too
  generate::GenerateCost cost;  // of this call
};

/// Samples what OUT.part does not hold yet and writes OUT. Throws ConfigError where another run left rows there.
GenerateResult generate(GenerateConfig config, const Hooks& hooks);

}  // namespace rondo::runs
