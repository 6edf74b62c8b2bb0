// SPDX-License-Identifier: Apache-2.0
#include "rondo/runs/verify.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "rondo/base/device.h"
#include "rondo/base/error.h"
#include "rondo/core/numbers.h"
#include "rondo/data/prompt_rows.h"
#include "rondo/io/atomic_file.h"
#include "rondo/io/json.h"
#include "rondo/io/mapped_file.h"
#include "rondo/runs/open.h"
#include "rondo/runs/table.h"

namespace rondo::runs {
namespace {

using json = nlohmann::ordered_json;

// Texts of several lengths and scripts; the last response begins like the first.
const char* const kPrompts[] = {"Name a prime number.", "Write one line about the sea.", "1 2 3", "What is 2 + 2?"};
const char* const kResponses[] = {"7", "The sea is wide and the boats are few.", "4 5 6 7 8 9 10",
                                  "7 is a prime number, and so is 11."};

json own_rows() {
  json rows = json::array();
  for (const char* prompt : kPrompts) rows.push_back({{"prompt", prompt}, {"responses", kResponses}});
  return rows;
}

json table_json(const Tensor& x) { return to_numbers(x); }

std::vector<double> flat(const json& values) {
  std::vector<double> numbers;
  for (const json& value : values) {
    if (value.is_array()) {
      for (const json& inner : value) numbers.push_back(inner);
    } else {
      numbers.push_back(value);
    }
  }
  return numbers;
}

// What a record and a model say of the same responses.
struct Agreement {
  VerifyResult result;
  int64_t numbers = 0;  // compared

  void compare(const json& expected, const Tensor& actual, size_t row) {
    const std::vector<double> a = flat(expected), b = table_json(actual);
    if (a.size() != b.size())
      throw DataError(
          fmt::format("the record does not fit: row {}: {} numbers, the model gives {}", row + 1, a.size(), b.size()));
    for (size_t i = 0; i < a.size(); ++i) result.largest = std::max(result.largest, std::abs(a[i] - b[i]));
    numbers += static_cast<int64_t>(a.size());
  }

  // Gaps of every pair i < j; a record that has a tie orders nothing.
  void compare_order(const std::vector<double>& expected, const std::vector<double>& actual) {
    for (size_t k = 0; k < expected.size(); ++k) {
      result.pairs += expected[k] != 0;
      result.ordered += expected[k] != 0 && expected[k] * actual[k] > 0;
    }
  }
};

std::vector<double> gaps_of_rewards(const std::vector<double>& rewards) {
  std::vector<double> gaps;
  for (size_t i = 0; i < rewards.size(); ++i) {
    for (size_t j = i + 1; j < rewards.size(); ++j) gaps.push_back(rewards[i] - rewards[j]);
  }
  return gaps;
}

std::vector<double> gaps_of_table(const std::vector<double>& table, size_t size) {
  std::vector<double> gaps;
  for (size_t i = 0; i < size; ++i) {
    for (size_t j = i + 1; j < size; ++j) gaps.push_back(table[i * size + j]);
  }
  return gaps;
}

void compare_row(const json& row, const PreferenceTable& table, size_t k, Agreement& agreement) {
  const bool has_scores = row.contains("scores");
  if (!has_scores && !row.contains("rewards"))
    throw DataError(fmt::format("the record does not fit: row {}: neither scores nor rewards", k + 1));
  if (row.contains("rewards") && !table.rewards_M.defined() && !has_scores)
    throw DataError(
        fmt::format("the record does not fit: row {}: rewards, and this model has none; record scores", k + 1));
  if (const std::string damage = first_damage(table); !damage.empty())
    throw DataError(fmt::format("a score is not a number: row {}: {} is not finite; are the model's weights damaged?",
                                k + 1, damage));
  const size_t size = row.at("responses").size();
  if (has_scores) agreement.compare(row["scores"], table.scores_MM(), k);
  if (row.contains("rewards") && table.rewards_M.defined()) agreement.compare(row["rewards"], table.rewards_M, k);
  const std::vector<double> gaps = gaps_of_table(table_json(table.scores_MM()), size);
  agreement.compare_order(has_scores ? gaps_of_table(flat(row["scores"]), size) : gaps_of_rewards(flat(row["rewards"])),
                          gaps);
}

VerifyResult record(const std::string& path, const model::Reader& reader) {
  json rows = own_rows();
  for (json& row : rows) {
    const PreferenceTable table = table_of(reader, data::unlabelled_row(row));
    row["scores"] = table_json(table.scores_MM());
    if (table.rewards_M.defined()) row["rewards"] = table_json(table.rewards_M);
  }
  json record = {{"model_hash", model::weights_hash(reader.model())}};
  if (reader.policy().clock && reader.encoder().reads_clock()) record["clock"] = *reader.policy().clock;
  record["rows"] = rows;
  io::write_file(path, record.dump(2) + "\n");
  return {.rows = static_cast<int64_t>(rows.size())};
}

// Templates print objects in the order of their keys, so the record keeps its own.
json read_record(const std::string& path) {
  const io::MappedFile file(path);
  json record;
  const std::string fact = io::try_parse_json(io::without_bom(file.bytes()), record);
  if (!fact.empty()) throw DataError("cannot read the record: " + path + ": " + fact);
  return record;
}

// The time at which the scores of a record were made, -1 where it does not say.
int64_t clock_of(const json& reference, const std::string& path) {
  const auto found = reference.find("clock");
  if (found == reference.end() || found->is_null()) return -1;
  if (!found->is_number_integer() || found->get<int64_t>() < 0)
    throw DataError("cannot read the record: " + path + ": clock is no number of seconds since 1970");
  return found->get<int64_t>();
}

VerifyResult compare_rows(const json& reference, const VerifyConfig& config, const model::Reader& reader) {
  Agreement agreement;
  size_t compared = 0;
  try {
    const json& rows = reference.at("rows");
    for (; compared < rows.size(); ++compared)
      compare_row(rows[compared], table_of(reader, data::unlabelled_row(rows[compared])), compared, agreement);
  } catch (const json::exception& error) {
    throw DataError("cannot read the record: " + config.reference + ": " + error.what() +
                    "; rows need prompt, responses and scores or rewards");
  }
  if (agreement.numbers == 0) throw DataError("the record is empty: " + config.reference + "; nothing was compared");
  agreement.result.rows = static_cast<int64_t>(compared);
  agreement.result.is_within = agreement.result.largest <= config.tolerance;
  return agreement.result;
}

class Verification {
 public:
  Verification(const VerifyConfig& config, const Hooks& hooks)
      : config_(config), hooks_(hooks), device_(open_device(config.device)) {}

  VerifyResult record_scores() const { return record(config_.record, open(config_.text, text::local_clock())); }

  VerifyResult compare() const {
    const json reference = read_record(config_.reference);
    model::TextOverrides text = config_.text;
    if (text.clock < 0) text.clock = clock_of(reference, config_.reference);
    const model::Reader reader = open(text, std::nullopt);
    VerifyResult result = compare_rows(reference, config_, reader);
    if (!result.is_within) result.explanation = explain(reference, text, reader);
    return result;
  }

 private:
  model::Reader open(const model::TextOverrides& text, std::optional<int64_t> default_clock) const {
    const model::ReaderOptions options{
        .load = {.dtype = float_type(config_.dtype), .device = device_}, .text = text, .default_clock = default_clock};
    return open_reader(config_.directory, options, config_.process, hooks_);
  }

  // What else than the model may be different: the date, and where transformers and others part in reading the end.
  std::string explain(const json& reference, const model::TextOverrides& text, const model::Reader& reader) const {
    if (reader.encoder().reads_clock() && text.clock < 0) {
      return "the template writes the date, and the record does not say at which it was made: give its `clock`, or "
             "record it again";
    }
    const std::string pooling = reader.policy().pooling;
    const std::string other = pooling == text::kBeforePadding ? "sequence_end" : text::kBeforePadding;
    const bool may_differ = pooling == text::kBeforePadding || pooling == "sequence_end";
    if (!reader.policy().pad_id || !may_differ || reader.is_pairwise()) return "";
    model::TextOverrides changed = text;
    changed.pooling = other;
    if (!compare_rows(reference, config_, open(changed, std::nullopt)).is_within) return "";
    return fmt::format("the record agrees with `pooling` {}: the model reads {} here, and texts end in its pad token",
                       other, pooling);
  }

  const VerifyConfig& config_;
  const Hooks& hooks_;
  at::Device device_;
};

}  // namespace

void describe(FieldVisitor& v, VerifyConfig& c) {
  constexpr double kMostTolerance = 1e6;
  v.text("reference", c.reference, "recorded scores to compare with");
  v.text("record", c.record, "file to write the model's own scores to");
  describe(v, c.text);
  describe_device(v, c.device);
  describe_dtype(v, c.dtype);
  v.number("tolerance", c.tolerance, "largest difference allowed", 0.0, kMostTolerance);
}

VerifyResult verify(const VerifyConfig& config, const Hooks& hooks) {
  require_field(config.directory, "directory");
  if (config.reference.empty() == config.record.empty())
    throw ConfigError("verify what? give a `reference` to compare with, or a `record` to write");
  use_threads(config.process.threads);
  const Verification verification(config, hooks);
  return config.record.empty() ? verification.compare() : verification.record_scores();
}

}  // namespace rondo::runs
