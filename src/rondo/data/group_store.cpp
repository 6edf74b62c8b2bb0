// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/group_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <numeric>
#include <span>

#include "rondo/base/error.h"
#include "rondo/data/group_codec.h"
#include "rondo/data/group_merge.h"
#include "rondo/data/prompt_identity.h"
#include "rondo/data/spool.h"

namespace rondo::data {
namespace {

// One record of the spool, before merging.
struct Part {
  Hash128 key{};
  uint64_t position = 0;
  uint64_t bytes = 0;
  uint32_t response_count = 0;
  uint32_t comparison_count = 0;
};

// A group is one row unless it says otherwise.
SourceRow only_row(const Group& group, int64_t number, std::string place) {
  SourceRow row{.number = number,
                .place = std::move(place),
                .id = group.id,
                .subset = group.subset,
                .responses = std::vector<int32_t>(group.responses.size()),
                .comparison_end = std::ssize(group.comparisons)};
  std::iota(row.responses.begin(), row.responses.end(), 0);
  return row;
}

void check_comparisons(const Group& group) {
  const auto count = static_cast<int64_t>(group.responses.size());
  for (const Comparison& c : group.comparisons) {
    const bool indices = c.i >= 0 && c.j >= 0 && c.i < count && c.j < count && c.i != c.j;
    const bool numbers = c.p >= 0 && c.p <= 1 && c.tie >= 0 && c.tie <= 1 && c.weight > 0 && std::isfinite(c.weight) &&
                         std::isfinite(c.margin);
    if (!indices || !numbers) {
      throw DataError(fmt::format("comparison ({}, {}) p={} tie={} weight={} margin={} is out of range", c.i, c.j, c.p,
                                  c.tie, c.weight, c.margin));
    }
  }
}

}  // namespace

GroupStore::GroupStore(std::unique_ptr<Spool> spool, std::vector<Entry> entries, ReadReport report)
    : spool_(std::move(spool)), entries_(std::move(entries)), report_(std::move(report)) {}
GroupStore::~GroupStore() = default;
GroupStore::GroupStore(GroupStore&&) noexcept = default;
GroupStore& GroupStore::operator=(GroupStore&&) noexcept = default;

const GroupStore::Entry& GroupStore::entry(int64_t index) const {
  RONDO_ASSERT(index >= 0 && index < size(), "a group index lies in the store");
  return entries_[static_cast<size_t>(index)];
}

Group GroupStore::group(int64_t index) const {
  const Entry& place = entry(index);
  return decode_group(spool_->read(place.position, place.bytes));
}

GroupHead GroupStore::head(const Entry& place) const {
  constexpr uint64_t kUsualHead = 512;
  bool complete = false;
  GroupHead head = decode_head(spool_->read(place.position, std::min(place.bytes, kUsualHead)), complete);
  if (!complete) head = decode_head(spool_->read(place.position, place.bytes), complete);
  return head;
}

GroupInfo GroupStore::info(int64_t index) const {
  GroupHead head = this->head(entry(index));
  return {head.response_count, head.comparison_count, std::move(head.source)};
}

std::vector<SourceRow> GroupStore::rows(int64_t index) const {
  const Entry& place = entry(index);
  const uint64_t bytes = head(place).row_bytes;
  return decode_rows(spool_->read(place.position + place.bytes - bytes, bytes));
}

std::string GroupStore::content_hash() const {
  Sha256 hash;
  for (const Entry& place : entries_) {
    const std::string record = spool_->read(place.position, place.bytes);
    const std::string_view content = content_bytes(record);
    // The length keeps apart what two neighbours could share.
    hash.update(std::to_string(content.size()) + ":");
    hash.update(content);
  }
  return hash.hex();
}

struct GroupStoreBuilder::State {
  explicit State(const std::string& folder) : spool(std::make_unique<Spool>(folder)) {}

  void count(const GroupStore::Entry& entry, const Repetitions& repetitions);
  GroupStore::Entry store(const Group& group);
  GroupStore::Entry merge(std::span<const uint32_t> members);
  GroupStore::Entry keep(const Part& part);

  std::unique_ptr<Spool> spool;
  std::deque<Part> parts;  // grows without a copy of itself
  ReadReport report;
};

GroupStoreBuilder::GroupStoreBuilder(const std::string& spool_folder) : state_(std::make_unique<State>(spool_folder)) {}
GroupStoreBuilder::~GroupStoreBuilder() = default;

void GroupStoreBuilder::add(Group&& group, std::string_view source_key, std::string place) {
  if (group.responses.empty()) throw DataError("there is no response");
  check_comparisons(group);
  const Hash128 key = group_identity(prompt_identity(group.prompt), source_key);
  ReadReport& report = state_->report;
  report.merged_responses += static_cast<int64_t>(group.responses.size());
  if (group.rows.empty()) group.rows.push_back(only_row(group, std::ssize(state_->parts), std::move(place)));
  GroupMerger merger;
  merger.add(std::move(group));
  report.self_comparisons += merger.self_comparisons();
  const Group clean = merger.take();
  report.ties += std::count_if(clean.comparisons.begin(), clean.comparisons.end(),
                               [](const Comparison& c) { return c.p == 0.5F; });
  const std::string record = encode_group(clean, count_repetitions(clean.comparisons));
  state_->parts.push_back({.key = key,
                           .position = state_->spool->append(record),
                           .bytes = record.size(),
                           .response_count = static_cast<uint32_t>(clean.responses.size()),
                           .comparison_count = static_cast<uint32_t>(clean.comparisons.size())});
}

void GroupStoreBuilder::State::count(const GroupStore::Entry& entry, const Repetitions& repetitions) {
  report.responses += entry.response_count;
  report.comparisons += entry.comparison_count;
  report.unlabelled_groups += entry.comparison_count == 0 ? 1 : 0;
  report.duplicates += repetitions.duplicates;
  report.contradictions += repetitions.contradictions;
}

GroupStore::Entry GroupStoreBuilder::State::keep(const Part& part) {
  const GroupStore::Entry entry{part.position, part.bytes, part.response_count, part.comparison_count};
  Repetitions repetitions;
  if (part.comparison_count > 1) {
    bool complete = false;
    repetitions = decode_head(spool->read(part.position, part.bytes), complete).repetitions;
  }
  count(entry, repetitions);
  return entry;
}

GroupStore::Entry GroupStoreBuilder::State::merge(std::span<const uint32_t> members) {
  GroupMerger merger;
  for (const uint32_t member : members) {
    merger.add(decode_group(spool->read(parts[member].position, parts[member].bytes)));
  }
  const Group group = merger.take();
  const Repetitions repetitions = count_repetitions(group.comparisons);
  const std::string record = encode_group(group, repetitions);
  const GroupStore::Entry entry{spool->append(record), record.size(), static_cast<int64_t>(group.responses.size()),
                                static_cast<int64_t>(group.comparisons.size())};
  spool->flush();
  count(entry, repetitions);
  return entry;
}

GroupStore GroupStoreBuilder::finish(ReadReport report) {
  State& s = *state_;
  RONDO_ASSERT(s.parts.size() < std::numeric_limits<uint32_t>::max(), "rows are numbered in 32 bits");
  s.spool->flush();
  std::vector<uint32_t> order(s.parts.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(),
            [&](uint32_t a, uint32_t b) { return std::pair(s.parts[a].key, a) < std::pair(s.parts[b].key, b); });
  // Runs of equal keys, in the order of their first rows.
  std::vector<std::pair<uint32_t, uint32_t>> runs;
  for (uint32_t begin = 0; begin < order.size();) {
    uint32_t end = begin + 1;
    while (end < order.size() && s.parts[order[end]].key == s.parts[order[begin]].key) ++end;
    runs.emplace_back(begin, end - begin);
    begin = end;
  }
  std::sort(runs.begin(), runs.end(), [&](const auto& a, const auto& b) { return order[a.first] < order[b.first]; });
  std::vector<GroupStore::Entry> entries;
  entries.reserve(runs.size());
  for (const auto& [begin, count] : runs) {
    const std::span<const uint32_t> members(order.data() + begin, count);
    entries.push_back(count == 1 ? s.keep(s.parts[members[0]]) : s.merge(members));
  }
  s.report.groups = static_cast<int64_t>(entries.size());
  s.report.merged_responses -= s.report.responses;
  s.report.rows = report.rows;
  s.report.bad_rows = report.bad_rows;
  s.report.first_bad_rows = std::move(report.first_bad_rows);
  s.report.rows_of_shape = std::move(report.rows_of_shape);
  s.report.unread_columns = std::move(report.unread_columns);
  return {std::move(s.spool), std::move(entries), std::move(s.report)};
}

}  // namespace rondo::data
