// SPDX-License-Identifier: Apache-2.0
// Keys and values of a group's prompt, computed once and shared by its responses, and of what each response said so
// far.
//
// Sampling runs a model twice over one cache: first over the prompts (forest attention as ever, keys recorded), then
// one token a response and step. All responses are at the same step, so their own keys are one dense tensor; prompts
// differ in length and are attended to group by group. The two parts meet by their log-sum-exp (arXiv:2205.14135
// sec. 3.1).
#pragma once

#include <cstdint>
#include <vector>

#include "rondo/base/tensor.h"
#include "rondo/nn/forest_attention.h"

namespace rondo::nn {

/// The rows of a prompt in the batch that recorded it, and how many responses continue it; 0 responses = all done.
struct CachedPrompt {
  int64_t begin = 0;
  int64_t length = 0;
  int64_t responses = 0;
};

class KeyValueCache {
 public:
  /// capacity: tokens of a response at most.
  KeyValueCache(std::vector<CachedPrompt> prompts, int64_t capacity);

  /// Keys and values [N, J, K] of all prompt tokens, rotated as the layer uses them.
  void record(size_t layer, const Tensor& k_NJK, const Tensor& v_NJK);

  /// One token of every response: q_RHK [R, H, K] against its prompt, its earlier tokens and itself, whose k_RJK and
  /// v_RJK are added. Returns [R, H, K]. window as in plan_attention.
  Tensor attend(size_t layer, const Tensor& q_RHK, const Tensor& k_RJK, const Tensor& v_RJK, int64_t window,
                const AttentionOptions& options);
  /// After the last layer of a step.
  void finish_step() { ++step_; }

  /// Keeps these responses, in order; `kept_of_prompt` counts them per prompt.
  void keep(const Tensor& rows_R, const std::vector<int64_t>& kept_of_prompt);

  int64_t step() const { return step_; }
  bool is_recording() const { return step_ < 0; }
  void finish_prompts() { step_ = 0; }

 private:
  struct Layer {
    Tensor prompt_k_NJK, prompt_v_NJK;
    Tensor own_k_RJCK, own_v_RJCK;  // room for `capacity` tokens in C
  };

  std::vector<CachedPrompt> prompts_;
  int64_t capacity_;
  int64_t step_ = -1;
  std::vector<Layer> layers_;
};

}  // namespace rondo::nn
