// SPDX-License-Identifier: Apache-2.0
#include "rondo/generate/generator.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>

#include "rondo/base/error.h"
#include "rondo/generate/stop_search.h"
#include "rondo/nn/key_value_cache.h"

namespace rondo::generate {
namespace {

// Caches are cut down where at least this share of the rows is finished: a copy costs about as much as a step.
constexpr double kIdleShare = 0.25;

Tensor long_tensor(const std::vector<int64_t>& values) {
  return at::tensor(values, at::TensorOptions().dtype(at::kLong));
}

// The prompts of one batch and all their responses.
class Batch {
 public:
  Batch(const model::Model& policy, const text::Tokenizer& tokenizer, std::span<const TokenPrompt> prompts,
        const GenerateOptions& options)
      : policy_(policy), tokenizer_(tokenizer), prompts_(prompts), options_(options), cache_(plan_cache()) {}

  std::vector<std::vector<GeneratedResponse>> run() {
    Tensor logits_RV = read_prompts();
    while (true) {
      const std::vector<int32_t> tokens = draw(logits_RV);
      for (size_t r = 0; r < rows_.size(); ++r) append(rows_[r], tokens[r]);
      drop_finished();
      if (unfinished() == 0) break;
      logits_RV = step_logits();
      cache_.finish_step();
    }
    return std::move(responses_);
  }

  int64_t new_tokens() const { return new_tokens_; }

 private:
  struct Row {
    size_t prompt = 0;
    size_t response = 0;
    int64_t position = 0;  // of the last token
    int32_t token = 0;
    bool is_finished = false;
  };

  nn::KeyValueCache plan_cache() {
    std::vector<nn::CachedPrompt> spans;
    int64_t begin = 0;
    for (const TokenPrompt& prompt : prompts_) {
      spans.push_back({begin, static_cast<int64_t>(prompt.ids.size()), options_.responses});
      begin += spans.back().length;
    }
    return {std::move(spans), options_.max_new_tokens};
  }

  // Runs the prompts once; the logits after the last token of each, for each of its responses.
  Tensor read_prompts() {
    PackedBatch batch;
    std::vector<int64_t> ids, positions, last_rows;
    for (size_t p = 0; p < prompts_.size(); ++p) {
      const TokenPrompt& prompt = prompts_[p];
      const auto begin = static_cast<int64_t>(ids.size()), length = static_cast<int64_t>(prompt.ids.size());
      batch.layout.trees.push_back({begin, 0, {{begin, 1, length}}});
      ids.insert(ids.end(), prompt.ids.begin(), prompt.ids.end());
      for (int64_t i = 0; i < length; ++i) positions.push_back(i);
      responses_.emplace_back(static_cast<size_t>(options_.responses));
      searches_.emplace_back(static_cast<size_t>(options_.responses), StopSearch(tokenizer_, options_.stop));
      const Random stream = Random(options_.seed).split(prompt.stream);
      for (int64_t k = 0; k < options_.responses; ++k) {
        last_rows.push_back(begin + length - 1);
        rows_.push_back({p, static_cast<size_t>(k), length - 1});
        streams_.push_back(stream.split(static_cast<uint64_t>(k)));
      }
    }
    batch.layout.token_count = static_cast<int64_t>(ids.size());
    batch.ids_N = long_tensor(ids);
    batch.positions_N = long_tensor(positions);
    const Tensor hidden_ND = policy_.hidden(batch.to(policy_.device()), {.cache = &cache_});
    cache_.finish_prompts();
    note_prompt_tokens();
    return policy_.backbone().logits(hidden_ND.index_select(0, long_tensor(last_rows).to(policy_.device())));
  }

  Tensor step_logits() {
    PackedBatch batch;
    std::vector<int64_t> ids, positions;
    for (const Row& row : rows_) {
      ids.push_back(row.token);
      positions.push_back(row.position);
    }
    batch.ids_N = long_tensor(ids);
    batch.positions_N = long_tensor(positions);
    return policy_.backbone().logits(policy_.hidden(batch.to(policy_.device()), {.cache = &cache_}));
  }

  std::vector<int32_t> draw(const Tensor& logits_RV) {
    return sample_tokens(transform_logits(logits_RV, seen_RV_, options_.sampling), streams_, options_.sampling);
  }

  void append(Row& row, int32_t token) {
    if (row.is_finished) return;
    GeneratedResponse& response = responses_[row.prompt][row.response];
    row.token = token;
    ++row.position;
    response.ids.push_back(token);
    ++new_tokens_;
    const bool is_stop_id =
        std::find(options_.stop_ids.begin(), options_.stop_ids.end(), token) != options_.stop_ids.end();
    row.is_finished = is_stop_id || ends_with_stop_text(searches_[row.prompt][row.response], response) ||
                      static_cast<int64_t>(response.ids.size()) == options_.max_new_tokens;
    if (!row.is_finished) return;
    const bool stopped_by_text = !response.finish.empty();
    if (!stopped_by_text) {
      response.finish = is_stop_id ? "stop" : "length";
      std::span<const int32_t> spoken = response.ids;
      response.text = tokenizer_.decode(is_stop_id ? spoken.first(spoken.size() - 1) : spoken, /*skip_special=*/true);
    }
  }

  static bool ends_with_stop_text(StopSearch& search, GeneratedResponse& response) {
    std::optional<std::string> text = search.push(response.ids);
    if (!text) return false;
    response.text = std::move(*text);
    response.finish = "stop";
    return true;
  }

  int64_t unfinished() const {
    return std::count_if(rows_.begin(), rows_.end(), [](const Row& row) { return !row.is_finished; });
  }

  void drop_finished() {
    note_tokens();
    const int64_t left = unfinished();
    if (left == 0 || static_cast<double>(left) > (1 - kIdleShare) * static_cast<double>(rows_.size())) return;
    std::vector<int64_t> kept, per_prompt(prompts_.size(), 0);
    std::vector<Row> rows;
    std::vector<Random> streams;
    for (size_t r = 0; r < rows_.size(); ++r) {
      if (rows_[r].is_finished) continue;
      kept.push_back(static_cast<int64_t>(r));
      ++per_prompt[rows_[r].prompt];
      rows.push_back(rows_[r]);
      streams.push_back(streams_[r]);
    }
    rows_ = std::move(rows);
    streams_ = std::move(streams);
    const Tensor kept_R = long_tensor(kept).to(policy_.device());
    cache_.keep(kept_R, per_prompt);
    if (seen_RV_.defined()) seen_RV_ = seen_RV_.index_select(0, kept_R);
  }

  bool has_penalty() const { return options_.sampling.repetition_penalty != 1; }

  void note_prompt_tokens() {
    if (!has_penalty()) return;
    const auto count = static_cast<int64_t>(rows_.size());
    seen_RV_ =
        at::zeros({count, policy_.backbone().sizes().vocab}, at::TensorOptions().dtype(at::kBool)).to(policy_.device());
    for (int64_t r = 0; r < count; ++r) {
      const std::vector<int32_t>& ids = prompts_[rows_[static_cast<size_t>(r)].prompt].ids;
      const std::vector<int64_t> wide(ids.begin(), ids.end());
      seen_RV_[r].index_fill_(0, long_tensor(wide).to(policy_.device()), true);
    }
  }

  void note_tokens() {
    if (!has_penalty()) return;
    std::vector<int64_t> tokens;
    for (const Row& row : rows_) tokens.push_back(row.token);
    const Tensor tokens_R1 = long_tensor(tokens).to(policy_.device()).unsqueeze(1);
    seen_RV_.scatter_(1, tokens_R1, at::ones_like(tokens_R1, seen_RV_.options()));
  }

  const model::Model& policy_;
  const text::Tokenizer& tokenizer_;
  std::span<const TokenPrompt> prompts_;
  const GenerateOptions& options_;
  nn::KeyValueCache cache_;
  std::vector<Row> rows_;
  std::vector<Random> streams_;
  std::vector<std::vector<GeneratedResponse>> responses_;
  std::vector<std::vector<StopSearch>> searches_;  // by prompt and response
  Tensor seen_RV_;
  int64_t new_tokens_ = 0;
};

void check(const model::Model& policy, const std::vector<TokenPrompt>& prompts, const GenerateOptions& options) {
  if (policy.family().is_encoder)
    throw ModelError(
        fmt::format("cannot sample: {} is an encoder; a policy needs a language-model head", policy.family().name));
  const int64_t limit = policy.max_length();
  for (size_t p = 0; p < prompts.size(); ++p) {
    const auto length = static_cast<int64_t>(prompts[p].ids.size());
    if (length == 0)
      throw DataError(fmt::format("a prompt has no tokens: prompt {}; a policy needs at least one", p + 1));
    if (length + options.max_new_tokens > limit) {
      throw DataError(
          fmt::format("a prompt is too long: prompt {}: {} tokens and {} new ones, the policy takes {}; "
                      "shorten it or lower `max_new_tokens`",
                      p + 1, length, options.max_new_tokens, limit));
    }
  }
}

}  // namespace

void describe(FieldVisitor& v, GenerateOptions& c) {
  describe(v, c.sampling);
  v.integer("responses", c.responses, "responses K to each prompt", 1, 65536);
  v.integer("max_new_tokens", c.max_new_tokens, "length limit of a response", 1, int64_t{1} << 24);
  v.integer("token_budget", c.token_budget, "prompt tokens and new tokens of a batch", 1, int64_t{1} << 31);
  v.texts("stop", c.stop, "texts that end a response");
}

GenerateCost generate(const model::Model& policy, const text::Tokenizer& tokenizer,
                      const std::vector<TokenPrompt>& prompts, const GenerateOptions& options,
                      const std::function<void(size_t, std::vector<GeneratedResponse>)>& done,
                      const std::function<bool()>& should_stop) {
  check(policy, prompts, options);
  const at::NoGradGuard no_grad;
  GenerateCost cost;
  for (size_t first = 0; first < prompts.size() && !should_stop();) {
    size_t last = first;
    int64_t tokens = 0;
    while (last < prompts.size()) {
      const auto length = static_cast<int64_t>(prompts[last].ids.size());
      tokens += length + options.responses * options.max_new_tokens;
      if (last > first && tokens > options.token_budget) break;
      cost.prompt_tokens += length;
      ++last;
    }
    Batch batch(policy, tokenizer, std::span(prompts).subspan(first, last - first), options);
    std::vector<std::vector<GeneratedResponse>> responses = batch.run();
    cost.new_tokens += batch.new_tokens();
    for (size_t k = 0; k < responses.size(); ++k) done(first + k, std::move(responses[k]));
    first = last;
  }
  return cost;
}

}  // namespace rondo::generate
