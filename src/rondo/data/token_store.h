// SPDX-License-Identifier: Apache-2.0
// A group store read through a text encoder: tokenised groups on demand, with a cache of bounded size.
#pragma once

#include <list>
#include <string>
#include <unordered_map>
#include <vector>

#include "rondo/base/log.h"
#include "rondo/data/group_store.h"
#include "rondo/data/token_source.h"
#include "rondo/text/text_encoder.h"

namespace rondo::data {

/// What happens to a sequence longer than the model takes.
///   error           the run is refused
///   drop            the response goes, with its comparisons
///   truncate-left   the prompt loses its beginning, the same cut for every response of the group
///   truncate-right  the response loses its end (what follows the response's text stays)
inline const std::vector<std::string> kOverlongNames = {"error", "drop", "truncate-left", "truncate-right"};

struct TokenOptions {
  int64_t max_length = 0;
  std::string overlong = "error";
  int64_t cache_bytes = int64_t{1} << 30;
};

/// What tokenising the whole store found.
struct TokenReport {
  int64_t groups = 0;
  int64_t responses = 0;
  int64_t tokens = 0;  // sum over responses of the whole sequences
  int64_t longest = 0;
  int64_t unknown_tokens = 0;  // of `tokens`, those of the vocabulary's unknown token
  int64_t same_tokens = 0;     // responses whose tokens equal those of an earlier one of their group
  int64_t overlong = 0;        // responses over max_length
  int64_t dropped = 0;         // responses
  int64_t truncated = 0;       // responses
};

class TokenStore : public TokenSource {
 public:
  /// Tokenises everything once: counts, applies the overlong policy, fills the cache. The encoder must outlive it.
  /// Throws DataError where a sequence is too long under `error`, naming the group.
  TokenStore(GroupStore store, const text::TextEncoder& encoder, const TokenOptions& options,
             const ProgressSink& progress);

  int64_t size() const override { return store_.size(); }
  int64_t response_count(int64_t group) const override { return counts_[static_cast<size_t>(group)]; }
  std::shared_ptr<const TokenGroup> get(int64_t group) override;
  const GroupStore& groups() const { return store_; }
  const TokenReport& report() const { return report_; }
  /// For the responses that get(group) has: their place in groups().group(group).
  const std::vector<int64_t>* kept_responses(int64_t group) const;

 private:
  struct Cached {
    std::shared_ptr<const TokenGroup> group;
    std::list<int64_t>::iterator place;
    int64_t bytes = 0;
  };
  // Leading tokens of a sequence that belong to its prompt, and those that the gate has read.
  struct PromptEnd {
    int64_t prompt = 0;
    int64_t gate = 0;
  };
  TokenGroup tokenise(int64_t index);
  void apply_overlong(int64_t index, TokenGroup& group, std::vector<PromptEnd>& prompt_ends);

  GroupStore store_;
  const text::TextEncoder& encoder_;
  TokenOptions options_;
  TokenReport report_;
  std::vector<int64_t> counts_;
  // Only groups that lost responses are listed.
  std::unordered_map<int64_t, std::vector<int64_t>> kept_;
  std::list<int64_t> recent_;
  std::unordered_map<int64_t, Cached> cache_;
  int64_t cached_bytes_ = 0;
};

/// Positions of the state that stands for a response, by the name of the pooling (text/text_encoder.h). `mean` covers
/// the response's own tokens; for encoders, read as two texts, the whole sequence, as the encoders' own stacks average
/// it.
TokenResponse token_response(const text::EncodedResponse& encoded, const std::string& pooling);

}  // namespace rondo::data
