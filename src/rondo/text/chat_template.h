// SPDX-License-Identifier: Apache-2.0
// Chat templates: messages -> one text, as the Jinja template of a model says (jinja/interpreter.h).
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "rondo/core/conversation.h"
#include "rondo/text/special_tokens.h"

namespace rondo::text {

/// What a template is rendered with. JSON values are as in the data; null = not given.
struct TemplateInput {
  nlohmann::ordered_json messages;
  nlohmann::ordered_json tools;      // null: the variable is none
  nlohmann::ordered_json documents;  // null: the variable is none
  nlohmann::ordered_json variables;  // further variables; they win over the special tokens
  bool add_generation_prompt = false;
};

/// Code points [begin, end) of the rendering.
struct CharacterRange {
  int64_t begin = 0;
  int64_t end = 0;
  bool operator==(const CharacterRange&) const = default;
};

struct Rendering {
  std::string text;
  std::vector<CharacterRange> generation;  // what {% generation %} blocks wrote
};

/// Immutable; may be used from several threads.
class ChatTemplate {
 public:
  /// Throws ModelError where the source is not a template.
  ChatTemplate(std::string source, SpecialTokens tokens);
  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;
  ~ChatTemplate();

  /// The template of a model directory: chat_template.jinja, else chat_template of tokenizer_config.json (a text, or a
  /// list of named ones); additional_chat_templates/NAME.jinja add further names. Of named ones `name` is taken; with
  /// the name "default" conversations with tools are rendered by "tool_use" where there is one, as in transformers.
  /// Nothing where there is no template at all. Throws ModelError, with the known names, where there is none of that
  /// name.
  static std::optional<ChatTemplate> load(const std::string& model_dir, const std::string& name = "default");

  /// Throws DataError where the template refuses the conversation or fails on it.
  [[nodiscard]] Rendering render(const TemplateInput& input) const;
  [[nodiscard]] std::string render(const Prompt& prompt, const std::vector<Message>& more,
                                   bool add_generation_prompt) const;

  [[nodiscard]] const std::string& source() const { return source_; }
  /// SHA-256 of the source.
  [[nodiscard]] std::string hash() const;

  /// Whether it asks for the date, so that its renderings may differ from day to day.
  [[nodiscard]] bool reads_clock() const;
  /// The local time that strftime_now sees; seconds since 1970. Unset: the clock.
  void set_clock(int64_t seconds);

 private:
  struct Compiled;
  std::string source_;
  SpecialTokens tokens_;
  std::unique_ptr<const Compiled> compiled_;
  std::unique_ptr<ChatTemplate> for_tools_;
  std::optional<int64_t> clock_;
};

/// The local time as templates count it: seconds since 1970 of a clock on the wall.
int64_t local_clock();

/// The message object that templates see. Throws DataError where extra_json is malformed.
nlohmann::ordered_json message_object(const Message& message);

}  // namespace rondo::text
