// SPDX-License-Identifier: Apache-2.0
#include "rondo/runs/open.h"

#include <ATen/Parallel.h>

namespace rondo::runs {
namespace {

data::DataUse use_of(const Wanted& wanted, const Hooks& hooks) {
  return {.allow_unlabelled = wanted.unlabelled,
          .pairs = wanted.pairs,
          .threads = at::get_num_threads(),
          .spool_folder = hooks.spool_folder,
          .progress = hooks.progress};
}

}  // namespace

model::Reader open_reader(const std::string& directory, model::ReaderOptions options, const Process& process,
                          const Hooks& hooks) {
  options.load.base = process.base;
  model::Reader reader(directory, options);
  log_notes(reader.notes(), hooks.log);
  return reader;
}

std::shared_ptr<const data::GroupStore> open_groups(const data::DataOptions& options, const Wanted& wanted,
                                                    const Hooks& hooks) {
  data::OpenGroups open = data::open_groups(options, use_of(wanted, hooks));
  log_notes(open.notes, hooks.log);
  return std::move(open.groups);
}

std::unique_ptr<data::TokenStore> open_tokens(std::shared_ptr<const data::GroupStore> groups,
                                              const model::Reader& reader, const data::DataOptions& options,
                                              const Wanted& wanted, const Hooks& hooks) {
  data::DataUse use = use_of(wanted, hooks);
  use.needs_gate = reader.model().needs_gate();
  data::OpenTokens open = data::open_tokens(std::move(groups), reader.encoder(), reader.max_length(), options, use);
  log_notes(open.notes, hooks.log);
  const bool is_undecided = wanted.undecided && open.store->report().undecided > 0;
  if (!wanted.unlabelled && !is_undecided) data::require_comparisons(*open.store, options);
  return std::move(open.store);
}

}  // namespace rondo::runs
