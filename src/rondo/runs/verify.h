// SPDX-License-Identifier: Apache-2.0
// Recorded texts scored again: the largest difference, and how many pairs keep their order.
//
// A record is a JSON file {"rows": [{"prompt" | "messages", "responses", "scores" | "rewards"}]}: the M x M table, or
// one number a response; and, where a template asks for the date, the time at which they were made as "clock": local
// time, seconds since 1970. record() writes one from the model itself, so that a later version, another machine or
// another build can be compared with it; the scores of another program compare that program.
#pragma once

#include <cstdint>
#include <string>

#include "rondo/model/text_policy.h"
#include "rondo/runs/run.h"

namespace rondo::runs {

struct VerifyConfig {
  std::string directory;
  std::string reference;  // a record to compare with
  std::string record;     // or a file to write one to
  std::string device = "cpu";
  std::string dtype;  // of the weights; "" = as stored
  double tolerance = 1e-5;
  model::TextOverrides text;

  Process process;
};
void describe(FieldVisitor& v, VerifyConfig& c);

struct VerifyResult {
  int64_t rows = 0;     // recorded or compared
  double largest = 0;   // difference of two numbers
  int64_t pairs = 0;    // that the record orders
  int64_t ordered = 0;  // of them, as the model does
  bool is_within = true;
  std::string explanation;  // of a difference, where one was found
};

/// Writes the record, or compares with one. Throws DataError where the record is malformed or compares nothing.
VerifyResult verify(const VerifyConfig& config, const Hooks& hooks);

}  // namespace rondo::runs
