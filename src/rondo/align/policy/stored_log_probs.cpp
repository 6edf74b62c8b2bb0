// SPDX-License-Identifier: Apache-2.0
#include "rondo/align/policy/stored_log_probs.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include "rondo/base/error.h"
#include "rondo/base/hash.h"
#include "rondo/model/tensors.h"

namespace rondo::align {
namespace {

constexpr const char* kTensorName = "log_probs";
constexpr const char* kRemedy = "remove the file, and they are computed again";

}  // namespace

void StoredLogProbs::place(data::TokenSource& groups) {
  int64_t token = 0;
  for (int64_t g = 0; g < groups.size(); ++g) {
    first_response_.push_back(static_cast<int64_t>(first_token_.size()));
    for (const TokenResponse& r : groups.get(g)->responses) {
      first_token_.push_back(token);
      token += static_cast<int64_t>(r.ids.size()) - r.response_begin;
    }
  }
  first_token_.push_back(token);
}

StoredLogProbs::StoredLogProbs(const model::Model& policy, data::TokenSource& groups, int64_t token_budget,
                               const ProgressSink& progress) {
  place(groups);
  const at::NoGradGuard no_grad;
  const PackOptions options{.lm_targets = LmTargets::kAll};
  std::vector<Tensor> parts;
  for (int64_t first = 0; first < groups.size();) {
    std::vector<std::shared_ptr<const TokenGroup>> held;
    std::vector<GroupSelection> selections;
    int64_t tokens = 0, next = first;
    for (; next < groups.size(); ++next) {
      held.push_back(groups.get(next));
      GroupSelection selection = select_all(*held.back());
      tokens += token_cost(selection, options);
      if (next > first && tokens > token_budget) break;
      selections.push_back(std::move(selection));
    }
    parts.push_back(response_log_probs(policy, pack(selections, options).to(policy.device())).token_T.cpu());
    progress(next, groups.size(), "log-probabilities");
    first = next;
  }
  token_T_ = parts.empty() ? at::empty({0}) : at::cat(parts);
  add_up();
}

StoredLogProbs::StoredLogProbs(const std::filesystem::path& file, data::TokenSource& groups) {
  place(groups);
  token_T_ = model::read_tensors(file, kRemedy)[kTensorName];
  if (!token_T_.defined() || token_T_.sizes() != at::IntArrayRef{first_token_.back()}) {
    throw DataError("stored log-probabilities do not fit the responses: " + file.string() + "; " + kRemedy);
  }
  add_up();
}

void StoredLogProbs::add_up() {
  std::vector<Tensor> sums;
  for (size_t r = 0; r + 1 < first_token_.size(); ++r)
    sums.push_back(token_T_.narrow(0, first_token_[r], first_token_[r + 1] - first_token_[r]).sum());
  sum_R_ = sums.empty() ? at::empty({0}) : at::stack(sums);
}

int64_t StoredLogProbs::length(int64_t group, int64_t response) const {
  const auto place = static_cast<size_t>(first_response_[static_cast<size_t>(group)] + response);
  return first_token_[place + 1] - first_token_[place];
}

Tensor StoredLogProbs::tokens_T(int64_t group, std::span<const int64_t> responses) const {
  std::vector<Tensor> parts;
  for (const int64_t r : responses) {
    const auto place = static_cast<size_t>(first_response_[static_cast<size_t>(group)] + r);
    parts.push_back(token_T_.narrow(0, first_token_[place], length(group, r)));
  }
  return at::cat(parts);
}

Tensor StoredLogProbs::sums_K(int64_t group, std::span<const int64_t> responses) const {
  std::vector<int64_t> places;
  for (const int64_t r : responses) places.push_back(first_response_[static_cast<size_t>(group)] + r);
  return sum_R_.index_select(0, at::tensor(places));
}

void StoredLogProbs::save(const std::filesystem::path& file) const {
  const model::FileTensor whole{kTensorName, token_T_, token_T_.scalar_type()};
  model::write_tensors(file, {&whole, 1});
}

std::filesystem::path log_probs_file(const std::filesystem::path& folder, const std::string& policy_hash,
                                     const std::string& responses_hash) {
  constexpr size_t kNameDigits = 16;
  return folder / (sha256_hex(policy_hash + responses_hash).substr(0, kNameDigits) + ".safetensors");
}

}  // namespace rondo::align
