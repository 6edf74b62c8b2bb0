// SPDX-License-Identifier: Apache-2.0
// A model directory with random weights of a given shape, and a tokenizer that is given or built from a word list.
#pragma once

#include <cstdint>
#include <string>

#include "rondo/base/config.h"

namespace rondo::model {

struct InitConfig {
  std::string family = "llama";
  int64_t layers = 2;
  int64_t hidden = 32;
  int64_t heads = 2;
  int64_t kv_heads = 0;
  int64_t inner = 64;
  double rope_theta = 10000;
  int64_t max_length = 2048;
  double std = 0.02;
  std::string words;
  std::string tokenizer;
  std::string out;
};
void describe(FieldVisitor& v, InitConfig& c);

struct InitResult {
  int64_t parameters = 0;
  int64_t vocabulary = 0;
};

/// Throws ConfigError where there is a model in `out`, or where the family lacks what was asked for.
InitResult init_model(const InitConfig& config, uint64_t seed);

}  // namespace rondo::model
