// SPDX-License-Identifier: Apache-2.0
// A published checkpoint as a directory that says of itself what its authors' config does not: which head it has, how
// embeddings are normalised, what the gate is, tau, BOS and EOS. Asked once, recorded in config.json.
#pragma once

#include <string>

#include "rondo/base/config.h"
#include "rondo/base/log.h"
#include "rondo/model/text_policy.h"

namespace rondo::model {

struct ImportConfig {
  std::string from;
  std::string out;
  std::string preset;
  std::string head;
  std::string norm;
  std::string gate;
  bool scaled_gate = false;
  double tau = 0;
  double reward_clip = 0;
  int64_t output = -1;
  std::string output_weights;
  bool normalize_rewards = false;
  TextOverrides text;
};
void describe(FieldVisitor& v, ImportConfig& c);

struct ImportResult {
  std::string head;  // as config.json keeps it
  std::string text;  // the text policy, likewise
  Notes notes;
};
/// Throws ConfigError where the config leaves a question open that nothing in the files answers.
ImportResult import_model(const ImportConfig& config, const std::string& base = "");

}  // namespace rondo::model
