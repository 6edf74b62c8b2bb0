// SPDX-License-Identifier: Apache-2.0
// The named special tokens of a model directory (bos_token, eos_token, ...): tokenizer_config.json, then what
// special_tokens_map.json adds. A token is a string, an AddedToken object, or null.
#pragma once

#include <map>
#include <string>

namespace rondo::text {

struct SpecialTokens {
  std::map<std::string, std::string> by_name;  // "bos_token" -> "<s>"; absent = null or not given

  /// "" where the directory does not name one.
  [[nodiscard]] std::string get(const std::string& name) const;
};

/// Missing files count as empty. Throws ModelError where one is malformed.
SpecialTokens read_special_tokens(const std::string& model_dir);

}  // namespace rondo::text
