// SPDX-License-Identifier: Apache-2.0
#include "examples/blotto/strategy.h"

#include <algorithm>
#include <numeric>

#include "examples/blotto/habits.h"
#include "rondo/base/error.h"

namespace blotto {
namespace {

constexpr int kMoves[] = {1, 2, 3, 5, 10};

// The points of one plan against every plan of a sample, kept up to date while soldiers move: a move touches two
// castles and nothing else.
class Match {
 public:
  Match(const Rule& rule, const std::vector<std::optional<Plan>>& sample, Plan plan)
      : rule_(rule), plan_(std::move(plan)) {
    for (const std::optional<Plan>& opponent : sample) {
      if (!opponent) {
        ++invalid_;
        continue;
      }
      opponents_.push_back(&*opponent);
      margins_.push_back(margin(rule, plan_, *opponent));
    }
  }

  double score() const {
    double sum = invalid_;
    for (const int points : margins_) sum += points > 0 ? 1 : points == 0 ? 0.5 : 0;
    return sum / (invalid_ + static_cast<double>(margins_.size()));
  }

  double score_after(size_t from, size_t to, int soldiers) const {
    double sum = invalid_;
    for (size_t k = 0; k < margins_.size(); ++k) {
      const int points = margins_[k] + change(k, from, -soldiers) + change(k, to, soldiers);
      sum += points > 0 ? 1 : points == 0 ? 0.5 : 0;
    }
    return sum / (invalid_ + static_cast<double>(margins_.size()));
  }

  void move(size_t from, size_t to, int soldiers) {
    for (size_t k = 0; k < margins_.size(); ++k) margins_[k] += change(k, from, -soldiers) + change(k, to, soldiers);
    plan_[from] -= soldiers;
    plan_[to] += soldiers;
  }

  const Plan& plan() const { return plan_; }

 private:
  int change(size_t opponent, size_t castle, int soldiers) const {
    const int theirs = (*opponents_[opponent])[castle], before = plan_[castle], after = before + soldiers;
    return rule_.values[castle] * (((after > theirs) - (after < theirs)) - ((before > theirs) - (before < theirs)));
  }

  const Rule& rule_;
  Plan plan_;
  std::vector<const Plan*> opponents_;
  std::vector<int> margins_;
  double invalid_ = 0;
};

struct Move {
  size_t from = 0, to = 0;
  int soldiers = 0;
  double score = 0;
};

std::vector<Move> all_moves(size_t castles) {
  std::vector<Move> moves;
  for (size_t pair = 0; pair < castles * castles; ++pair) {
    const size_t from = pair / castles, to = pair % castles;
    if (from == to) continue;
    for (const int soldiers : kMoves) moves.push_back({.from = from, .to = to, .soldiers = soldiers});
  }
  return moves;
}

Move best_move(const Match& match, const std::vector<Move>& moves) {
  Move best{.score = match.score()};
  for (const Move& move : moves) {
    if (match.plan()[move.from] < move.soldiers) continue;
    const double score = match.score_after(move.from, move.to, move.soldiers);
    if (score > best.score) best = {move.from, move.to, move.soldiers, score};
  }
  return best;
}

}  // namespace

std::optional<Plan> valid_plan(const Rule& rule, const std::string& text) {
  Plan plan;
  try {
    plan = parse_plan(text);
  } catch (const rondo::DataError&) {
    return std::nullopt;
  }
  const bool is_whole = plan.size() == rule.values.size() &&
                        std::accumulate(plan.begin(), plan.end(), 0) == rule.soldiers &&
                        *std::min_element(plan.begin(), plan.end()) >= 0;
  return is_whole ? std::optional<Plan>(std::move(plan)) : std::nullopt;
}

double verdict(const Rule& rule, const std::optional<Plan>& first, const std::optional<Plan>& second) {
  if (!first || !second) return first ? 1 : second ? 0 : 0.5;
  const int points = margin(rule, *first, *second);
  return points > 0 ? 1 : points == 0 ? 0.5 : 0;
}

std::string outcomes(const Rule& rule, const std::vector<std::optional<Plan>>& sample) {
  std::string text;
  for (size_t i = 0; i < sample.size(); ++i) {
    for (size_t j = i + 1; j < sample.size(); ++j) {
      const double won = verdict(rule, sample[i], sample[j]);
      text += won > 0.5 ? 'W' : won < 0.5 ? 'L' : 'T';
    }
  }
  return text;
}

double win_rate(const Rule& rule, const Plan& plan, const std::vector<std::optional<Plan>>& sample) {
  return Match(rule, sample, plan).score();
}

CounterPlan best_counter_plan(const Rule& rule, const std::vector<std::optional<Plan>>& sample, int starts,
                              rondo::Random random) {
  const std::vector<Move> moves = all_moves(rule.values.size());
  CounterPlan best{.plan = {}, .win_rate = -1};
  for (const Plan& start : make_plans(rule, {.count = starts}, random, {})) {
    Match match(rule, sample, start);
    for (Move move = best_move(match, moves); move.soldiers > 0; move = best_move(match, moves))
      match.move(move.from, move.to, move.soldiers);
    if (match.score() > best.win_rate) best = {match.plan(), match.score()};
  }
  return best;
}

}  // namespace blotto
