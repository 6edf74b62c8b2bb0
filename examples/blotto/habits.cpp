// SPDX-License-Identifier: Apache-2.0
#include "examples/blotto/habits.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "rondo/base/error.h"

namespace blotto {
namespace {

using rondo::Random;

// What somebody who makes a plan looks at.
struct View {
  const Rule& rule;
  std::vector<size_t> ascending;  // castles, cheapest first
  std::span<const Plan> earlier;  // plans that can be answered
};

int between(Random& random, int low, int high) {
  return low + static_cast<int>(random.below(static_cast<uint64_t>(high - low + 1)));
}

double between(Random& random, double low, double high) { return low + (high - low) * random.uniform(); }

// Whole soldiers in proportion to the weights: floors first, then the largest remainders.
Plan apportion(const std::vector<double>& weights, int soldiers) {
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  Plan plan(weights.size());
  std::vector<double> remainder(weights.size());
  int left = soldiers;
  for (size_t castle = 0; castle < weights.size(); ++castle) {
    const double share = soldiers * weights[castle] / total;
    plan[castle] = static_cast<int>(share);
    remainder[castle] = share - plan[castle];
    left -= plan[castle];
  }
  std::vector<size_t> order(weights.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return remainder[a] > remainder[b]; });
  for (size_t k = 0; left > 0; k = (k + 1) % order.size(), --left) ++plan[order[k]];
  return plan;
}

void move_soldiers(Plan& plan, int moves, Random& random) {
  for (int k = 0; k < moves; ++k) {
    int& from = plan[random.below(plan.size())];
    int& to = plan[random.below(plan.size())];
    if (from == 0) continue;
    --from;
    ++to;
  }
}

Plan even(const View& view, Random& random) {
  Plan plan = apportion(std::vector<double>(view.rule.values.size(), 1.0), view.rule.soldiers);
  move_soldiers(plan, between(random, 0, view.rule.soldiers / 5), random);
  return plan;
}

// Soldiers as a power of the value: from nearly even to nearly everything on the dearest castles.
Plan by_value(const View& view, Random& random) {
  const double power = between(random, 0.4, 2.2);
  std::vector<double> weights;
  for (const int value : view.rule.values) weights.push_back(std::pow(value, power));
  Plan plan = apportion(weights, view.rule.soldiers);
  move_soldiers(plan, between(random, 0, view.rule.soldiers / 8), random);
  return plan;
}

// Castles of `chosen` get nearly everything, the others a scout of at most `scout` soldiers.
Plan concentrate(const View& view, const std::vector<size_t>& chosen, int scout, Random& random) {
  Plan plan(view.rule.values.size(), 0);
  int left = view.rule.soldiers;
  for (int& soldiers : plan) {
    soldiers = std::min(left, between(random, std::min(scout, 1), scout));
    left -= soldiers;
  }
  const double power = between(random, 0.0, 1.5);
  const double spread = between(random, 0.0, 0.3);
  std::vector<double> weights(plan.size(), 0.0);
  for (const size_t castle : chosen) {
    left += plan[castle];
    plan[castle] = 0;
    weights[castle] = std::pow(view.rule.values[castle], power) * std::exp(spread * random.normal());
  }
  const Plan main_force = apportion(weights, left);
  for (size_t castle = 0; castle < plan.size(); ++castle) plan[castle] += main_force[castle];
  return plan;
}

// Three to six castles that are neighbours in value.
Plan block(const View& view, Random& random) {
  const int castles = static_cast<int>(view.ascending.size());
  const int width = std::min(castles, between(random, 3, 6));
  const int start = between(random, 0, castles - width);
  const std::vector<size_t> chosen(view.ascending.begin() + start, view.ascending.begin() + start + width);
  return concentrate(view, chosen, between(random, 0, 3), random);
}

// Castles drawn at random until together they are worth more than half of all points.
Plan just_enough(const View& view, Random& random) {
  const int total = std::accumulate(view.rule.values.begin(), view.rule.values.end(), 0);
  std::vector<size_t> chosen = view.ascending;
  random.shuffle(std::span(chosen));
  int points = 0;
  size_t count = 0;
  while (2 * points <= total) points += view.rule.values[chosen[count++]];
  chosen.resize(count);
  return concentrate(view, chosen, between(random, 0, 3), random);
}

// Beats an earlier plan where that is cheapest, by one to three soldiers per castle, until the points suffice.
Plan answer(const View& view, Random& random) {
  if (view.earlier.empty()) return by_value(view, random);
  const Plan& other = view.earlier[random.below(view.earlier.size())];
  const auto price = [&](size_t castle) { return (other[castle] + 1.0) / view.rule.values[castle]; };
  std::vector<size_t> order = view.ascending;
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return price(a) < price(b); });
  Plan plan(other.size(), 0);
  int left = view.rule.soldiers;
  const int lead = between(random, 1, 3);
  for (const size_t castle : order) {
    const int wanted = std::min(left, other[castle] + lead);
    plan[castle] = wanted > other[castle] ? wanted : 0;
    left -= plan[castle];
  }
  for (; left > 0; --left) ++plan[order[random.below(order.size() / 2 + 1)]];
  return plan;
}

// Another habit's plan in steps of five soldiers.
Plan round_numbers(const View& view, Random& random) {
  constexpr int kStep = 5;
  const Plan exact = random.below(2) == 0 ? by_value(view, random) : block(view, random);
  Plan plan = apportion(std::vector<double>(exact.begin(), exact.end()), view.rule.soldiers / kStep);
  for (int& soldiers : plan) soldiers *= kStep;
  plan[view.ascending.back()] += view.rule.soldiers % kStep;
  return plan;
}

// An earlier plan with a few soldiers moved.
Plan variation(const View& view, Random& random) {
  if (view.earlier.empty()) return even(view, random);
  Plan plan = view.earlier[random.below(view.earlier.size())];
  move_soldiers(plan, between(random, 1, 12), random);
  return plan;
}

Plan whim(const View& view, Random& random) {
  std::vector<double> weights;
  const double spread = between(random, 0.5, 2.0);
  for (size_t castle = 0; castle < view.rule.values.size(); ++castle) {
    weights.push_back(std::exp(spread * random.normal()));
  }
  return apportion(weights, view.rule.soldiers);
}

struct Habit {
  Plan (*make)(const View&, Random&);
  int share;  // out of the sum of the shares
};

// Shares by judgement: aiming at enough castles to win, and at a block of them, are the commonest ideas.
constexpr Habit kHabits[] = {{&even, 8},    {&by_value, 16}, {&block, 22}, {&just_enough, 22},
                             {&answer, 12}, {&variation, 8}, {&whim, 6},   {&round_numbers, 6}};

Plan draw_plan(const View& view, Random& random) {
  int total = 0;
  for (const Habit& habit : kHabits) total += habit.share;
  int ticket = between(random, 0, total - 1);
  for (const Habit& habit : kHabits) {
    if (ticket < habit.share) return habit.make(view, random);
    ticket -= habit.share;
  }
  throw rondo::InternalError("no habit drawn: make_plans: the ticket exceeds the shares; please report this");
}

// Share of bouts won against a few earlier plans; an even share where there are none yet.
double trial(const View& view, const Plan& plan, Random& random) {
  constexpr int kBouts = 24;
  if (view.earlier.empty()) return 0.5;
  double won = 0;
  for (int bout = 0; bout < kBouts; ++bout) {
    const char result = outcome(view.rule, plan, view.earlier[random.below(view.earlier.size())]);
    won += result == 'W' ? 1 : result == 'T' ? 0.5 : 0;
  }
  return won / kBouts;
}

// People think twice: a draft that would lose most bouts is usually thrown away. Without this the pool is closer to a
// ladder (an order explains .74 of it) than the plans that people sent in (.66).
Plan considered_plan(const View& view, Random& random) {
  constexpr int kDrafts = 4;
  constexpr double kGoodEnough = 0.42;
  Plan plan = draw_plan(view, random);
  for (int draft = 1; draft < kDrafts && trial(view, plan, random) < kGoodEnough; ++draft) {
    plan = draw_plan(view, random);
  }
  return plan;
}

std::vector<size_t> cheapest_first(const Rule& rule) {
  std::vector<size_t> order(rule.values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return rule.values[a] < rule.values[b]; });
  return order;
}

}  // namespace

std::vector<Plan> make_plans(const Rule& rule, const MakeOptions& options, const Random& random,
                             const std::set<Plan>& taken) {
  // Small games run out of plans: this many draws in a row without a new one means that.
  constexpr int kPatience = 1000;
  std::vector<Plan> plans;
  std::set<Plan> seen = taken;
  int failures = 0;
  for (uint64_t stream = 0; static_cast<int64_t>(plans.size()) < options.count; ++stream) {
    Random own = random.split(stream);
    const bool misreads = own.uniform() < options.misread;
    const int highest = *std::max_element(rule.values.begin(), rule.values.end());
    const Rule believed =
        misreads ? random_rule(static_cast<int>(rule.values.size()), rule.soldiers, highest, own) : rule;
    Plan plan = considered_plan({believed, cheapest_first(believed), plans}, own);
    if (seen.insert(plan).second) {
      plans.push_back(std::move(plan));
      failures = 0;
    } else if (++failures > kPatience) {
      throw rondo::ConfigError("plans not made: " + std::to_string(plans.size()) + " of " +
                               std::to_string(options.count) +
                               " found: the game has too few different plans; ask for fewer, or for more soldiers");
    }
  }
  return plans;
}

Rule random_rule(int castles, int soldiers, int highest, Random& random) {
  Rule rule{.values = {}, .soldiers = soldiers};
  for (int castle = 0; castle < castles; ++castle) rule.values.push_back(between(random, 1, highest));
  return rule;
}

}  // namespace blotto
