// SPDX-License-Identifier: Apache-2.0
#include "rondo/align/self_play/labels.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <fmt/format.h>

#include <limits>

#include "rondo/base/error.h"
#include "rondo/data/group_rows.h"
#include "rondo/data/group_writer.h"

namespace rondo::align {
namespace {

void check_responses(const Group& group, const JudgedTexts& asked, const std::string& place) {
  bool is_same = group.responses.size() == asked.responses.size();
  for (size_t k = 0; is_same && k < asked.responses.size(); ++k)
    is_same = group.responses[k].content == asked.responses[k];
  if (is_same) return;
  throw DataError(
      fmt::format("labels of other responses: {}: {} responses, {} were asked for; a labelled row repeats "
                  "the responses that it was given, in their order",
                  place, group.responses.size(), asked.responses.size()));
}

Tensor table_of(const Group& group) {
  const auto count = static_cast<int64_t>(group.responses.size());
  Tensor table = at::full({count, count}, std::numeric_limits<double>::quiet_NaN(), at::kDouble);
  auto entry = table.accessor<double, 2>();
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t j = 0; j < count; ++j) {
      const bool is_same = group.responses[static_cast<size_t>(i)] == group.responses[static_cast<size_t>(j)];
      if (is_same) entry[i][j] = 0.5;
    }
  }
  for (const Comparison& c : group.comparisons) {
    entry[c.i][c.j] = c.p;
    entry[c.j][c.i] = 1 - static_cast<double>(c.p);
  }
  return table;
}

// Calls visit(group, what was asked, place) for every row of a reply, which must have one for each that was asked.
template <typename Visit>
void for_each_reply(const std::filesystem::path& path, std::span<const JudgedTexts> texts, const char* what,
                    const Visit& visit) {
  data::GroupRows rows({.files = {path.string()}, .allow_unlabelled = true});
  size_t count = 0;
  // A file without a row is an answer to nothing, which is said below.
  while (std::filesystem::file_size(path) > 0) {
    const std::optional<data::GroupRow> row = rows.next();
    if (!row) break;
    const std::string place = fmt::format("{}: row {}", path.string(), count + 1);
    if (count == texts.size())
      throw DataError(fmt::format("{} without a question: {}: write one row for each row that is read", what, place));
    visit(row->group, texts[count++], place);
  }
  if (count < texts.size())
    throw DataError(fmt::format("{} are missing: {}: {} rows for {} prompts; write one row for each row that is read",
                                what, path.string(), count, texts.size()));
}

}  // namespace

void write_unlabelled(const std::filesystem::path& path, std::span<const JudgedTexts> texts) {
  data::GroupWriter writer(path.string());
  for (const JudgedTexts& t : texts) {
    Group group{.prompt = *t.prompt, .responses = {}, .comparisons = {}, .id = "", .subset = "", .source = ""};
    for (const std::string& response : t.responses) group.responses.push_back({"assistant", response, ""});
    writer.write(group);
  }
  writer.commit();
}

std::vector<Tensor> read_labels(const std::filesystem::path& path, std::span<const JudgedTexts> texts) {
  std::vector<Tensor> tables;
  for_each_reply(path, texts, "labels", [&](const Group& group, const JudgedTexts& asked, const std::string& place) {
    check_responses(group, asked, place);
    tables.push_back(table_of(group));
  });
  return tables;
}

std::vector<JudgedTexts> read_answers(const std::filesystem::path& path, std::span<const JudgedTexts> texts) {
  std::vector<JudgedTexts> answers;
  for_each_reply(path, texts, "answers", [&](const Group& group, const JudgedTexts& asked, const std::string& place) {
    if (group.responses.size() != asked.responses.size())
      throw DataError(
          fmt::format("answers are missing: {}: {} of {} responses; an answered row has one for each, in "
                      "their order",
                      place, group.responses.size(), asked.responses.size()));
    JudgedTexts& answered = answers.emplace_back(JudgedTexts{.prompt = asked.prompt, .responses = {}});
    for (const Message& response : group.responses) answered.responses.push_back(response.content);
  });
  return answers;
}

}  // namespace rondo::align
