// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/text_encoder.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "rondo/base/error.h"
#include "rondo/base/nearest.h"
#include "rondo/text/files.h"
#include "rondo/text/tokenizer/config_tokens.h"
#include "rondo/text/tokenizer/json_fields.h"
#include "rondo/text/tokenizer/json_numbers.h"
#include "rondo/text/tokenizer/transformers_class.h"

namespace rondo::text {
namespace {

template <size_t kCount>
void check_name(const char* what, const std::string& name, const char* const (&known)[kCount]) {
  const std::vector<std::string> names(std::begin(known), std::end(known));
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    throw ConfigError("text policy is not usable: " + unknown_name_message(what, name, names));
  }
}

size_t common_prefix(std::string_view a, std::string_view b) {
  const size_t most = std::min(a.size(), b.size());
  return static_cast<size_t>(std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(most), b.begin()).first -
                             a.begin());
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\n\v\f\r";
  const size_t begin = text.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) + 1 - begin);
}

void insert_front(Encoding& encoding, int32_t id) {
  encoding.ids.insert(encoding.ids.begin(), id);
  encoding.offsets.insert(encoding.offsets.begin(), TextSpan{});
  encoding.is_added.insert(encoding.is_added.begin(), 1);
}

void append_token(Encoding& encoding, int32_t id) {
  encoding.ids.push_back(id);
  encoding.offsets.push_back({});
  encoding.is_added.push_back(1);
}

// Where the response's text stands in the rendering: templates may trim it.
TextSpan locate(std::string_view text, size_t from, std::string_view content) {
  for (const std::string_view wanted : {content, trimmed(content)}) {
    const size_t begin = wanted.empty() ? std::string_view::npos : text.find(wanted, from);
    if (begin != std::string_view::npos)
      return {static_cast<uint32_t>(begin), static_cast<uint32_t>(begin + wanted.size())};
  }
  if (trimmed(content).empty()) return {static_cast<uint32_t>(from), static_cast<uint32_t>(from)};
  return {static_cast<uint32_t>(from), static_cast<uint32_t>(text.size())};
}

void measure(const Encoding& encoding, size_t prompt_bytes, const TextSpan& response, EncodedResponse& out) {
  const auto count = static_cast<int64_t>(encoding.ids.size());
  int64_t prompt_tokens = 0;
  bool seen_text = false;
  for (; prompt_tokens < count; ++prompt_tokens) {
    const TextSpan& span = encoding.offsets[static_cast<size_t>(prompt_tokens)];
    const bool is_added = encoding.is_added[static_cast<size_t>(prompt_tokens)] != 0;
    if (is_added && seen_text) break;  // an EOS after an empty response
    if (span.end > prompt_bytes) break;
    seen_text = seen_text || !is_added;
  }
  out.prompt_tokens = prompt_tokens;
  out.response_begin = prompt_tokens;
  while (out.response_begin < count && encoding.is_added[static_cast<size_t>(out.response_begin)] == 0 &&
         encoding.offsets[static_cast<size_t>(out.response_begin)].end <= response.begin) {
    ++out.response_begin;
  }
  out.response_end = out.response_begin;
  while (out.response_end < count && encoding.is_added[static_cast<size_t>(out.response_end)] == 0 &&
         encoding.offsets[static_cast<size_t>(out.response_end)].begin < response.end) {
    ++out.response_end;
  }
}

std::optional<int32_t> id_of(const Tokenizer& tokenizer, const std::string& token) {
  return token.empty() ? std::nullopt : tokenizer.token_id(token);
}

}  // namespace

void check_policy(const TextPolicy& policy) {
  check_name("bos", policy.bos, kBosNames);
  check_name("eos", policy.eos, kEosNames);
  check_name("pooling", policy.pooling, kPoolingNames);
  check_name("gate", policy.gate, kGateReadNames);
  check_name("system", policy.system, kSystemNames);
  check_name("pairwise", policy.pairwise, kPairwiseNames);
}

TextEncoder::TextEncoder(Tokenizer tokenizer, std::optional<ChatTemplate> chat_template, TextPolicy policy,
                         SpecialTokens tokens)
    : tokenizer_(std::move(tokenizer)), chat_template_(std::move(chat_template)), policy_(std::move(policy)) {
  check_policy(policy_);
  if (policy_.pairwise != "none" && policy_.pooling == "response_end")
    throw ConfigError("pooling=response_end: a pairwise model reads two responses; choose sequence_end, mean or first");
  if (policy_.pairwise == "turn" && policy_.eos == "force_last" && !chat_template_) {
    throw ConfigError(
        "eos=force_last overwrites the last token, and in the sequence of a pairwise model that is one of the second "
        "response; choose ensure");
  }
  if (!policy_.use_template || policy_.use_pair) chat_template_.reset();
  if (chat_template_ && policy_.clock) chat_template_->set_clock(*policy_.clock);
  const std::vector<int32_t> prefix = tokenizer_.prefix_ids(), suffix = tokenizer_.suffix_ids();
  bos_id_ = id_of(tokenizer_, tokens.get("bos_token"));
  if (!bos_id_ && !prefix.empty()) bos_id_ = prefix.front();
  eos_id_ = id_of(tokenizer_, tokens.get("eos_token"));
  if (!eos_id_ && !suffix.empty()) eos_id_ = suffix.back();
  // A word tokenizer of ours names its EOS by convention only.
  if (!eos_id_) eos_id_ = tokenizer_.token_id("</s>");
  const bool needs_bos = policy_.bos == "single" || policy_.bos == "double";
  if (needs_bos && !bos_id_) {
    throw ModelError("text policy does not fit the tokenizer: bos=" + policy_.bos +
                     ": there is no bos_token; name one in tokenizer_config.json or use bos=auto");
  }
  if ((policy_.eos == "force_last" || policy_.eos == "append") && !eos_id_) {
    throw ModelError("text policy does not fit the tokenizer: eos=" + policy_.eos +
                     ": there is no eos_token; name one in tokenizer_config.json or use eos=as_is");
  }
}

std::string TextEncoder::template_hash() const { return chat_template_ ? chat_template_->hash() : std::string(); }

void TextEncoder::check_turns(const Prompt& prompt) const {
  const auto is_system = [](const Message& message) { return message.role == "system"; };
  if (policy_.system == "refuse" && std::any_of(prompt.messages.begin(), prompt.messages.end(), is_system)) {
    throw DataError(
        "prompt has a system turn: this model was trained without (text policy system=refuse); take the turn out");
  }
}

std::string TextEncoder::render_prompt(const Prompt& prompt) const {
  check_turns(prompt);
  if (chat_template_) return chat_template_->render(prompt, {}, true);
  if (prompt.is_plain || !prompt.text.empty()) return prompt.text;
  throw DataError(
      "prompt cannot be encoded: it is a conversation of " + std::to_string(prompt.messages.size()) +
      " messages, and the model has no chat template in use; give the model a chat_template.jinja or plain prompts");
}

std::string TextEncoder::render_full(const Prompt& prompt, const Message& response) const {
  if (!chat_template_) return render_prompt(prompt) + response.content;
  Message turn = response;
  if (turn.role.empty()) turn.role = "assistant";
  return chat_template_->render(prompt, {turn}, false);
}

size_t TextEncoder::probe_boundary(const Prompt& prompt) const {
  // Two answers that share no beginning: what their renderings share lies before the response.
  const std::string first = render_full(prompt, {.role = "assistant", .content = "A", .extra_json = ""});
  const std::string second = render_full(prompt, {.role = "assistant", .content = "B", .extra_json = ""});
  return common_prefix(first, second);
}

TextEncoder::Boundary TextEncoder::find_boundary(const std::string& prompt_text, const std::string& full,
                                                 const Prompt& prompt) const {
  if (full.starts_with(prompt_text)) return {prompt_text.size(), true};
  const size_t shared = common_prefix(prompt_text, full);
  try {
    return {std::min(shared, probe_boundary(prompt)), false};
  } catch (const DataError&) {
    // A template may refuse the probes and yet take the response.
    return {shared, false};
  }
}

void TextEncoder::apply_bos(Encoding& encoding) const {
  const auto leading = [&] {
    size_t count = 0;
    while (bos_id_ && count < encoding.ids.size() && encoding.ids[count] == *bos_id_) ++count;
    return count;
  };
  const auto drop_front = [&](size_t count) {
    const auto end = static_cast<std::ptrdiff_t>(count);
    encoding.ids.erase(encoding.ids.begin(), encoding.ids.begin() + end);
    encoding.offsets.erase(encoding.offsets.begin(), encoding.offsets.begin() + end);
    encoding.is_added.erase(encoding.is_added.begin(), encoding.is_added.begin() + end);
  };
  if (!chat_template_ && policy_.bos == "auto") {
    const std::vector<int32_t> prefix = tokenizer_.prefix_ids();
    const bool has_bos = bos_id_ && !prefix.empty() && prefix.back() == *bos_id_ && leading() > 0;
    // A text that begins with the BOS string has its BOS already.
    if (!has_bos) {
      for (auto id = prefix.rbegin(); id != prefix.rend(); ++id) insert_front(encoding, *id);
    }
  }
  size_t wanted = std::min<size_t>(leading(), 1);
  if (policy_.bos == "none") wanted = 0;
  if (policy_.bos == "single") wanted = 1;
  if (policy_.bos == "double") wanted = 2;
  if (leading() > wanted) drop_front(leading() - wanted);
  while (leading() < wanted) insert_front(encoding, *bos_id_);
}

int64_t TextEncoder::count_bos(const Encoding& encoding) const {
  size_t count = 0;
  const auto is_bos = [&](size_t pos) { return encoding.is_added[pos] != 0 || encoding.ids[pos] == bos_id_; };
  while (count < encoding.ids.size() && is_bos(count)) ++count;
  return static_cast<int64_t>(count);
}

void TextEncoder::check_ids(std::span<const int32_t> ids, const std::string& what) const {
  if (policy_.embedding_rows == 0) return;
  for (const int32_t id : ids) {
    if (id < policy_.embedding_rows) continue;
    throw DataError("a token has no embedding: " + what + ": " + tokenizer_.token(id) + " is token " +
                    std::to_string(id) + ", and the model's table has " + std::to_string(policy_.embedding_rows) +
                    " rows; take it out of the text");
  }
}

void TextEncoder::close_text(std::string& text) const {
  text.erase(text.find_last_not_of('\n') + 1);
  const std::string eos = tokenizer_.token(*eos_id_);
  if (!text.ends_with(eos)) text += " " + eos;
}

void TextEncoder::apply_eos(Encoding& encoding) const {
  if (policy_.eos == "force_last" || policy_.eos == "append") {
    if (encoding.ids.empty()) append_token(encoding, *eos_id_);
    encoding.ids.back() = *eos_id_;
    return;
  }
  if (chat_template_) return;
  const std::vector<int32_t> suffix = tokenizer_.suffix_ids();
  if (policy_.eos == "as_is" || !eos_id_) {
    for (const int32_t id : suffix) append_token(encoding, id);
    return;
  }
  // Exactly one: a text that ends with the EOS string keeps that one.
  while (encoding.ids.size() >= 2 && encoding.ids.back() == *eos_id_ &&
         encoding.ids[encoding.ids.size() - 2] == *eos_id_) {
    encoding.ids.pop_back();
    encoding.offsets.pop_back();
    encoding.is_added.pop_back();
  }
  if (encoding.ids.empty() || encoding.ids.back() != *eos_id_) append_token(encoding, *eos_id_);
}

ExplainedResponse TextEncoder::encode_rendered(const std::string& prompt_text, const Prompt& prompt,
                                               const Message& response) const {
  ExplainedResponse result;
  result.text = render_full(prompt, response);
  if (policy_.eos == "append") close_text(result.text);
  const Boundary boundary = find_boundary(prompt_text, result.text, prompt);
  result.prompt_bytes = static_cast<int64_t>(boundary.prompt_bytes);
  result.prompt_is_prefix = boundary.is_prefix;
  Encoding encoding = tokenizer_.encode(result.text, false);
  apply_bos(encoding);
  apply_eos(encoding);
  measure(encoding, boundary.prompt_bytes, locate(result.text, boundary.prompt_bytes, response.content),
          result.encoded);
  result.encoded.bos_tokens = count_bos(encoding);
  result.encoded.ids = std::move(encoding.ids);
  result.offsets = std::move(encoding.offsets);
  return result;
}

ExplainedResponse TextEncoder::encode_pair(const std::string& prompt_text, const Encoding& prompt,
                                           const Message& response) const {
  ExplainedResponse result;
  const Encoding second = tokenizer_.encode(response.content, false);
  Encoding encoding = tokenizer_.join_pair(prompt, second, true);
  size_t pos = 0;
  const auto skip_added = [&] {
    while (pos < encoding.ids.size() && encoding.is_added[pos] != 0) ++pos;
  };
  skip_added();
  pos += prompt.ids.size();
  skip_added();
  result.encoded.bos_tokens = count_bos(encoding);
  result.encoded.prompt_tokens = static_cast<int64_t>(pos);
  result.encoded.response_begin = static_cast<int64_t>(pos);
  result.encoded.response_end = static_cast<int64_t>(pos + second.ids.size());
  for (; pos < encoding.offsets.size(); ++pos) {
    TextSpan& span = encoding.offsets[pos];
    if (span.begin == span.end) continue;
    span = {static_cast<uint32_t>(span.begin + prompt_text.size()),
            static_cast<uint32_t>(span.end + prompt_text.size())};
  }
  result.text = prompt_text + response.content;
  result.prompt_bytes = static_cast<int64_t>(prompt_text.size());
  result.encoded.ids = std::move(encoding.ids);
  result.encoded.type_ids = std::move(encoding.type_ids);
  if (!policy_.token_types) std::ranges::fill(result.encoded.type_ids, 0);
  result.offsets = std::move(encoding.offsets);
  return result;
}

ExplainedResponse TextEncoder::explain(const Prompt& prompt, const Message& response) const {
  const std::string prompt_text = render_prompt(prompt);
  return policy_.use_pair ? encode_pair(prompt_text, tokenizer_.encode(prompt_text, false), response)
                          : encode_rendered(prompt_text, prompt, response);
}

std::vector<int32_t> TextEncoder::encode_gate(const Prompt& prompt, std::span<const EncodedResponse> responses) const {
  if (policy_.gate != "first_message" || policy_.use_pair)
    return render_prompt(prompt).empty() ? std::vector<int32_t>() : encode_prompt(prompt);
  if (responses.empty()) return {};
  Prompt first = prompt;
  if (!first.is_plain && first.messages.size() > 1) first.messages.resize(1);
  Encoding encoding =
      tokenizer_.encode(chat_template_ ? chat_template_->render(first, {}, false) : render_prompt(first), false);
  apply_bos(encoding);
  size_t length = encoding.ids.size();
  for (const EncodedResponse& response : responses) length = std::min(length, response.ids.size());
  const std::vector<int32_t>& ids = responses.front().ids;
  return {ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(length)};
}

EncodedResponse TextEncoder::encode(const Prompt& prompt, const Message& response) const {
  return explain(prompt, response).encoded;
}

std::vector<EncodedResponse> TextEncoder::encode_all(const Prompt& prompt, std::span<const Message> responses) const {
  const std::string prompt_text = render_prompt(prompt);
  std::vector<EncodedResponse> result;
  result.reserve(responses.size());
  const Encoding prompt_tokens = policy_.use_pair ? tokenizer_.encode(prompt_text, false) : Encoding();
  for (const Message& response : responses) {
    result.push_back(policy_.use_pair ? encode_pair(prompt_text, prompt_tokens, response).encoded
                                      : encode_rendered(prompt_text, prompt, response).encoded);
    check_ids(result.back().ids,
              "response " + std::to_string(result.size()) + " of " + std::to_string(responses.size()));
  }
  return result;
}

std::vector<int32_t> TextEncoder::encode_prompt(const Prompt& prompt) const {
  const std::string text = render_prompt(prompt);
  Encoding encoding = tokenizer_.encode(text, policy_.use_pair);
  if (!policy_.use_pair) apply_bos(encoding);
  check_ids(encoding.ids, "prompt");
  return std::move(encoding.ids);
}

std::string tokenizer_file(const std::string& model_dir) {
  const std::filesystem::path folder(model_dir);
  const auto plain = folder / "tokenizer.json", packed = folder / "tokenizer.json.gz";
  if (std::filesystem::exists(plain)) return plain.string();
  if (std::filesystem::exists(packed)) return packed.string();
  if (std::filesystem::exists(folder / "tokenizer.model")) {
    throw ModelError("tokenizer cannot be read: " + model_dir +
                     ": there is only tokenizer.model (SentencePiece), and no tokenizer.json; convert it: python3 -c "
                     "\"from transformers import AutoTokenizer as T; T.from_pretrained('" +
                     model_dir + "').save_pretrained('" + model_dir + "')\"");
  }
  return plain.string();
}

namespace {

TokenFiles token_files(const std::string& model_dir) {
  const std::filesystem::path folder(model_dir);
  const auto read = [&](const char* name) { return read_ordered_object((folder / name).string()); };
  return {.config = read("tokenizer_config.json"),
          .special_map = read("special_tokens_map.json"),
          .added_tokens = read("added_tokens.json")};
}

Json tokenizer_tree(const std::string& path) {
  try {
    return parse_tokenizer_json(read_text_file(path));
  } catch (const nlohmann::json::exception& error) {
    throw ModelError("tokenizer does not load: " + path + ": " + error.what() + "; is the file cut or damaged?");
  }
}

}  // namespace

Tokenizer load_tokenizer(const std::string& model_dir) {
  const std::string path = tokenizer_file(model_dir);
  Json tree = tokenizer_tree(path);
  add_config_tokens(token_files(model_dir), tree);
  return Tokenizer::from_tree(tree, path);
}

Tokenizer load_tokenizer_as_transformers(const std::string& model_dir, std::string* note) {
  const std::string path = tokenizer_file(model_dir);
  Json tree = tokenizer_tree(path);
  const TokenFiles files = token_files(model_dir);
  const std::string changed = rebuild_as_transformers(Json::parse(files.config.dump()), tree);
  add_config_tokens(files, tree);
  if (note != nullptr) *note = changed;
  return Tokenizer::from_tree(tree, path);
}

TextEncoder load_text_encoder(const std::string& model_dir, const TextPolicy& policy) {
  Tokenizer tokenizer = load_tokenizer_as_transformers(model_dir);
  std::optional<ChatTemplate> chat_template;
  if (policy.use_template && !policy.use_pair) chat_template = ChatTemplate::load(model_dir);
  TextPolicy read = policy;
  read.token_types = gives_token_types(token_files(model_dir).config);
  return TextEncoder(std::move(tokenizer), std::move(chat_template), read, read_special_tokens(model_dir));
}

}  // namespace rondo::text
