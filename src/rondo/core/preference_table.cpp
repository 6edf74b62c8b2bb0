// SPDX-License-Identifier: Apache-2.0
#include "rondo/core/preference_table.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/logaddexp.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <map>
#include <utility>

#include "rondo/base/error.h"

namespace rondo {
namespace {

// Planes hold coordinates (2l, 2l + 1).
Tensor even(const Tensor& x_E) { return x_E.slice(-1, 0, x_E.size(-1), 2); }
Tensor odd(const Tensor& x_E) { return x_E.slice(-1, 1, x_E.size(-1), 2); }

// U - U' is skew to the last bit whatever the product's rounding.
Tensor skew_product(const Tensor& v_ME, const Tensor& gate_P) {
  Tensor weighted_MP = even(v_ME);
  if (gate_P.defined()) weighted_MP = weighted_MP * gate_P.unsqueeze(-2);
  const Tensor u_MM = at::matmul(weighted_MP, odd(v_ME).transpose(-1, -2));
  return u_MM - u_MM.transpose(-1, -2);
}

// Responses that are the same take the numbers of the first: products in blocks round by position.
Tensor tied_M(const Tensor& x_M, const Tensor& same_M) {
  return same_M.defined() ? x_M.index_select(-1, same_M.to(x_M.device())) : x_M;
}
Tensor tied_MM(const Tensor& x_MM, const Tensor& same_M) {
  if (!same_M.defined()) return x_MM;
  const Tensor same = same_M.to(x_MM.device());
  return x_MM.index_select(-2, same).index_select(-1, same);
}

}  // namespace

Tensor skew_against(const Tensor& embeddings_ME, const Tensor& mean_E, const Tensor& gate_P) {
  Tensor even_P = even(mean_E), odd_P = odd(mean_E);
  if (gate_P.defined()) {
    even_P = even_P * gate_P;
    odd_P = odd_P * gate_P;
  }
  return (even(embeddings_ME) * odd_P.unsqueeze(-2) - odd(embeddings_ME) * even_P.unsqueeze(-2)).sum(-1);
}

int64_t PreferenceTable::response_count() const {
  if (pairwise_MM.defined()) return pairwise_MM.size(-1);
  RONDO_ASSERT(rewards_M.defined() || embeddings_ME.defined(), "a table needs rewards or embeddings");
  return rewards_M.defined() ? rewards_M.size(-1) : embeddings_ME.size(-2);
}

PreferenceTable PreferenceTable::of_responses(std::span<const int64_t> places) const {
  RONDO_ASSERT(!same_M.defined(), "responses are chosen from those that differ");
  std::vector<int64_t> same(places.size());
  std::map<int64_t, int64_t> first;
  for (size_t r = 0; r < places.size(); ++r) same[r] = first.emplace(places[r], static_cast<int64_t>(r)).first->second;
  const auto as_index = [](std::span<const int64_t> x) { return at::tensor(x, at::TensorOptions().dtype(at::kLong)); };
  const auto chosen = [places_M = as_index(places)](const Tensor& x, int64_t dim) {
    return x.defined() ? x.index_select(dim, places_M.to(x.device())) : x;
  };
  return {.rewards_M = chosen(rewards_M, -1),
          .embeddings_ME = chosen(embeddings_ME, -2),
          .gate_P = gate_P,
          .pairwise_MM = chosen(chosen(pairwise_MM, -1), -2),
          .same_M = first.size() < places.size() ? as_index(same) : Tensor()};
}

std::string first_damage(const PreferenceTable& table) {
  const auto damaged_row = [](const Tensor& part) -> int64_t {
    if (!part.defined() || at::isfinite(part).all().item<bool>()) return -1;
    for (int64_t i = 0; i < part.size(0); ++i) {
      if (!at::isfinite(part[i]).all().item<bool>()) return i;
    }
    return -1;
  };
  const std::pair<const char*, Tensor> parts[] = {
      {"reward", table.rewards_M}, {"embedding", table.embeddings_ME}, {"score", table.pairwise_MM}};
  for (const auto& [name, part] : parts) {
    if (const int64_t row = damaged_row(part); row >= 0)
      return fmt::format("response {} of {}: its {}", row + 1, part.size(0), name);
  }
  if (damaged_row(table.gate_P) >= 0) return "the prompt: its gate";
  const bool is_empty = !table.rewards_M.defined() && !table.embeddings_ME.defined() && !table.pairwise_MM.defined();
  if (is_empty) return "";
  // Finite parts may overflow in their product.
  const int64_t row = damaged_row(table.scores_MM());
  return row < 0 ? "" : fmt::format("response {} of {}: its score", row + 1, table.response_count());
}

Tensor average_orders(const Tensor& logits_MM, OrderAverage average, double tau) {
  if (average == OrderAverage::kScores) return (logits_MM - logits_MM.transpose(-1, -2)) / 2;
  // Log-odds of (sigmoid(a) + sigmoid(b)) / 2 without leaving log space, where probabilities near 1 would round.
  const Tensor a_MM = logits_MM / tau, b_MM = -a_MM.transpose(-1, -2);
  const Tensor log_odds_MM = at::logaddexp(at::log_sigmoid(a_MM), at::log_sigmoid(b_MM)) -
                             at::logaddexp(at::log_sigmoid(-a_MM), at::log_sigmoid(-b_MM));
  return tau * (log_odds_MM - log_odds_MM.transpose(-1, -2)) / 2;
}

Tensor PreferenceTable::scores_MM() const {
  if (pairwise_MM.defined()) return tied_MM(pairwise_MM, same_M);
  RONDO_ASSERT(rewards_M.defined() || embeddings_ME.defined(), "a table needs rewards or embeddings");
  Tensor scores_MM;
  if (rewards_M.defined()) scores_MM = rewards_M.unsqueeze(-1) - rewards_M.unsqueeze(-2);
  if (embeddings_ME.defined()) {
    const Tensor skew_MM = skew_product(embeddings_ME, gate_P);
    scores_MM = scores_MM.defined() ? scores_MM + skew_MM : skew_MM;
  }
  return tied_MM(scores_MM, same_M);
}

Tensor PreferenceTable::mean_scores_with_self_M() const {
  if (pairwise_MM.defined()) return tied_M(pairwise_MM.mean(-1), same_M);
  Tensor mean_M;
  if (rewards_M.defined()) mean_M = rewards_M - rewards_M.mean(-1, /*keepdim=*/true);
  if (embeddings_ME.defined()) {
    const Tensor skew_M = skew_against(embeddings_ME, embeddings_ME.mean(-2), gate_P);
    mean_M = mean_M.defined() ? mean_M + skew_M : skew_M;
  }
  return tied_M(mean_M, same_M);
}

Tensor PreferenceTable::mean_scores_M() const {
  // s(i,i) = 0, so leaving i out only changes the divisor.
  const Tensor with_self_M = mean_scores_with_self_M();
  const auto count = static_cast<double>(with_self_M.size(-1));
  return count > 1 ? with_self_M * (count / (count - 1)) : with_self_M * 0;
}

Tensor PreferenceTable::transitive_M() const {
  if (pairwise_MM.defined()) return tied_M(pairwise_MM.mean(-1), same_M);
  if (!embeddings_ME.defined()) return rewards_M;
  const Tensor f_M = tied_M(skew_against(embeddings_ME, embeddings_ME.mean(-2), gate_P), same_M);
  return rewards_M.defined() ? rewards_M + f_M : f_M;
}

Tensor PreferenceTable::cyclic_MM() const {
  if (pairwise_MM.defined()) {
    const Tensor mean_M = pairwise_MM.mean(-1);
    return tied_MM(pairwise_MM - (mean_M.unsqueeze(-1) - mean_M.unsqueeze(-2)), same_M);
  }
  if (!embeddings_ME.defined()) return scores_MM() * 0;
  return tied_MM(skew_product(embeddings_ME - embeddings_ME.mean(-2, /*keepdim=*/true), gate_P), same_M);
}

Tensor PreferenceTable::scores_ordered_MM() const {
  if (pairwise_MM.defined()) return scores_MM();
  Tensor total_MM;
  if (rewards_M.defined()) total_MM = rewards_M.unsqueeze(-1) - rewards_M.unsqueeze(-2);
  // Plane by plane with single-rounding operators: no blocking that depends on M. So equal rows tie without help.
  for (int64_t l = 0; embeddings_ME.defined() && l < embeddings_ME.size(-1) / 2; ++l) {
    const Tensor even_M = embeddings_ME.select(-1, 2 * l), odd_M = embeddings_ME.select(-1, 2 * l + 1);
    const Tensor u_MM = even_M.unsqueeze(-1) * odd_M.unsqueeze(-2);
    Tensor area_MM = u_MM - u_MM.transpose(-1, -2);
    if (gate_P.defined()) area_MM = area_MM * gate_P.select(-1, l).unsqueeze(-1).unsqueeze(-1);
    total_MM = total_MM.defined() ? total_MM + area_MM : area_MM;
  }
  return total_MM;
}

}  // namespace rondo
