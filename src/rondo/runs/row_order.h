// SPDX-License-Identifier: Apache-2.0
// Answers to rows in the order of their file, although the rows of a prompt are answered together.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

namespace rondo::runs {

class RowOrder {
 public:
  using Visit = std::function<void(const nlohmann::ordered_json&)>;
  explicit RowOrder(Visit visit) : visit_(std::move(visit)) {}

  /// The answer to row `number` (SourceRow::number). It is visited once those to all rows before it were.
  void add(int64_t number, nlohmann::ordered_json answer) {
    waiting_.emplace(number, std::move(answer));
    while (!waiting_.empty() && waiting_.begin()->first == next_) {
      visit_(waiting_.begin()->second);
      waiting_.erase(waiting_.begin());
      ++next_;
    }
  }

 private:
  Visit visit_;
  std::map<int64_t, nlohmann::ordered_json> waiting_;
  int64_t next_ = 0;
};

}  // namespace rondo::runs
