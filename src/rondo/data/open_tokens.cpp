// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/open_tokens.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "rondo/base/error.h"

namespace rondo::data {

void describe_length(FieldVisitor& v, DataOptions& c) {
  v.choice("overlong", c.overlong, "sequences over the length limit", kOverlongNames);
  v.integer("max_length", c.max_length, "tokens of a sequence at most; 0 = what the model takes", 0, int64_t{1} << 31);
}

void describe(FieldVisitor& v, DataOptions& c) {
  v.texts("data", c.data, "files, folders, or - for standard input");
  v.texts("rename", c.rename, "column renames, question=prompt");
  v.integer("max_bad", c.max_bad, "bad rows allowed before the data are refused", 0, kManyRows);
  describe_length(v, c);
}

OpenGroups open_groups(const DataOptions& options, const DataUse& use) {
  if (options.data.empty()) throw ConfigError("no data: `data`: name at least one file");
  ReadOptions read_options{.files = options.data,
                           .renames = options.rename,
                           .max_bad = options.max_bad,
                           .allow_unlabelled = use.allow_unlabelled,
                           .spool_folder = use.spool_folder,
                           .progress = use.progress};
  OpenGroups open{.groups = std::make_shared<const GroupStore>(read_groups(read_options)), .notes = {}};
  const ReadReport& read = open.groups->report();
  open.notes.push_back(
      {LogLevel::kInfo,
       fmt::format("{}: {} rows, {} groups, {} responses, {} comparisons{}", fmt::join(options.data, ", "), read.rows,
                   read.groups, read.responses, read.comparisons,
                   read.bad_rows > 0 ? fmt::format(", {} bad rows left out", read.bad_rows) : "")});
  return open;
}

OpenTokens open_tokens(std::shared_ptr<const GroupStore> groups, const text::TextEncoder& encoder, int64_t model_length,
                       const DataOptions& options, const DataUse& use) {
  const TokenOptions token_options{.max_length = options.max_length > 0 ? options.max_length : model_length,
                                   .overlong = options.overlong,
                                   .pairs = use.pairs,
                                   .needs_gate = use.needs_gate,
                                   .threads = use.threads};
  OpenTokens open{.store = std::make_unique<TokenStore>(std::move(groups), encoder, token_options, use.progress),
                  .notes = {}};
  open.notes = token_notes(open.store->report(), options.overlong);
  return open;
}

void require_comparisons(const TokenStore& store, const DataOptions& options) {
  if (store.report().comparisons > 0) return;
  throw DataError(
      fmt::format("no comparison is left: {}: the responses of every labelled pair are equal or were dropped; "
                  "`rondo data check` counts them",
                  fmt::join(options.data, ", ")));
}

Notes token_notes(const TokenReport& report, const std::string& overlong) {
  Notes notes;
  if (report.overlong > 0) {
    notes.push_back(
        {LogLevel::kWarning, fmt::format("{} sequences over the length limit: {} dropped, {} truncated ({})",
                                         report.overlong, report.dropped, report.truncated, overlong)});
  }
  if (report.unknown_tokens > 0) {
    notes.push_back(
        {LogLevel::kWarning,
         fmt::format("{} of {} tokens are unknown to the vocabulary{}", report.unknown_tokens, report.tokens,
                     report.is_pairwise
                         ? "; those of the question that a pairwise model is asked count as well"
                         : "; prompt and response are joined as they stand, so a prompt of words should end in a "
                           "space or a newline")});
  }
  if (report.same_tokens > 0) {
    notes.push_back({LogLevel::kWarning,
                     fmt::format("{} responses have the same tokens as another of their prompt: no model can tell them "
                                 "apart, they score 0 against each other, and {} comparisons between them count for "
                                 "nothing; `rondo {}` shows what is read",
                                 report.same_tokens, report.undecided,
                                 report.is_pairwise ? "rank --with token_ids" : "tokenize --explain")});
  }
  return notes;
}

}  // namespace rondo::data
