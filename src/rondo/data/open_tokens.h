// SPDX-License-Identifier: Apache-2.0
// From the names of files to token stores: what programs ask of their users, and what they should be told.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "rondo/base/config.h"
#include "rondo/base/log.h"
#include "rondo/data/group_store.h"
#include "rondo/data/token_store.h"

namespace rondo::data {

struct DataOptions {
  std::vector<std::string> data;
  std::vector<std::string> rename;
  int64_t max_bad = 0;
  std::string overlong = "error";
  int64_t max_length = 0;  // 0 = what the model takes
};
void describe(FieldVisitor& v, DataOptions& c);
/// Only the fields about length, for those who name their files themselves.
void describe_length(FieldVisitor& v, DataOptions& c);

/// How the files are used.
struct DataUse {
  bool allow_unlabelled = false;  // groups without comparisons are welcome
  PairsWanted pairs = PairsWanted::kAll;
  bool needs_gate = true;
  int64_t threads = 1;  // that tokenise; 0 = all cores
  std::string spool_folder = "/tmp";
  ProgressSink progress = silent_progress();
};

struct OpenGroups {
  std::shared_ptr<const GroupStore> groups;
  Notes notes;
};
/// Reads all files. Throws ConfigError where none is named.
OpenGroups open_groups(const DataOptions& options, const DataUse& use);

struct OpenTokens {
  std::unique_ptr<TokenStore> store;
  Notes notes;
};
/// Tokenises groups for a model that takes `model_length` tokens. The encoder must outlive the store.
OpenTokens open_tokens(std::shared_ptr<const GroupStore> groups, const text::TextEncoder& encoder, int64_t model_length,
                       const DataOptions& options, const DataUse& use);

/// For those who want labels: throws DataError where no comparison is left. After the notes were told, which say why.
void require_comparisons(const TokenStore& store, const DataOptions& options);

/// Says what is odd about the tokens of data: over-long sequences, unknown tokens, responses that look the same.
Notes token_notes(const TokenReport& report, const std::string& overlong);

}  // namespace rondo::data
