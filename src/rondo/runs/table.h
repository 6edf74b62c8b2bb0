// SPDX-License-Identifier: Apache-2.0
// One group at a time, for programs that hold prompts and responses themselves: every sequence through the model once.
#pragma once

#include "rondo/core/group.h"
#include "rondo/core/preference_table.h"
#include "rondo/core/token_group.h"
#include "rondo/model/reader.h"
#include "rondo/model/scoring.h"

namespace rondo::runs {

/// A group in the tokens of a model. Throws DataError where a sequence is longer than the model takes, or where its
/// template refuses the conversation.
TokenGroup tokens_of(const model::Reader& reader, const Group& group);

/// What the model says of the group's M responses: rewards, embeddings, gate, and from them scores_MM and mean scores.
/// On the CPU, without gradients. The group's comparisons are not read.
PreferenceTable table_of(const model::Reader& reader, const Group& group, const model::ScoringOptions& options = {});

}  // namespace rondo::runs
