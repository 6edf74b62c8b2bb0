// SPDX-License-Identifier: Apache-2.0
// What verbs open: a device, a model directory with its text encoder, data files as token stores.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "apps/rondo/cli.h"
#include "rondo/data/token_store.h"
#include "rondo/model/directory.h"
#include "rondo/text/text_encoder.h"

namespace rondo::cli {

/// Text flags; "" keeps what the model records.
struct TextFlags {
  bool plain = false;
  std::string bos;
  std::string eos;
  std::string pooling;
  std::string pairwise;
  // Recorded by `rondo import` alone.
  std::string gate_reads;
  std::string system;
  int64_t max_length = 0;
};
void describe(FieldVisitor& v, TextFlags& c);
/// The flag for verbs that give a model its head.
void describe_pairwise(FieldVisitor& v, TextFlags& c);
/// The same with what only a recorded policy has.
void describe_policy(FieldVisitor& v, TextFlags& c);

struct DataFlags {
  std::vector<std::string> data;
  std::vector<std::string> rename;
  int64_t max_bad = 0;
  std::string overlong = "error";
  int64_t max_length = 0;  // 0 = what the model takes
};
void describe(FieldVisitor& v, DataFlags& c);
/// Only the flags about length, for verbs that name their files themselves.
void describe_length(FieldVisitor& v, DataFlags& c);

struct OpenModel {
  std::string directory;
  std::string tokenizer;  // where the tokenizer's files lie: the directory, or the base of an adapter
  model::LoadedModel loaded;
  std::unique_ptr<text::TextEncoder> encoder;

  const model::Model& model() const { return *loaded.model; }
  /// The text policy as config.json keeps it.
  nlohmann::json text_json() const;
  /// Longest sequence in tokens: what was recorded for the model, or what its backbone takes.
  int64_t max_length() const;
};

/// The text encoder of a model directory under its recorded policy, changed by `flags`; reads no weights.
/// `base`: where the base of an adapter lies.
text::TextEncoder open_encoder(const std::string& directory, const TextFlags& flags, const std::string& base = "");

/// Loads the model and its tokenizer under the recorded text policy, changed by `flags`; says what is ignored.
OpenModel open_model(const std::string& directory, const model::LoadOptions& options, const TextFlags& flags,
                     Session& session);

/// The ids that end a policy's response: the tokenizer's EOS and what generation_config.json or config.json names.
std::vector<int32_t> stop_ids(const OpenModel& open);

/// Reads and tokenises; `allow_unlabelled` for verbs that only score; `pairs` for pairwise models. Throws where nothing
/// was given.
std::unique_ptr<data::TokenStore> open_data(const DataFlags& flags, const OpenModel& model, bool allow_unlabelled,
                                            Session& session, data::PairsWanted pairs = data::PairsWanted::kAll);

/// Says what is odd about the tokens of data: over-long sequences, unknown tokens, responses that look the same.
void log_tokens(const data::TokenReport& report, const DataFlags& flags, Session& session);

/// The flag --device of every verb that computes.
void describe_device(FieldVisitor& v, std::string& device);
/// "cpu" or "cuda"; loads the CUDA library on demand, so verbs call it before anything else. Throws ResourceError where
/// the library or a GPU is absent.
at::Device open_device(const std::string& name);

/// Compute threads of the session; 0 = all cores.
void use_threads(const Session& session);

/// Throws ConfigError naming the flag where the value is empty.
void require_flag(const std::string& value, const char* flag);

}  // namespace rondo::cli
