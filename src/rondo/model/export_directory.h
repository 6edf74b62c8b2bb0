// SPDX-License-Identifier: Apache-2.0
// A model as a directory for other programs. BT models and policies become what transformers' own classes load to the
// same numbers (model/export.h); cyclic heads, which no such class computes, keep the published tensor names and our
// config.
#pragma once

#include <string>

#include "rondo/base/config.h"
#include "rondo/base/log.h"

namespace rondo::model {

struct ExportConfig {
  std::string model;
  std::string out;
  std::string format;
  std::string dtype;
  std::string max_shard_size = "5GB";
  bool merge = false;
};
void describe(FieldVisitor& v, ExportConfig& c);

struct ExportResult {
  bool for_transformers = false;  // or under the published names
  bool is_adapter = false;
  int64_t parameters = 0;
  std::string text;  // the text policy as JSON
  Notes notes;
};

/// Throws ConfigError where there is a model in `out` or nothing to merge, ModelError where transformers would compute
/// something else.
ExportResult export_model(const ExportConfig& config, const std::string& base = "");

}  // namespace rondo::model
