// SPDX-License-Identifier: Apache-2.0
// Plans as people make them: a mixture of habits (even spread, the dear castles, a block, just enough castles to win,
// scouts of one to three soldiers elsewhere, answers to somebody else's plan, round numbers, whim).
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "examples/blotto/game.h"
#include "rondo/base/random.h"

namespace blotto {

struct MakeOptions {
  int64_t count = 0;
  double misread = 0;  // share of plans that were made for other castle values than the rule's
};

/// `count` distinct plans, none of them in `taken`. Every plan comes from its own random stream, so a longer list
/// begins like a shorter one. Throws ConfigError where the game has too few plans.
std::vector<Plan> make_plans(const Rule& rule, const MakeOptions& options, const rondo::Random& random,
                             const std::set<Plan>& taken);

/// Castle values drawn evenly from 1 ... highest, one draw per castle.
Rule random_rule(int castles, int soldiers, int highest, rondo::Random& random);

}  // namespace blotto
