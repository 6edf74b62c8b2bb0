// SPDX-License-Identifier: Apache-2.0
// Text -> token ids and back, as a model's tokenizer.json says.
//
// The module `text` turns a conversation into token ids in three steps: chat_template.h renders the messages as one
// text, this file cuts the text into tokens, text_encoder.h joins the two under a policy for BOS and EOS and says which
// tokens belong to the prompt. A tokenizer.json is a pipeline of small components, each a row of a table:
//
//   text -> added tokens (added_tokens.h) -> normalizer.h -> pre_tokenizer.h -> model.h -> post_processor.h -> ids
//   ids -> decoder.h -> text
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/text/tokenizer/aligned_text.h"

namespace rondo::text {

/// Tokens of a text. All lists have one entry per token.
struct Encoding {
  std::vector<int32_t> ids;
  std::vector<TextSpan> offsets;  // bytes of the text as given, white space included; empty for tokens of no text
  std::vector<uint8_t> is_added;  // 1 = put there by the post-processor
  std::vector<int32_t> type_ids;  // 0 = first text, 1 = second, as the post-processor numbers them
};

/// Immutable after loading; may be used from several threads.
class Tokenizer {
 public:
  /// `path`: tokenizer.json, plain or gzip. Throws ModelError where the file is missing, malformed or needs a component
  /// that is not known.
  static Tokenizer load(const std::string& path);
  /// `name` stands in error messages.
  static Tokenizer from_json(std::string_view json, const std::string& name);
  /// From a parsed file (parse_tokenizer_json).
  static Tokenizer from_tree(const nlohmann::json& tree, const std::string& name);

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  /// Bytes that are not UTF-8 count as U+FFFD. Throws ModelError where a piece has no tokens and there is no unknown
  /// token, DataError where the text is longer than 2^31 bytes.
  [[nodiscard]] Encoding encode(std::string_view text, bool add_special_tokens) const;
  [[nodiscard]] Encoding encode_pair(std::string_view first, std::string_view second, bool add_special_tokens) const;
  /// encode_pair of two texts that are encoded already, each without special tokens.
  [[nodiscard]] Encoding join_pair(const Encoding& first, const Encoding& second, bool add_special_tokens) const;
  [[nodiscard]] std::vector<int32_t> encode_ids(std::string_view text, bool add_special_tokens) const;
  /// encode_ids of many texts by `threads` threads, 0 = all cores. Throws what the first text that fails would throw.
  [[nodiscard]] std::vector<std::vector<int32_t>> encode_batch(std::span<const std::string> texts,
                                                               bool add_special_tokens, int threads) const;

  /// Ids outside the vocabulary are left out.
  [[nodiscard]] std::string decode(std::span<const int32_t> ids, bool skip_special) const;

  [[nodiscard]] std::optional<int32_t> token_id(std::string_view token) const;
  /// The vocabulary string, "" where the id has none.
  [[nodiscard]] std::string token(int32_t id) const;
  [[nodiscard]] bool is_special(int32_t id) const;
  /// Number of strings, added ones included.
  [[nodiscard]] int64_t vocab_size() const;
  /// One more than the largest id: what an embedding table needs.
  [[nodiscard]] int64_t id_limit() const;

  /// Ids that the post-processor puts before and after a single text.
  [[nodiscard]] std::vector<int32_t> prefix_ids() const;
  [[nodiscard]] std::vector<int32_t> suffix_ids() const;

 private:
  struct Impl;
  explicit Tokenizer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace rondo::text
