// SPDX-License-Identifier: Apache-2.0
// A preference model as the judge of a policy: it reads the text of responses through its own tokenizer and template,
// every response once (a pairwise model: every ordered pair).
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "rondo/align/judging/judging.h"
#include "rondo/base/log.h"
#include "rondo/model/reader.h"

namespace rondo::align {

/// Responses to one prompt, as text.
struct JudgedTexts {
  const Prompt* prompt = nullptr;
  std::vector<std::string> responses;
};

struct JudgingOptions {
  int64_t token_budget = 16384;
  ProgressSink progress = silent_progress();
};

/// One verdict a prompt. Throws DataError where a response is too long for the judge
/// or a score is not a finite number.
std::vector<JudgedGroup> judge_texts(const model::Reader& judge, std::span<const JudgedTexts> texts,
                                     const JudgingOptions& options);

/// P(i over j) of every prompt, [M, M].
std::vector<Tensor> judge_probabilities(const model::Reader& judge, std::span<const JudgedTexts> texts,
                                        const JudgingOptions& options);

/// A safetensors file of all M prompts with K responses each: `mean_scores` [M, K], `scores` [M, K, K], `transitive`
/// [M, K], `tau` [M] and, where the judge has axes, `axis_means` [M, K, A] and `axis_weights` [M, A]. Reading throws
/// DataError where the file is damaged, or a tensor is missing or of other samples.
void write_judgements(const std::filesystem::path& path, std::span<const Judgement> judged);
std::vector<Judgement> read_judgements(const std::filesystem::path& path, int64_t prompts, int64_t responses);

}  // namespace rondo::align
