// SPDX-License-Identifier: Apache-2.0
// K responses to each prompt from a policy. The prompt is computed once and its keys and values are shared by its
// responses (nn/key_value_cache.h); all responses of a batch advance together, and finished ones leave.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "rondo/generate/sampling.h"
#include "rondo/model/model.h"
#include "rondo/text/text_encoder.h"

namespace rondo::generate {

struct GenerateOptions {
  SamplingOptions sampling;
  int64_t responses = 5;
  int64_t max_new_tokens = 256;
  int64_t token_budget = 16384;   // prompt tokens and new tokens of a batch
  std::vector<std::string> stop;  // a response ends before the first of these texts
  std::vector<int32_t> stop_ids;  // and with any of these tokens
  uint64_t seed = 1;
};

/// Fields that a user chooses; stop_ids come from the model directory.
void describe(FieldVisitor& v, GenerateOptions& c);

struct GeneratedResponse {
  std::vector<int32_t> ids;  // new tokens, the stop token included
  std::string text;          // without special tokens and without the stop text
  std::string finish;        // "stop" or "length"
};

/// A prompt as tokens. `stream` names its random numbers: a response depends on (seed, stream, its index) alone, not on
/// what it is batched with.
struct TokenPrompt {
  std::vector<int32_t> ids;
  uint64_t stream = 0;
};

struct GenerateCost {
  int64_t prompt_tokens = 0;  // each prompt counts once
  int64_t new_tokens = 0;
};

/// Calls `done` once per prompt, in order, and `should_stop` between batches: true ends the work early. Throws
/// ModelError where the policy has no language-model head, DataError where a prompt is empty or leaves no room for a
/// token.
GenerateCost generate(
    const model::Model& policy, const text::Tokenizer& tokenizer, const std::vector<TokenPrompt>& prompts,
    const GenerateOptions& options, const std::function<void(size_t, std::vector<GeneratedResponse>)>& done,
    const std::function<bool()>& should_stop = [] { return false; });

}  // namespace rondo::generate
