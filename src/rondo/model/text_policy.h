// SPDX-License-Identifier: Apache-2.0
// How a model directory wants its texts read: the policy that its config.json
// records under rondo.text, or what a published model of its class reads; changed by a caller, fitted to the head.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "rondo/base/config.h"
#include "rondo/heads/shared/head.h"
#include "rondo/model/adapter_config.h"
#include "rondo/text/text_encoder.h"

namespace rondo::model {

/// What a caller changes; "", 0, false and a clock of -1 keep what the model records.
struct TextOverrides {
  bool plain = false;
  std::string bos;
  std::string eos;
  std::string pooling;
  std::string pairwise;
  std::string gate_reads;
  std::string system;
  int64_t max_length = 0;
  int64_t clock = -1;
};

void describe(FieldVisitor& v, TextOverrides& c);
/// The field that every reader of texts has.
void describe_clock(FieldVisitor& v, TextOverrides& c);
/// The field for those who give a model its head.
void describe_pairwise(FieldVisitor& v, TextOverrides& c);
/// All fields: those above, and what is recorded at import alone.
void describe_recorded(FieldVisitor& v, TextOverrides& c);

/// The policy of a directory, changed by `overrides`. A sequence classifier of transformers that records nothing is
/// read as its class reads: before the padding, by the pad token of its config or of its family. Throws ModelError
/// where the recorded one is malformed.
text::TextPolicy read_text_policy(const ModelFiles& files, const TextOverrides& overrides);

/// What the head reads: one response, PairRM's marks, or two responses in one turn. Throws ModelError where the
/// recorded policy does not fit it, ConfigError where `overrides` do not.
void fit_to_head(const heads::HeadConfig& head, const TextOverrides& overrides, text::TextPolicy& policy);

/// rondo.text of config.json.
nlohmann::json write_text_policy(const text::TextEncoder& encoder);

/// The text encoder of a directory, whatever its head; reads no weights. `base`: where the base of an adapter lies.
text::TextEncoder open_encoder(const std::string& directory, const TextOverrides& overrides,
                               const std::string& base = "");

}  // namespace rondo::model
