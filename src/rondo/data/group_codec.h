// SPDX-License-Identifier: Apache-2.0
// A group as bytes, for the spool of a GroupStore: a head with the counts, then texts with their lengths, then the
// comparisons as they lie in memory (24 bytes each), at the end its rows. Decoding a 4 MB group takes about a
// millisecond.
//
// Only ever read by the process that wrote it: no versions, no byte order.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "rondo/core/group.h"

namespace rondo::data {

/// Repetitions among the comparisons of a group.
///   duplicates      comparisons whose pair has an equal verdict already
///   contradictions  pairs of which both sides have been preferred
struct Repetitions {
  int64_t duplicates = 0;
  int64_t contradictions = 0;
};

struct GroupHead {
  int64_t response_count = 0;
  int64_t comparison_count = 0;
  Repetitions repetitions;
  uint64_t row_bytes = 0;  // at the end of the record
  std::string source;
};

[[nodiscard]] std::string encode_group(const Group& group, const Repetitions& repetitions);
[[nodiscard]] Group decode_group(std::string_view bytes);
/// The head alone; `bytes` may be cut behind it. `complete` = false: it is longer than the view, nothing was read.
[[nodiscard]] GroupHead decode_head(std::string_view bytes, bool& complete);
/// The part of an encoded group that is its content: prompt, responses, comparisons.
[[nodiscard]] std::string_view content_bytes(std::string_view bytes);
/// Its rows, from the last GroupHead::row_bytes of the record.
[[nodiscard]] std::vector<SourceRow> decode_rows(std::string_view bytes);

}  // namespace rondo::data
