// SPDX-License-Identifier: Apache-2.0
#include "rondo/runs/table.h"

#include "rondo/data/tokenise.h"

namespace rondo::runs {

TokenGroup tokens_of(const model::Reader& reader, const Group& group) {
  data::Overlong overlong;
  return data::token_group(group, reader.encoder(),
                           {.max_length = reader.max_length(), .needs_gate = reader.model().needs_gate()}, "the group",
                           overlong);
}

PreferenceTable table_of(const model::Reader& reader, const Group& group, const model::ScoringOptions& options) {
  const TokenGroup tokens = tokens_of(reader, group);
  const TokenGroup* const groups[] = {&tokens};
  model::ScoringCost cost;
  return model::score_groups(reader.model(), groups, options, cost).front().of_responses(tokens.places);
}

}  // namespace rondo::runs
