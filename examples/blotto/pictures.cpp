// SPDX-License-Identifier: Apache-2.0
// A cycle of four, a > b > c > d > a, is two paths of two steps between a and c, so the best middle of every such path
// is found first: cubic in the plans, not quartic.
#include "examples/blotto/pictures.h"

#include <algorithm>
#include <numeric>

#include "rondo/base/error.h"

namespace blotto {
namespace {

constexpr size_t kNobody = static_cast<size_t>(-1);

class Matrix {
 public:
  Matrix(size_t count, int fill) : count_(count), values_(count * count, fill) {}
  int& at(size_t i, size_t j) { return values_[i * count_ + j]; }
  int at(size_t i, size_t j) const { return values_[i * count_ + j]; }

 private:
  size_t count_;
  std::vector<int> values_;
};

Matrix margins(const Field& field) {
  Matrix matrix(field.plans.size(), 0);
  for (size_t i = 0; i < field.plans.size(); ++i) {
    for (size_t j = 0; j < field.plans.size(); ++j)
      matrix.at(i, j) = margin(field.rule, field.plans[i], field.plans[j]);
  }
  return matrix;
}

// Paths from > middle > to: the smaller of the two margins, and the middle that makes it largest.
struct Paths {
  Matrix margin;
  std::vector<size_t> middle;
};

Paths clearest_paths(const Matrix& margin, size_t count) {
  Paths paths{Matrix(count, 0), std::vector<size_t>(count * count, kNobody)};
  for (size_t from = 0; from < count; ++from) {
    for (size_t middle = 0; middle < count; ++middle) {
      if (margin.at(from, middle) <= 0) continue;
      for (size_t to = 0; to < count; ++to) {
        const int weaker = std::min(margin.at(from, middle), margin.at(middle, to));
        if (weaker <= paths.margin.at(from, to)) continue;
        paths.margin.at(from, to) = weaker;
        paths.middle[from * count + to] = middle;
      }
    }
  }
  return paths;
}

double share(const Field& field, size_t first, size_t second) {
  const int total = std::accumulate(field.rule.values.begin(), field.rule.values.end(), 0);
  return margin(field.rule, field.plans[first], field.plans[second]) / static_cast<double>(total);
}

struct Duel {
  double closer_win = 0;
  std::vector<Field> fields;
};

// Tries every pair of plans of `home` under its own rule and under another.
void improve(Duel& clearest, const Field& home, const Rule& other_rule, const std::string& other_prompt) {
  const Field elsewhere{.rule = other_rule, .plans = home.plans, .prompt = other_prompt, .id = home.id};
  for (size_t i = 0; i < home.plans.size(); ++i) {
    for (size_t j = 0; j < home.plans.size(); ++j) {
      const double closer_win = std::min(share(home, i, j), -share(elsewhere, i, j));
      if (closer_win <= clearest.closer_win) continue;
      clearest.closer_win = closer_win;
      clearest.fields = {{home.rule, {home.plans[i], home.plans[j]}, home.prompt, "duel-1"},
                         {other_rule, {home.plans[i], home.plans[j]}, other_prompt, "duel-2"}};
    }
  }
}

}  // namespace

Field clearest_cycle(const Field& field, int size) {
  const size_t count = field.plans.size();
  const Matrix margin = margins(field);
  const Paths paths = clearest_paths(margin, count);
  const Matrix& closing = size == 3 ? margin : paths.margin;
  int clearest = 0;
  std::vector<size_t> cycle;
  for (size_t a = 0; a < count; ++a) {
    for (size_t c = 0; c < count; ++c) {
      const int closest_win = std::min(paths.margin.at(a, c), closing.at(c, a));
      if (closest_win <= clearest) continue;
      clearest = closest_win;
      cycle = {a, paths.middle[a * count + c], c};
      if (size != 3) cycle.push_back(paths.middle[c * count + a]);
    }
  }
  if (cycle.empty()) {
    throw rondo::DataError("no cycle found: " + field.id + ": the plans can be ordered; use more plans");
  }
  Field result{.rule = field.rule, .plans = {}, .prompt = field.prompt, .id = "cycle"};
  for (const size_t index : cycle) result.plans.push_back(field.plans[index]);
  return result;
}

std::vector<Field> clearest_duel(const std::vector<Field>& fields) {
  Duel clearest;
  for (const Field& home : fields) {
    for (const Field& away : fields) improve(clearest, home, away.rule, away.prompt);
  }
  if (clearest.fields.empty()) {
    throw rondo::DataError("no duel found: rows: no two rules name different winners; use more rules");
  }
  return clearest.fields;
}

}  // namespace blotto
