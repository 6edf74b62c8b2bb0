// SPDX-License-Identifier: Apache-2.0
// Plans for the report's pictures, chosen by the rule alone, before any model has seen them.
#pragma once

#include <vector>

#include "examples/blotto/rows.h"

namespace blotto {

/// Three or four plans of the field of which each beats the next and the last beats the first; of all such cycles the
/// one whose closest win is clearest. Throws DataError where there is none.
Field clearest_cycle(const Field& field, int size);

/// Two plans under two rules of `fields` that name different winners, clearest first of all: two fields of the same two
/// plans. Throws DataError where no pair of rules disagrees.
std::vector<Field> clearest_duel(const std::vector<Field>& fields);

}  // namespace blotto
