// SPDX-License-Identifier: Apache-2.0
#include "rondo/align/self_play/judge.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/data/token_store.h"
#include "rondo/io/atomic_file.h"
#include "rondo/text/text_rows.h"

namespace rondo::align {
namespace {

using Json = nlohmann::ordered_json;

// Groups that are tokenised at a time; batches are cut by tokens inside.
constexpr size_t kGroupsInMemory = 256;

TokenGroup judged_group(const Judge& judge, const JudgedTexts& texts, size_t index) {
  std::vector<Message> messages;
  for (const std::string& response : texts.responses) messages.push_back({"assistant", response, ""});
  TokenGroup group;
  int64_t gate_tokens = -1;
  for (const text::EncodedResponse& encoded : judge.encoder->encode_all(*texts.prompt, messages)) {
    group.responses.push_back(data::token_response(encoded, judge.encoder->policy().pooling));
    gate_tokens = gate_tokens < 0 ? encoded.gate_tokens : std::min(gate_tokens, encoded.gate_tokens);
    const auto length = static_cast<int64_t>(encoded.ids.size());
    if (length > judge.model->max_length()) {
      throw DataError(
          fmt::format("a response is too long for the judge: prompt {}, response {}: {} tokens, {} takes {}; lower "
                      "--max-new-tokens",
                      index + 1, group.responses.size(), length, judge.name, judge.model->max_length()));
    }
  }
  group.gate_pos = gate_tokens - 1;
  return group;
}

void check_finite(const Judge& judge, const PreferenceTable& table, size_t index) {
  if (at::isfinite(table.scores_MM()).all().item<bool>()) return;
  throw DataError(
      fmt::format("the judge's scores are not finite: {}: prompt {}; `rondo verify {}` tells whether its "
                  "weights are sound",
                  judge.name, index + 1, judge.name));
}

std::vector<double> numbers(const Tensor& values) {
  const Tensor flat = values.to(at::kDouble).contiguous().view({-1});
  return {flat.const_data_ptr<double>(), flat.const_data_ptr<double>() + flat.numel()};
}

Json rows_of(const Tensor& table) {
  Json rows = Json::array();
  for (int64_t i = 0; i < table.size(0); ++i) rows.push_back(numbers(table[i]));
  return rows;
}

Tensor tensor_of(const Json& list) { return at::tensor(list.get<std::vector<double>>()).to(at::kFloat); }

Tensor table_of(const Json& rows) {
  std::vector<Tensor> lines;
  for (const Json& row : rows) lines.push_back(tensor_of(row));
  return at::stack(lines);
}

}  // namespace

std::vector<PreferenceTable> judge_tables(const Judge& judge, std::span<const JudgedTexts> texts,
                                          const JudgingOptions& options, eval::ScoringCost& cost) {
  std::vector<PreferenceTable> tables;
  for (size_t first = 0; first < texts.size(); first += kGroupsInMemory) {
    std::vector<TokenGroup> groups;
    std::vector<const TokenGroup*> pointers;
    for (size_t g = first; g < std::min(texts.size(), first + kGroupsInMemory); ++g)
      groups.push_back(judged_group(judge, texts[g], g));
    for (const TokenGroup& group : groups) pointers.push_back(&group);
    for (PreferenceTable& table :
         eval::score_groups(*judge.model, pointers, {.token_budget = options.token_budget}, cost)) {
      check_finite(judge, table, tables.size());
      tables.push_back(std::move(table));
    }
    options.progress(static_cast<int64_t>(tables.size()), static_cast<int64_t>(texts.size()), "judging");
  }
  return tables;
}

std::vector<Tensor> judge_probabilities(const Judge& judge, std::span<const JudgedTexts> texts,
                                        const JudgingOptions& options) {
  eval::ScoringCost cost;
  std::vector<Tensor> probabilities;
  for (const PreferenceTable& table : judge_tables(judge, texts, options, cost))
    probabilities.push_back(at::sigmoid(table.scores_MM() / judge.tau()));
  return probabilities;
}

void write_judgements(const std::filesystem::path& path, std::span<const Judgement> judged) {
  io::AtomicFile file(path);
  for (const Judgement& j : judged) {
    Json row;
    row["mean_scores"] = numbers(j.mean_scores_K);
    row["scores"] = rows_of(j.scores_KK);
    row["transitive"] = numbers(j.transitive_K);
    row["tau"] = j.tau;
    if (j.axis_means_KA.defined()) row["axis_means"] = rows_of(j.axis_means_KA);
    if (j.axis_weights_A.defined()) row["axis_weights"] = numbers(j.axis_weights_A);
    file.write(row.dump() + "\n");
  }
  file.commit();
}

std::vector<Judgement> read_judgements(const std::filesystem::path& path, size_t groups) {
  std::vector<Judgement> judged;
  text::for_each_line(path.string(), [&](const Json& row) {
    try {
      Judgement& j = judged.emplace_back();
      j.mean_scores_K = tensor_of(row.at("mean_scores"));
      j.scores_KK = table_of(row.at("scores"));
      j.transitive_K = tensor_of(row.at("transitive"));
      j.tau = row.at("tau");
      if (row.contains("axis_means")) j.axis_means_KA = table_of(row["axis_means"]);
      if (row.contains("axis_weights")) j.axis_weights_A = tensor_of(row["axis_weights"]);
    } catch (const nlohmann::json::exception& error) {
      throw DataError("a judgement is damaged: " + path.string() + ": " + error.what() +
                      "; remove the file, and it is made again");
    }
  });
  if (judged.size() != groups) {
    throw DataError(
        fmt::format("judgements of other samples: {}: {} rows for {} prompts; remove the file, and it is "
                    "made again",
                    path.string(), judged.size(), groups));
  }
  return judged;
}

}  // namespace rondo::align
