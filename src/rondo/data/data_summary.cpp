// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/data_summary.h"

#include <algorithm>
#include <numeric>

namespace rondo::data {

Spread spread_of(std::vector<int64_t> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  constexpr size_t kPercent = 95;
  return {.min = values.front(),
          .median = values[(values.size() - 1) / 2],
          .p95 = values[(values.size() - 1) * kPercent / 100],
          .max = values.back(),
          .sum = std::accumulate(values.begin(), values.end(), int64_t{0})};
}

int64_t character_count(std::string_view text) {
  // Continuation bytes are 10xxxxxx.
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
}

DataSummary summarize(const GroupStore& store, const ProgressSink& progress) {
  constexpr int64_t kProgressGroups = 4096;
  std::vector<int64_t> responses, comparisons, prompt_lengths, response_lengths;
  for (int64_t i = 0; i < store.size(); ++i) {
    const Group group = store.group(i);
    responses.push_back(static_cast<int64_t>(group.responses.size()));
    comparisons.push_back(static_cast<int64_t>(group.comparisons.size()));
    int64_t prompt_length = character_count(group.prompt.text);
    for (const Message& message : group.prompt.messages) prompt_length += character_count(message.content);
    prompt_lengths.push_back(prompt_length);
    for (const Message& response : group.responses) response_lengths.push_back(character_count(response.content));
    if (i % kProgressGroups == 0) progress(i, store.size(), "groups measured");
  }
  return {.responses_per_group = spread_of(std::move(responses)),
          .comparisons_per_group = spread_of(std::move(comparisons)),
          .prompt_characters = spread_of(std::move(prompt_lengths)),
          .response_characters = spread_of(std::move(response_lengths))};
}

}  // namespace rondo::data
