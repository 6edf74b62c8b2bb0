// SPDX-License-Identifier: Apache-2.0
// A group in the tokens of a model: every conversation encoded whole, and what happens where one is too long.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rondo/core/group.h"
#include "rondo/core/token_group.h"
#include "rondo/text/text_encoder.h"

namespace rondo::data {

/// What happens to a sequence longer than the model takes.
///   error           the run is refused
///   drop            the response goes, with its comparisons
///   truncate-left   the prompt loses its beginning behind BOS: the end of each sequence stays
///   truncate-right  the response loses its end (what follows the response's text stays)
inline const std::vector<std::string> kOverlongNames = {"error", "drop", "truncate-left", "truncate-right"};

/// Which ordered pairs a pairwise model reads: every one for scoring, both orders of labelled ones for training.
/// Of a group of several rows, kInRows leaves out pairs that no row has.
enum class PairsWanted { kAll, kInRows, kLabelled };

struct TokenOptions {
  int64_t max_length = 0;
  std::string overlong = "error";
  int64_t cache_bytes = int64_t{1} << 30;  // of a TokenStore
  PairsWanted pairs = PairsWanted::kAll;
  bool needs_gate = true;  // the prompt alone is tokenised as well
  int64_t threads = 1;     // of the first pass of a TokenStore; 0 = all cores
};

/// What the length limit did to a group.
struct Overlong {
  int64_t responses = 0;  // over the limit; of a pairwise model, sequences
  int64_t truncated = 0;
  int64_t dropped = 0;
};

/// The group in tokens: what `overlong` leaves of it, responses with the same tokens as one. `place` names the group in
/// messages. Throws DataError where a sequence is too long under `error`, or cannot be cut.
TokenGroup token_group(const Group& source, const text::TextEncoder& encoder, const TokenOptions& options,
                       const std::string& place, Overlong& overlong);

/// Keeps the responses listed in `kept`; the places of the others become -1.
void keep_responses(TokenGroup& group, const std::vector<int64_t>& kept);

/// What tokenising many groups found.
struct TokenReport {
  bool is_pairwise = false;
  int64_t groups = 0;
  int64_t responses = 0;    // with tokens of their own
  int64_t comparisons = 0;  // those that a model can decide: not dropped, nor undecided
  int64_t sequences = 0;    // responses, or ordered pairs of them
  int64_t tokens = 0;       // of the whole sequences
  int64_t longest = 0;
  int64_t unknown_tokens = 0;  // of `tokens`, those of the vocabulary's unknown token
  int64_t same_tokens = 0;     // responses whose tokens equal those of an earlier one of their group
  int64_t undecided = 0;       // comparisons between such
  int64_t overlong = 0;        // sequences over max_length
  int64_t dropped = 0;         // responses
  int64_t truncated = 0;       // sequences

  bool operator==(const TokenReport&) const = default;
};

/// Adds a group and what the length limit did to it. `unknown` is the vocabulary's unknown token, where it has one.
void count_tokens(const TokenGroup& group, const Overlong& overlong, const std::optional<int32_t>& unknown,
                  TokenReport& report);
/// By the names that published vocabularies give it.
std::optional<int32_t> unknown_token(const text::Tokenizer& tokenizer);

/// Positions of the state that stands for a response, by the pooling of the policy (text/text_encoder.h). `mean` covers
/// the response's own tokens; for encoders, read as two texts, the whole sequence, as the encoders' own stacks average
/// it.
TokenResponse token_response(const text::EncodedResponse& encoded, const text::TextPolicy& policy);
/// Under `before_padding`: the pooled state is that of the last token whose id is not the pad token's, the first where
/// all of them are. Of the ids as they are now, so that it holds behind a cut.
void skip_padding(TokenResponse& response, const text::TextPolicy& policy);

}  // namespace rondo::data
