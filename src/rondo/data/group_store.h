// SPDX-License-Identifier: Apache-2.0
// Preference data of any size, held as groups with random access.
//
// Rows stream in, become groups (row_shapes.h) and are spooled in binary form to a nameless temporary file; memory
// holds 40 bytes per row while reading and 40 bytes per group afterwards. Rows with the same prompt in one source are
// one group (prompt_identity.h), which knows them (Group::rows); sources never merge. Groups stand in the order of
// their first row.
//
// A group itself is built in memory: 24 bytes per comparison, and twice that while its rows merge. 4,000 responses with
// all 8 million comparisons take about 200 MB in group(), 600 MB at most in reading.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "rondo/base/hash.h"
#include "rondo/base/log.h"
#include "rondo/core/group.h"

namespace rondo::data {

struct GroupHead;
class Spool;

/// A row that was not used, and why.
struct BadRow {
  std::string file;
  int64_t row = 0;
  std::string reason;
};

/// Bad rows are listed and nothing more; a store without groups is fine (`data check`).
inline constexpr int64_t kAnyBadRows = std::numeric_limits<int64_t>::max();

struct ReadOptions {
  std::vector<std::string> files = {};    // files, folders, "-"
  std::vector<std::string> renames = {};  // "question=prompt": the column `question` is read as `prompt`
  int64_t max_bad = 0;                    // more bad rows than this are a DataError
  bool allow_unlabelled = false;          // groups without comparisons are welcome (ranking)
  bool allow_items = false;               // rows that name items and hold no text are welcome (no model reads them)
  std::string spool_folder = "/tmp";
  std::function<void(const BadRow&)> on_bad_row = {};  // every one of them, as it is found
  ProgressSink progress = silent_progress();           // rows read, of an unknown number
};

/// What was read. Counts are exact; the list of bad rows ends after kKeptBadRows.
struct ReadReport {
  int64_t rows = 0;
  int64_t bad_rows = 0;
  std::vector<BadRow> first_bad_rows;
  std::map<std::string, int64_t> rows_of_shape;
  std::map<std::string, int64_t> unread_columns;  // columns that hold something nobody read, and in how many rows
  int64_t groups = 0;
  int64_t unlabelled_groups = 0;
  int64_t responses = 0;         // distinct inside their group
  int64_t merged_responses = 0;  // equal to an earlier one of their group
  int64_t comparisons = 0;
  int64_t ties = 0;              // p = 0.5
  int64_t self_comparisons = 0;  // between equal responses of one row: left out
  int64_t duplicates = 0;
  int64_t contradictions = 0;
};
inline constexpr size_t kKeptBadRows = 1000;

struct GroupInfo {
  int64_t response_count = 0;
  int64_t comparison_count = 0;
  std::string source;
};

class GroupStore {
 public:
  ~GroupStore();
  GroupStore(GroupStore&&) noexcept;
  GroupStore& operator=(GroupStore&&) noexcept;

  [[nodiscard]] int64_t size() const { return static_cast<int64_t>(entries_.size()); }
  /// The group in full. Safe from several threads at once, as everything here.
  [[nodiscard]] Group group(int64_t index) const;
  [[nodiscard]] GroupInfo info(int64_t index) const;
  /// The rows that became the group, in the order of the file: Group::rows without the rest.
  [[nodiscard]] std::vector<SourceRow> rows(int64_t index) const;
  /// From memory, without reading.
  [[nodiscard]] int64_t response_count(int64_t index) const { return entry(index).response_count; }
  [[nodiscard]] int64_t comparison_count(int64_t index) const { return entry(index).comparison_count; }
  [[nodiscard]] const ReadReport& report() const { return report_; }
  /// SHA-256 over prompts, responses and comparisons in order; ids, subsets and sources do not count. Reads all groups.
  [[nodiscard]] std::string content_hash() const;

 private:
  friend class GroupStoreBuilder;
  struct Entry {
    uint64_t position = 0;
    uint64_t bytes = 0;
    int64_t response_count = 0;
    int64_t comparison_count = 0;
  };
  GroupStore(std::unique_ptr<Spool> spool, std::vector<Entry> entries, ReadReport report);
  const Entry& entry(int64_t index) const;
  GroupHead head(const Entry& place) const;

  std::unique_ptr<Spool> spool_;
  std::vector<Entry> entries_;
  ReadReport report_;
};

/// Groups one by one, from anywhere: rows of files, self-play, tests.
class GroupStoreBuilder {
 public:
  explicit GroupStoreBuilder(const std::string& spool_folder);
  ~GroupStoreBuilder();

  /// Adds a group or a part of one; parts with equal prompt and equal `source_key` become one group.
  /// `place` names the row that it was in messages. Throws DataError where an index or a number is out of range.
  void add(Group&& group, std::string_view source_key, std::string place = {});
  /// Merges and counts. `report` brings what is known of the rows.
  [[nodiscard]] GroupStore finish(ReadReport report);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Reads data files. Throws DataError where more than `max_bad` rows are bad or no row is left, ConfigError where a
/// rename is malformed, ResourceError where a file or the temporary folder is unusable.
[[nodiscard]] GroupStore read_groups(const ReadOptions& options);

}  // namespace rondo::data
