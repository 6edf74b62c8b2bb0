// SPDX-License-Identifier: Apache-2.0
// Prompt and response -> token ids, under a policy that is recorded with the model (model/text_policy.h).
// The whole text is tokenised, never its parts, so ids equal those of the full conversation.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "rondo/core/conversation.h"
#include "rondo/text/chat_template.h"
#include "rondo/text/tokenizer/tokenizer.h"

namespace rondo::text {

/// BOS: as the tokenizer or the rendering has it (never doubled), exactly one, exactly two, none.
inline constexpr const char* kBosNames[] = {"auto", "single", "double", "none"};
/// EOS: exactly one at the end (with a template: what the template ends with), as the tokenizer adds, the last token
/// overwritten by it, or as OpenRLHF has it: newlines at the end are cut off, a text that does not end in EOS gets a
/// blank and EOS, and the last token is overwritten by it.
inline constexpr const char* kEosNames[] = {"ensure", "as_is", "force_last", "append"};
/// Where a prompt gate reads: the last token of the prompt as it is rendered and tokenised alone, or as the published
/// GPM code counts: as many tokens of the responses' sequences as the first message alone has, rendered without a
/// generation header.
inline constexpr const char* kGateReadNames[] = {"prompt", "first_message"};
/// System turns: rendered as the template has them, or refused, for models that were trained without.
inline constexpr const char* kSystemNames[] = {"as_given", "refuse"};
inline constexpr const char* kBeforePadding = "before_padding";
/// Which state stands for a response. before_padding: the last token that is not the pad token, wherever the text ends,
/// as the sequence classifiers of transformers read.
inline constexpr const char* kPoolingNames[] = {"sequence_end", "response_end", "mean", "first", kBeforePadding};
/// How a pairwise model reads two responses: not at all; asked in one user turn, read at the turn's
/// end or where the answer would begin; at PairRM's marks.
inline constexpr const char* kPairwiseNames[] = {"none", "turn", "answer", "marks"};

struct TextPolicy {
  bool use_template = true;  // where the model has one
  bool use_pair = false;     // encoders: the tokenizer's own form for two texts
  std::string bos = "auto";
  std::string eos = "ensure";
  std::string pooling = "sequence_end";
  std::string gate = "prompt";
  std::string system = "as_given";
  std::string pairwise = "none";
  int64_t max_length = 0;         // tokens of a sequence that the model was made for; 0 = what its backbone takes
  std::optional<int32_t> pad_id;  // what before_padding skips
  std::optional<int64_t> clock;   // local time that templates see, as seconds since 1970; nothing = the clock
  bool token_types = true;        // of two texts: whether the second has another type than the first
  int64_t embedding_rows = 0;     // texts with a token beyond them are refused; 0 = the table is not known
};

/// Throws ConfigError, with the known names, where a field has an unknown one.
void check_policy(const TextPolicy& policy);

struct EncodedResponse {
  std::vector<int32_t> ids;
  std::vector<int32_t> type_ids;  // under use_pair only
  int64_t bos_tokens = 0;         // leading tokens that are BOS, or that the tokenizer puts in front of a text
  int64_t prompt_tokens = 0;      // leading tokens that lie wholly inside the prompt's rendering
  int64_t response_begin = 0;     // tokens [begin, end) overlap the text of the response
  int64_t response_end = 0;
};

/// Two responses by their places in a list, in the order in which they are shown.
struct ResponsePair {
  int32_t first = 0;
  int32_t second = 0;
};

/// Two responses as one sequence.
struct EncodedPair {
  std::vector<int32_t> ids;
  std::vector<int64_t> marks;  // positions of PairRM's marks: prompt, first, second
  int64_t cut_begin = 0;       // tokens [begin, end) are of the prompt alone, and truncation may take them
  int64_t cut_end = 0;
};

/// One encoding with all that made it, for people: `rondo tokenize --explain`.
struct ExplainedResponse {
  EncodedResponse encoded;
  std::string text;               // the rendered text, without tokens that the policy adds
  std::vector<TextSpan> offsets;  // bytes of `text` per token, empty for added tokens
  int64_t prompt_bytes = 0;       // of `text`
  bool prompt_is_prefix = true;   // false: the template rewrites the prompt once it is answered
};

/// Immutable; may be used from several threads.
class TextEncoder {
 public:
  /// Throws ConfigError on an unknown policy, ModelError where the policy needs a token that the tokenizer lacks.
  TextEncoder(Tokenizer tokenizer, std::optional<ChatTemplate> chat_template, TextPolicy policy,
              SpecialTokens tokens = {});

  /// Throws DataError where the template refuses the conversation, a prompt of messages meets no template, or a token
  /// has no embedding.
  [[nodiscard]] EncodedResponse encode(const Prompt& prompt, const Message& response) const;
  /// The same for many responses of one prompt, whose rendering is shared.
  [[nodiscard]] std::vector<EncodedResponse> encode_all(const Prompt& prompt, std::span<const Message> responses) const;
  [[nodiscard]] ExplainedResponse explain(const Prompt& prompt, const Message& response) const;
  /// For pairwise models: a sequence for each pair of `responses`, in the pairs' order. Throws ModelError where the
  /// tokenizer lacks a mark.
  [[nodiscard]] std::vector<EncodedPair> encode_pairs(const Prompt& prompt, std::span<const Message> responses,
                                                      std::span<const ResponsePair> pairs) const;
  /// The tokens "A" and "B" by which a pairwise language model answers. Throws ModelError where one is no single token.
  [[nodiscard]] std::vector<int64_t> answer_tokens() const;
  /// The tokens of which a gate reads the last, for `responses` of this prompt; empty where the prompt is. They depend
  /// on the prompt alone, unless the policy reads as published.
  [[nodiscard]] std::vector<int32_t> encode_gate(const Prompt& prompt,
                                                 std::span<const EncodedResponse> responses) const;
  /// The prompt with the generation header, without EOS.
  [[nodiscard]] std::vector<int32_t> encode_prompt(const Prompt& prompt) const;
  /// The text that encode_prompt tokenises.
  [[nodiscard]] std::string render_prompt(const Prompt& prompt) const;

  [[nodiscard]] const Tokenizer& tokenizer() const { return tokenizer_; }
  [[nodiscard]] const TextPolicy& policy() const { return policy_; }
  [[nodiscard]] bool uses_template() const { return chat_template_.has_value(); }
  /// Whether its texts may hold the date.
  [[nodiscard]] bool reads_clock() const { return chat_template_ && chat_template_->reads_clock(); }
  /// SHA-256 of the template, "" without one.
  [[nodiscard]] std::string template_hash() const;
  [[nodiscard]] std::optional<int32_t> bos_id() const { return bos_id_; }
  [[nodiscard]] std::optional<int32_t> eos_id() const { return eos_id_; }

 private:
  struct Boundary {
    size_t prompt_bytes = 0;
    bool is_prefix = true;
  };

  struct MarkedPiece {
    std::vector<int32_t> ids;
    int64_t mark = 0;
  };

  /// Throws DataError where a turn is refused.
  void check_turns(const Prompt& prompt) const;
  [[nodiscard]] MarkedPiece encode_marked(const char* mark, const std::string& text) const;
  [[nodiscard]] std::vector<EncodedPair> encode_marked_pairs(const Prompt& prompt, std::span<const Message> responses,
                                                             std::span<const ResponsePair> pairs) const;
  [[nodiscard]] EncodedPair encode_question(const std::string& context, const std::string& rest) const;
  [[nodiscard]] ExplainedResponse encode_rendered(const std::string& prompt_text, const Prompt& prompt,
                                                  const Message& response) const;
  /// prompt: the tokens of `prompt_text` alone.
  [[nodiscard]] ExplainedResponse encode_pair(const std::string& prompt_text, const Encoding& prompt,
                                              const Message& response) const;
  [[nodiscard]] std::string render_full(const Prompt& prompt, const Message& response) const;
  [[nodiscard]] Boundary find_boundary(const std::string& prompt_text, const std::string& full,
                                       const Prompt& prompt) const;
  [[nodiscard]] size_t probe_boundary(const Prompt& prompt) const;
  [[nodiscard]] int64_t count_bos(const Encoding& encoding) const;
  /// `what` reads the ids, where it is not empty.
  void check_ids(std::span<const int32_t> ids, const std::string& what) const;
  void close_text(std::string& text) const;
  void apply_bos(Encoding& encoding) const;
  void apply_eos(Encoding& encoding) const;

  Tokenizer tokenizer_;
  std::optional<ChatTemplate> chat_template_;
  TextPolicy policy_;
  std::optional<int32_t> bos_id_;
  std::optional<int32_t> eos_id_;
};

/// tokenizer.json or tokenizer.json.gz of a model directory. Throws ModelError, with the command that converts it,
/// where there is only a tokenizer.model of SentencePiece.
std::string tokenizer_file(const std::string& model_dir);

/// The tokenizer.json of a directory with the tokens that the files beside it name (tokenizer/config_tokens.h).
Tokenizer load_tokenizer(const std::string& model_dir);

/// The tokenizer as transformers has it (transformers_class.h), and in `note` what of the file it does not use, if
/// anything.
Tokenizer load_tokenizer_as_transformers(const std::string& model_dir, std::string* note = nullptr);

/// From the tokenizer, tokenizer_config.json, special_tokens_map.json and the chat template of a directory.
/// add_bos_token and add_eos_token of tokenizer_config.json change nothing, as in transformers 5: beside a
/// tokenizer.json its post-processor alone decides.
/// Throws ModelError where a needed file is missing or malformed.
TextEncoder load_text_encoder(const std::string& model_dir, const TextPolicy& policy);

}  // namespace rondo::text
