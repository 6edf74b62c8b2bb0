// SPDX-License-Identifier: Apache-2.0
// What runs open, with their hooks: models and data, whose notes go to the log.
#pragma once

#include <memory>
#include <string>

#include "rondo/data/open_tokens.h"
#include "rondo/model/reader.h"
#include "rondo/runs/run.h"

namespace rondo::runs {

/// The reader of a directory, the base of an adapter being where `process` says.
model::Reader open_reader(const std::string& directory, model::ReaderOptions options, const Process& process,
                          const Hooks& hooks);

/// How a run uses its data.
struct Wanted {
  bool unlabelled = false;  // groups without comparisons are welcome
  data::PairsWanted pairs = data::PairsWanted::kAll;
  bool undecided = false;  // data of nothing but comparisons between the same tokens are welcome
};
std::shared_ptr<const data::GroupStore> open_groups(const data::DataOptions& options, const Wanted& wanted,
                                                    const Hooks& hooks);
/// The reader must outlive the store.
std::unique_ptr<data::TokenStore> open_tokens(std::shared_ptr<const data::GroupStore> groups,
                                              const model::Reader& reader, const data::DataOptions& options,
                                              const Wanted& wanted, const Hooks& hooks);

}  // namespace rondo::runs
