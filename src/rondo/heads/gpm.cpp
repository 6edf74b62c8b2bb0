// SPDX-License-Identifier: Apache-2.0
// General Preference Model: an embedding of 2k numbers per response and a prompt gate,
//
//   s(i, j) = sum_l lambda_l ( v_i[2l] v_j[2l+1] - v_i[2l+1] v_j[2l] ).
//
// arXiv:2410.02197 eq. 4.1 (the sign of its section 4.2 is the opposite one and is not followed).
#include "rondo/heads/shared/embedding.h"

namespace rondo::heads {
namespace {

HeadOutput forward(const HeadConfig& config, const nn::ParameterSet& parameters, const Tensor& pooled_RD,
                   const Tensor& prompt_GD) {
  return {.embeddings_RE = embeddings(config, parameters, pooled_RD), .gate_GP = gate(config, parameters, prompt_GD)};
}

}  // namespace

constinit const HeadEntry gpm_entry{
    .name = "gpm",
    .cite = "arXiv:2410.02197",
    .embeds = true,
    .title = "GPM",
    .meaning = "general preference",
    .colour = "#0072B2",
    .weights = &embedding_weights,
    .forward = &forward,
};

}  // namespace rondo::heads
