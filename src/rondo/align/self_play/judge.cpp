// SPDX-License-Identifier: Apache-2.0
#include "rondo/align/self_play/judge.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include "rondo/base/error.h"
#include "rondo/data/tokenise.h"
#include "rondo/model/scoring.h"
#include "rondo/model/tensors.h"

namespace rondo::align {
namespace {

// A member of Judgement in the file, of M prompts, K responses and A axes.
struct StoredMember {
  const char* name;
  Tensor Judgement::*member;
  std::string_view axes;
  bool is_needed;
};
constexpr StoredMember kStored[] = {{"mean_scores", &Judgement::mean_scores_K, "MK", true},
                                    {"scores", &Judgement::scores_KK, "MKK", true},
                                    {"transitive", &Judgement::transitive_K, "MK", true},
                                    {"axis_means", &Judgement::axis_means_KA, "MKA", false},
                                    {"axis_weights", &Judgement::axis_weights_A, "MA", false}};
constexpr const char* kTau = "tau";
constexpr const char* kRemedy = "remove the file, and it is made again";

// Groups that are tokenised at a time; batches are cut by tokens inside.
constexpr size_t kGroupsInMemory = 256;

TokenGroup judged_group(const model::Reader& judge, const JudgedTexts& texts, size_t index) {
  Group group{.prompt = *texts.prompt, .responses = {}, .comparisons = {}, .id = "", .subset = "", .source = ""};
  for (const std::string& response : texts.responses) group.responses.push_back({"assistant", response, ""});
  constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();
  data::Overlong overlong;
  TokenGroup tokens =
      data::token_group(group, judge.encoder(), {.max_length = kNoLimit, .needs_gate = judge.model().needs_gate()},
                        fmt::format("{}: prompt {}", judge.directory(), index + 1), overlong);
  for (int64_t k = 0; k < tokens.sequence_count(); ++k) {
    const auto length = static_cast<int64_t>(tokens.sequence(k).ids.size());
    if (length <= judge.max_length()) continue;
    throw DataError(fmt::format(
        "a response is too long for the judge: prompt {}, {} {}: {} tokens, {} takes {}; lower `max_new_tokens`",
        index + 1, tokens.is_pairwise ? "pair" : "response", k + 1, length, judge.directory(), judge.max_length()));
  }
  return tokens;
}

JudgedGroup verdict(const model::Reader& judge, const PreferenceTable& table, size_t index) {
  try {
    return align::judge(table, judge.tau());
  } catch (const ModelError& error) {
    throw DataError(fmt::format("the judge's scores are not finite: {}: prompt {}: {}", judge.directory(), index + 1,
                                error.what()));
  }
}

// One tensor of all prompts for each member that is there.
std::vector<model::FileTensor> stacked(std::span<const Judgement> judged) {
  std::vector<double> taus;
  for (const Judgement& j : judged) taus.push_back(j.tau);
  std::vector<model::FileTensor> tensors{{kTau, at::tensor(taus, at::kDouble), at::kDouble}};
  for (const StoredMember& stored : kStored) {
    if (!(judged.front().*stored.member).defined()) continue;
    std::vector<Tensor> prompts;
    for (const Judgement& j : judged) prompts.push_back(j.*stored.member);
    tensors.push_back({stored.name, at::stack(prompts), at::kFloat});
  }
  return tensors;
}

bool has_shape(at::IntArrayRef shape, std::string_view axes, int64_t prompts, int64_t responses) {
  bool fits = shape.size() == axes.size();
  for (size_t d = 0; fits && d < axes.size(); ++d)
    fits = axes[d] == 'A' || shape[d] == (axes[d] == 'M' ? prompts : responses);
  return fits;
}

}  // namespace

std::vector<JudgedGroup> judge_texts(const model::Reader& judge, std::span<const JudgedTexts> texts,
                                     const JudgingOptions& options) {
  std::vector<JudgedGroup> judged;
  model::ScoringCost cost;
  for (size_t first = 0; first < texts.size(); first += kGroupsInMemory) {
    std::vector<TokenGroup> groups;
    std::vector<const TokenGroup*> pointers;
    for (size_t g = first; g < std::min(texts.size(), first + kGroupsInMemory); ++g)
      groups.push_back(judged_group(judge, texts[g], g));
    for (const TokenGroup& group : groups) pointers.push_back(&group);
    const std::vector<PreferenceTable> tables =
        model::score_groups(judge.model(), pointers, {.token_budget = options.token_budget}, cost);
    for (size_t k = 0; k < groups.size(); ++k)
      judged.push_back(verdict(judge, tables[k].of_responses(groups[k].places), judged.size()));
    options.progress(static_cast<int64_t>(judged.size()), static_cast<int64_t>(texts.size()), "judging");
  }
  return judged;
}

std::vector<Tensor> judge_probabilities(const model::Reader& judge, std::span<const JudgedTexts> texts,
                                        const JudgingOptions& options) {
  std::vector<Tensor> probabilities;
  for (JudgedGroup& group : judge_texts(judge, texts, options))
    probabilities.push_back(std::move(group.probabilities_KK));
  return probabilities;
}

void write_judgements(const std::filesystem::path& path, std::span<const Judgement> judged) {
  model::write_tensors(path, stacked(judged));
}

std::vector<Judgement> read_judgements(const std::filesystem::path& path, int64_t prompts, int64_t responses) {
  std::map<std::string, Tensor> tensors = model::read_tensors(path, kRemedy);
  const auto tensor = [&](const char* name, std::string_view axes, at::ScalarType type, bool is_needed) {
    const Tensor& found = tensors[name];
    if (!found.defined() && !is_needed) return found;
    if (found.defined() && found.scalar_type() == type && has_shape(found.sizes(), axes, prompts, responses))
      return found;
    throw DataError(fmt::format(
        "judgements do not fit the samples: {}: '{}' {}, the samples are {} prompts with {} responses each; {}",
        path.string(), name, found.defined() ? "has another shape or type" : "is missing", prompts, responses,
        kRemedy));
  };
  std::vector<Judgement> judged(static_cast<size_t>(prompts));
  const Tensor tau_M = tensor(kTau, "M", at::kDouble, /*is_needed=*/true);
  for (int64_t m = 0; m < prompts; ++m) judged[static_cast<size_t>(m)].tau = tau_M[m].item<double>();
  for (const StoredMember& stored : kStored) {
    const Tensor all = tensor(stored.name, stored.axes, at::kFloat, stored.is_needed);
    for (int64_t m = 0; all.defined() && m < prompts; ++m) judged[static_cast<size_t>(m)].*stored.member = all[m];
  }
  return judged;
}

}  // namespace rondo::align
