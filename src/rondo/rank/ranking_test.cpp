// SPDX-License-Identifier: Apache-2.0
#include "rondo/rank/ranking.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "rondo/base/error.h"
#include "rondo/base/random.h"

namespace rondo::rank {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

struct Table {
  int64_t responses;
  std::vector<double> scores;

  explicit Table(int64_t count) : responses(count), scores(static_cast<size_t>(count * count)) {}
  double at(int64_t i, int64_t j) const { return scores[static_cast<size_t>(i * responses + j)]; }
  void set(int64_t i, int64_t j, double score) {
    scores[static_cast<size_t>(i * responses + j)] = score;
    scores[static_cast<size_t>(j * responses + i)] = -score;
  }
  std::vector<double> means() const {
    std::vector<double> result;
    for (int64_t i = 0; i < responses; ++i) {
      double sum = 0;
      for (int64_t j = 0; j < responses; ++j) sum += at(i, j);
      result.push_back(sum / static_cast<double>(responses));
    }
    return result;
  }
};

// Scores from a few values, so that even pairs occur.
Table random_table(int64_t responses, uint64_t seed) {
  Random random(seed);
  Table table(responses);
  for (int64_t i = 0; i < responses; ++i) {
    for (int64_t j = i + 1; j < responses; ++j) table.set(i, j, static_cast<double>(random.below(5)) - 2);
  }
  return table;
}

// reach[i][j]: j can be reached from i along strict preferences (Warshall).
std::vector<std::vector<bool>> reachable(const Table& table) {
  const auto count = static_cast<size_t>(table.responses);
  std::vector reach(count, std::vector<bool>(count));
  for (size_t i = 0; i < count; ++i) {
    for (size_t j = 0; j < count; ++j) reach[i][j] = table.scores[i * count + j] > 0;
  }
  for (size_t k = 0; k < count; ++k) {
    for (size_t i = 0; i < count; ++i) {
      for (size_t j = 0; j < count; ++j) reach[i][j] = reach[i][j] || (reach[i][k] && reach[k][j]);
    }
  }
  return reach;
}

int64_t count_triads(const Table& t) {
  int64_t count = 0;
  for (int64_t a = 0; a < t.responses; ++a) {
    for (int64_t b = 0; b < t.responses; ++b) {
      for (int64_t c = 0; c < t.responses; ++c) count += t.at(a, b) > 0 && t.at(b, c) > 0 && t.at(c, a) > 0 ? 1 : 0;
    }
  }
  return count / 3;
}

void expect_components_match(const Table& table, const Ranking& ranking) {
  const auto reach = reachable(table);
  std::set<std::set<int64_t>> expected, found;
  for (int64_t i = 0; i < table.responses; ++i) {
    std::set<int64_t> members;
    for (int64_t j = 0; j < table.responses; ++j) {
      if (reach[static_cast<size_t>(i)][static_cast<size_t>(j)] &&
          reach[static_cast<size_t>(j)][static_cast<size_t>(i)]) {
        members.insert(j);
      }
    }
    if (members.size() > 1) expected.insert(members);
  }
  for (const CycleComponent& component : ranking.components) {
    found.insert(std::set<int64_t>(component.members.begin(), component.members.end()));
    const auto& cycle = component.cycle;
    ASSERT_GE(cycle.size(), 3u);
    EXPECT_EQ(cycle.front(), component.members.front());
    for (size_t k = 0; k < cycle.size(); ++k) EXPECT_GT(table.at(cycle[k], cycle[(k + 1) % cycle.size()]), 0);
  }
  EXPECT_EQ(found, expected);
}

TEST(Ranking, AgreesWithBruteForceOnRandomTables) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    const Table table = random_table(static_cast<int64_t>(1 + seed % 20), seed);
    const Ranking ranking = rank_table(table.scores, table.means());
    expect_components_match(table, ranking);
    EXPECT_EQ(ranking.cyclic_triads, count_triads(table));
    std::optional<int64_t> winner;
    for (int64_t i = 0; i < table.responses; ++i) {
      bool beats_all = true;
      for (int64_t j = 0; j < table.responses; ++j) beats_all = beats_all && (i == j || table.at(i, j) > 0);
      if (beats_all) winner = i;
    }
    EXPECT_EQ(ranking.condorcet_winner, winner);
  }
}

TEST(Ranking, OrdersByMeanScoreAndKeepsEqualOnesInPlace) {
  const Ranking ranking = rank_table(std::vector<double>(16), std::vector<double>{0.5, 2, 0.5, 3});
  EXPECT_THAT(ranking.order, ElementsAre(3, 1, 0, 2));
  EXPECT_EQ(ranking.best, 3);
  EXPECT_TRUE(ranking.components.empty());
  EXPECT_FALSE(ranking.condorcet_winner.has_value());
}

TEST(Ranking, ShowsACycleInTheDirectionInWhichEachBeatsTheNext) {
  Table table(4);
  table.set(0, 1, 1);
  table.set(1, 2, 1);
  table.set(2, 0, 1);
  for (int64_t i = 0; i < 3; ++i) table.set(3, i, -2);
  const Ranking ranking = rank_table(table.scores, table.means());
  ASSERT_EQ(ranking.components.size(), 1u);
  EXPECT_THAT(ranking.components[0].cycle, ElementsAre(0, 1, 2));
  EXPECT_THAT(ranking.components[0].members, ElementsAre(0, 1, 2));
  EXPECT_EQ(to_json(ranking)["cycles"].dump(), "[[0,1,2]]");
  EXPECT_TRUE(to_json(ranking)["condorcet_winner"].is_null());
}

TEST(Ranking, AcceptsNoResponseAndOneResponse) {
  EXPECT_EQ(rank_table({}, {}).best, -1);
  const Ranking one = rank_table(std::vector<double>{0}, std::vector<double>{0});
  EXPECT_EQ(one.best, 0);
  EXPECT_EQ(one.condorcet_winner, 0);
}

TEST(Ranking, IsDeepEnoughForALongLadder) {
  constexpr int64_t kResponses = 3000;
  Table table(kResponses);
  for (int64_t i = 0; i < kResponses; ++i) {
    for (int64_t j = i + 1; j < kResponses; ++j) table.set(i, j, 1);
  }
  const Ranking ranking = rank_table(table.scores, table.means());
  EXPECT_EQ(ranking.condorcet_winner, 0);
  EXPECT_EQ(ranking.cyclic_triads, 0);
}

TEST(Ranking, RefusesWhatIsNotANumber) {
  EXPECT_THAT([] { rank_table(std::vector<double>{std::nan("")}, std::vector<double>{0}); },
              ThrowsMessage<DataError>(HasSubstr("entry 0")));
}

}  // namespace
}  // namespace rondo::rank
