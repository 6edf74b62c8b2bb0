// SPDX-License-Identifier: Apache-2.0
#include "examples/blotto/riddler.h"

#include <algorithm>
#include <fstream>
#include <numeric>
#include <optional>
#include <set>
#include <sstream>

#include "rondo/base/error.h"
#include "rondo/base/hash.h"
#include "rondo/base/parse_number.h"

namespace blotto {
namespace {

// Splits CSV text into records (RFC 4180): quoted cells may hold commas, line ends and doubled quotes.
std::vector<std::vector<std::string>> csv_records(const std::string& text) {
  std::vector<std::vector<std::string>> records;
  std::vector<std::string> record(1);
  bool quoted = false;
  const auto finish = [&] {
    if (record.size() > 1 || !record[0].empty()) records.push_back(record);
    record.assign(1, "");
  };
  for (size_t pos = 0; pos < text.size(); ++pos) {
    const char c = text[pos];
    if (c == '"') {
      if (quoted && pos + 1 < text.size() && text[pos + 1] == '"') {
        record.back() += text[pos++];
      } else {
        quoted = !quoted;
      }
    } else if (quoted || (c != ',' && c != '\n' && c != '\r')) {
      record.back() += c;
    } else if (c == ',') {
      record.emplace_back();
    } else {
      finish();
    }
  }
  finish();
  return records;
}

std::optional<Plan> plan_of(const std::vector<std::string>& record, int castles, int soldiers) {
  if (record.size() < static_cast<size_t>(castles)) return std::nullopt;
  Plan plan;
  for (int castle = 0; castle < castles; ++castle) {
    const auto number = rondo::parse_number<int>(record[static_cast<size_t>(castle)]);
    if (!number || *number < 0) return std::nullopt;
    plan.push_back(*number);
  }
  if (std::accumulate(plan.begin(), plan.end(), 0) != soldiers) return std::nullopt;
  return plan;
}

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw rondo::DataError("plans not read: " + path + ": cannot be opened; is the path right?");
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

}  // namespace

std::vector<Plan> read_riddler_files(const std::vector<std::string>& paths, int castles, int soldiers) {
  std::vector<Plan> plans;
  std::set<Plan> seen;
  for (const std::string& path : paths) {
    const auto records = csv_records(read_text(path));
    // The first record is the header.
    for (size_t number = 1; number < records.size(); ++number) {
      const std::optional<Plan> plan = plan_of(records[number], castles, soldiers);
      if (!plan) {
        throw rondo::DataError("plan not read: " + path + ": record " + std::to_string(number) +
                               " does not begin with " + std::to_string(castles) + " whole numbers that sum to " +
                               std::to_string(soldiers) + "; is it a file of another game?");
      }
      if (seen.insert(*plan).second) plans.push_back(*plan);
    }
  }
  return plans;
}

Split split_by_hash(const std::vector<Plan>& plans, int64_t test_count) {
  if (test_count > static_cast<int64_t>(plans.size())) {
    throw rondo::ConfigError("plans not split: --test " + std::to_string(test_count) + ": there are only " +
                             std::to_string(plans.size()) + " plans; ask for fewer");
  }
  std::vector<std::pair<std::string, size_t>> by_hash;
  for (size_t index = 0; index < plans.size(); ++index)
    by_hash.emplace_back(rondo::sha256_hex(joined(plans[index], ',')), index);
  std::sort(by_hash.begin(), by_hash.end());
  std::vector<bool> is_test(plans.size(), false);
  for (int64_t k = 0; k < test_count; ++k) is_test[by_hash[static_cast<size_t>(k)].second] = true;
  Split split;
  for (size_t index = 0; index < plans.size(); ++index) {
    (is_test[index] ? split.test : split.train).push_back(plans[index]);
  }
  return split;
}

}  // namespace blotto
