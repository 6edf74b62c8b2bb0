// SPDX-License-Identifier: Apache-2.0
#include "rondo/align/self_play/judge.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/core/numbers.h"
#include "rondo/data/tokenise.h"
#include "rondo/eval/scoring.h"
#include "rondo/io/atomic_file.h"
#include "rondo/text/text_rows.h"

namespace rondo::align {
namespace {

using Json = nlohmann::ordered_json;

// Groups that are tokenised at a time; batches are cut by tokens inside.
constexpr size_t kGroupsInMemory = 256;

TokenGroup judged_group(const Judge& judge, const JudgedTexts& texts, size_t index) {
  Group group{.prompt = *texts.prompt, .responses = {}, .comparisons = {}, .id = "", .subset = "", .source = ""};
  for (const std::string& response : texts.responses) group.responses.push_back({"assistant", response, ""});
  constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();
  data::Overlong overlong;
  TokenGroup tokens = data::token_group(group, *judge.encoder, {.max_length = kNoLimit},
                                        fmt::format("{}: prompt {}", judge.name, index + 1), overlong);
  for (int64_t k = 0; k < tokens.sequence_count(); ++k) {
    const auto length = static_cast<int64_t>(tokens.sequence(k).ids.size());
    if (length <= judge.model->max_length()) continue;
    throw DataError(fmt::format(
        "a response is too long for the judge: prompt {}, {} {}: {} tokens, {} takes {}; lower --max-new-tokens",
        index + 1, tokens.is_pairwise ? "pair" : "response", k + 1, length, judge.name, judge.model->max_length()));
  }
  return tokens;
}

JudgedGroup verdict(const Judge& judge, const PreferenceTable& table, size_t index) {
  try {
    return align::judge(table, judge.tau());
  } catch (const ModelError& error) {
    throw DataError(
        fmt::format("the judge's scores are not finite: {}: prompt {}: {}", judge.name, index + 1, error.what()));
  }
}

Tensor tensor_of(const Json& list) { return at::tensor(list.get<std::vector<double>>()).to(at::kFloat); }

Tensor table_of(const Json& rows) {
  std::vector<Tensor> lines;
  for (const Json& row : rows) lines.push_back(tensor_of(row));
  return at::stack(lines);
}

}  // namespace

std::vector<JudgedGroup> judge_texts(const Judge& judge, std::span<const JudgedTexts> texts,
                                     const JudgingOptions& options) {
  std::vector<JudgedGroup> judged;
  eval::ScoringCost cost;
  for (size_t first = 0; first < texts.size(); first += kGroupsInMemory) {
    std::vector<TokenGroup> groups;
    std::vector<const TokenGroup*> pointers;
    for (size_t g = first; g < std::min(texts.size(), first + kGroupsInMemory); ++g)
      groups.push_back(judged_group(judge, texts[g], g));
    for (const TokenGroup& group : groups) pointers.push_back(&group);
    const std::vector<PreferenceTable> tables =
        eval::score_groups(*judge.model, pointers, {.token_budget = options.token_budget}, cost);
    for (const PreferenceTable& table : tables) judged.push_back(verdict(judge, table, judged.size()));
    options.progress(static_cast<int64_t>(judged.size()), static_cast<int64_t>(texts.size()), "judging");
  }
  return judged;
}

std::vector<Tensor> judge_probabilities(const Judge& judge, std::span<const JudgedTexts> texts,
                                        const JudgingOptions& options) {
  std::vector<Tensor> probabilities;
  for (JudgedGroup& group : judge_texts(judge, texts, options))
    probabilities.push_back(std::move(group.probabilities_KK));
  return probabilities;
}

void write_judgements(const std::filesystem::path& path, std::span<const Judgement> judged) {
  io::AtomicFile file(path);
  for (const Judgement& j : judged) {
    Json row;
    row["mean_scores"] = to_numbers(j.mean_scores_K);
    row["scores"] = to_number_rows(j.scores_KK);
    row["transitive"] = to_numbers(j.transitive_K);
    row["tau"] = j.tau;
    if (j.axis_means_KA.defined()) row["axis_means"] = to_number_rows(j.axis_means_KA);
    if (j.axis_weights_A.defined()) row["axis_weights"] = to_numbers(j.axis_weights_A);
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
