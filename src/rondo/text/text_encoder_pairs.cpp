// SPDX-License-Identifier: Apache-2.0
// Two responses of one prompt as one sequence, for pairwise models; the header is text/text_encoder.h.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "rondo/base/error.h"
#include "rondo/text/text_encoder.h"

namespace rondo::text {
namespace {

constexpr const char* kSource = "<|source|>";
constexpr const char* kCandidates[] = {"<|candidate1|>", "<|candidate2|>"};
constexpr const char* kContext = "[CONTEXT] ";
constexpr const char* kAnswers[] = {"A", "B"};

// The turns of a prompt in the plain form that RLHFlow's pairwise models were trained on.
std::string context_of(const Prompt& prompt) {
  std::string context = "\n";
  if (prompt.is_plain) {
    context += "\n<turn> user\n " + prompt.text;
  } else {
    for (const Message& m : prompt.messages) context += "\n<turn> " + m.role + "\n " + m.content;
  }
  return context + "\n";
}

// A prompt as PairRM reads it: the question itself, or the turns with their speakers.
std::string source_of(const Prompt& prompt) {
  if (prompt.is_plain) return prompt.text;
  if (prompt.messages.size() == 1) return prompt.messages.front().content;
  std::string source;
  for (const Message& m : prompt.messages) source += (source.empty() ? "" : "\n") + m.role + ": " + m.content;
  return source;
}

}  // namespace

std::vector<int64_t> TextEncoder::answer_tokens() const {
  std::vector<int64_t> tokens;
  for (const char* answer : kAnswers) {
    const std::vector<int32_t> ids = tokenizer_.encode_ids(answer, false);
    if (ids.size() != 1) {
      throw ModelError(
          fmt::format("the tokenizer does not fit a pairwise language model: '{}' is {} tokens, and the answer is read "
                      "off the logit of one",
                      answer, ids.size()));
    }
    tokens.push_back(ids.front());
  }
  if (tokens[0] == tokens[1])
    throw ModelError(
        "the tokenizer does not fit a pairwise language model: it cannot tell its two answers 'A' and 'B'");
  return tokens;
}

TextEncoder::MarkedPiece TextEncoder::encode_marked(const char* mark, const std::string& text) const {
  const std::optional<int32_t> id = tokenizer_.token_id(mark);
  if (!id) {
    throw ModelError(
        fmt::format("the tokenizer does not fit a pairwise model with marks: it has no token {}; was tokenizer.json "
                    "saved by PairRM's own tokenizer?",
                    mark));
  }
  MarkedPiece piece{.ids = tokenizer_.encode_ids(mark + text, true)};
  const auto found = std::find(piece.ids.begin(), piece.ids.end(), *id);
  RONDO_ASSERT(found != piece.ids.end(), "an added token is cut out of the text before anything else");
  piece.mark = found - piece.ids.begin();
  return piece;
}

std::vector<EncodedPair> TextEncoder::encode_marked_pairs(const Prompt& prompt, std::span<const Message> responses,
                                                          std::span<const ResponsePair> pairs) const {
  const MarkedPiece source = encode_marked(kSource, source_of(prompt));
  std::map<std::pair<int32_t, size_t>, MarkedPiece> candidates;
  const auto candidate = [&](int32_t response, size_t place) -> const MarkedPiece& {
    const auto [found, is_new] = candidates.try_emplace({response, place});
    if (is_new) found->second = encode_marked(kCandidates[place], responses[static_cast<size_t>(response)].content);
    return found->second;
  };
  std::vector<EncodedPair> encoded;
  for (const ResponsePair& pair : pairs) {
    EncodedPair& out = encoded.emplace_back(EncodedPair{.ids = source.ids, .marks = {source.mark}});
    // Behind the mark, and in front of what the tokenizer puts at the end.
    out.cut_begin = source.mark + 1;
    out.cut_end = std::max(out.cut_begin, static_cast<int64_t>(source.ids.size() - tokenizer_.suffix_ids().size()));
    for (size_t place = 0; place < 2; ++place) {
      const MarkedPiece& piece = candidate(place == 0 ? pair.first : pair.second, place);
      out.marks.push_back(static_cast<int64_t>(out.ids.size()) + piece.mark);
      out.ids.insert(out.ids.end(), piece.ids.begin(), piece.ids.end());
    }
  }
  return encoded;
}

EncodedPair TextEncoder::encode_question(const std::string& context, const std::string& rest) const {
  const std::string question = context + rest;
  std::string text = question;
  if (chat_template_) {
    Prompt prompt{.is_plain = false,
                  .text = "",
                  .messages = {{"user", question, ""}},
                  .tools_json = "",
                  .template_kwargs_json = ""};
    text = chat_template_->render(prompt, {}, policy_.pairwise == "answer");
  }
  const bool is_answered = policy_.pairwise == "answer";
  if (policy_.eos == "append" && !is_answered) close_text(text);
  Encoding encoding = tokenizer_.encode(text, policy_.use_pair);
  if (!policy_.use_pair) {
    apply_bos(encoding);
    // After a generation header the model speaks: nothing ends here.
    if (!is_answered) apply_eos(encoding);
  }
  // What may be cut lies behind the name of the context: the frame of the turn stays.
  const size_t found = text.find(context);
  const size_t begin = found == std::string::npos ? text.size() : found + std::string_view(kContext).size();
  const size_t end = found == std::string::npos ? 0 : found + context.size();
  EncodedPair out;
  for (const TextSpan& span : encoding.offsets) {
    out.cut_begin += span.end <= begin;
    out.cut_end += span.end <= end;
  }
  out.cut_end = std::max(out.cut_begin, out.cut_end);
  out.ids = std::move(encoding.ids);
  return out;
}

std::vector<EncodedPair> TextEncoder::encode_pairs(const Prompt& prompt, std::span<const Message> responses,
                                                   std::span<const ResponsePair> pairs) const {
  RONDO_ASSERT(policy_.pairwise != "none", "only pairwise models read pairs");
  check_turns(prompt);
  const auto is_more_than_text = [](const Message& m) { return !m.extra_json.empty(); };
  if (!prompt.tools_json.empty() || std::ranges::any_of(prompt.messages, is_more_than_text) ||
      std::ranges::any_of(responses, is_more_than_text)) {
    throw DataError(
        "tools or further keys of a message: a pairwise model reads texts alone, and would not see them; take them out "
        "or judge with a model that reads one conversation at a time");
  }
  const auto checked = [&](std::vector<EncodedPair> encoded) {
    for (size_t k = 0; k < encoded.size(); ++k)
      check_ids(encoded[k].ids,
                fmt::format("responses {} and {} of {}", pairs[k].first + 1, pairs[k].second + 1, responses.size()));
    return encoded;
  };
  if (policy_.pairwise == "marks") return checked(encode_marked_pairs(prompt, responses, pairs));
  const std::string context = kContext + context_of(prompt);
  std::vector<EncodedPair> encoded;
  for (const ResponsePair& pair : pairs) {
    const std::string& first = responses[static_cast<size_t>(pair.first)].content;
    const std::string& second = responses[static_cast<size_t>(pair.second)].content;
    encoded.push_back(encode_question(context, " [RESPONSE A] " + first + " [RESPONSE B] " + second + " \n"));
  }
  return checked(std::move(encoded));
}

}  // namespace rondo::text
