// SPDX-License-Identifier: Apache-2.0
#include "examples/blotto/strategy.h"

#include <algorithm>
#include <numeric>
#include <sstream>

#include "examples/blotto/habits.h"
#include "rondo/base/error.h"
#include "rondo/base/parse_number.h"

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

// A square game that grows by a row and a column at a time, and a strategy for it that no row beats by much: regret
// matching with regrets kept at zero or above, later sweeps weighing more in the average (Tammelin 2014). Regrets stay
// when the game grows, so that a round costs few sweeps.
class GrowingGame {
 public:
  explicit GrowingGame(const Rule& rule) : rule_(rule) {}

  void add(const Plan& plan) {
    plans_.push_back(plan);
    regret_.push_back(0);
    wins_.emplace_back();
    for (size_t k = 0; k < plans_.size(); ++k) {
      wins_.back().push_back(verdict(rule_, plan, plans_[k]));
      if (k + 1 < plans_.size()) wins_[k].push_back(1 - wins_.back()[k]);
    }
  }

  bool has(const Plan& plan) const { return std::find(plans_.begin(), plans_.end(), plan) != plans_.end(); }

  void solve(int sweeps) {
    average_.assign(plans_.size(), 0);
    for (int sweep = 1; sweep <= sweeps; ++sweep) {
      const std::vector<double> weights = matched();
      std::vector<double> value;
      for (const std::vector<double>& row : wins_)
        value.push_back(std::inner_product(row.begin(), row.end(), weights.begin(), 0.0));
      const double own = std::inner_product(value.begin(), value.end(), weights.begin(), 0.0);
      for (size_t i = 0; i < value.size(); ++i) {
        regret_[i] = std::max(0.0, regret_[i] + value[i] - own);
        average_[i] += sweep * weights[i];
      }
    }
  }

  // Plans drawn from the strategy of the last solve().
  std::vector<Plan> draw(int64_t count, rondo::Random& random) const {
    const double sum = std::accumulate(average_.begin(), average_.end(), 0.0);
    std::vector<Plan> sample;
    while (static_cast<int64_t>(sample.size()) < count) {
      double mark = random.uniform() * sum;
      size_t k = 0;
      while (k + 1 < average_.size() && mark >= average_[k]) mark -= average_[k++];
      sample.push_back(plans_[k]);
    }
    return sample;
  }

 private:
  std::vector<double> matched() const {
    const double sum = std::accumulate(regret_.begin(), regret_.end(), 0.0);
    std::vector<double> weights(regret_.size(), 1 / static_cast<double>(regret_.size()));
    for (size_t i = 0; i < weights.size() && sum > 0; ++i) weights[i] = regret_[i] / sum;
    return weights;
  }

  const Rule& rule_;
  std::vector<Plan> plans_;
  std::vector<std::vector<double>> wins_;
  std::vector<double> regret_, average_;
};

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

Plan completed_plan(const Rule& rule, const std::string& text) {
  Plan plan(rule.values.size(), 0);
  int left = rule.soldiers;
  std::istringstream words(text);
  std::string word;
  for (size_t castle = 0; castle + 1 < plan.size() && words >> word; ++castle) {
    plan[castle] = std::clamp(rondo::parse_number<int>(word).value_or(0), 0, left);
    left -= plan[castle];
  }
  plan.back() = left;
  return plan;
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

std::vector<Plan> equilibrium_sample(const Rule& rule, int rounds, int64_t count, rondo::Random random) {
  constexpr int64_t kFirst = 20, kSearched = 1000;
  constexpr int kStarts = 4, kSweeps = 100, kLastSweeps = 5000;
  GrowingGame game(rule);
  for (const Plan& plan : make_plans(rule, {.count = kFirst}, random.split(0), {})) game.add(plan);
  for (int round = 1; round <= rounds; ++round) {
    rondo::Random own = random.split(static_cast<uint64_t>(round));
    game.solve(kSweeps);
    const std::vector<Plan> mixture = game.draw(kSearched, own);
    const Plan answer = best_counter_plan(rule, {mixture.begin(), mixture.end()}, kStarts, own).plan;
    if (!game.has(answer)) game.add(answer);
  }
  game.solve(kLastSweeps);
  return game.draw(count, random);
}

}  // namespace blotto
