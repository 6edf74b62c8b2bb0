// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/tokenizer/tokenizer.h"

#include <algorithm>
#include <set>
#include <utility>

#include "rondo/base/parallel.h"
#include "rondo/text/files.h"
#include "rondo/text/tokenizer/added_tokens.h"
#include "rondo/text/tokenizer/decoders/decoder.h"
#include "rondo/text/tokenizer/json_numbers.h"
#include "rondo/text/tokenizer/models/model.h"
#include "rondo/text/tokenizer/normalizers/normalizer.h"
#include "rondo/text/tokenizer/post_processor.h"
#include "rondo/text/tokenizer/pre_tokenizers/pre_tokenizer.h"
#include "rondo/text/unicode/unicode.h"

namespace rondo::text {
namespace {

// Offsets are 32 bits, and rewriting may lengthen a text (an ideograph between spaces, bytes as characters).
constexpr size_t kLongestText = size_t{1} << 29;
// Texts that a thread takes at a time.
constexpr size_t kBlock = 16;

bool has(const Json& root, const char* name) { return root.contains(name) && !root.at(name).is_null(); }

// Positions in a text whose ill-formed bytes were replaced -> positions in the text as given.
AlignedText repair(std::string_view text) {
  AlignedText repaired{std::string(text)};
  TextEditor editor(repaired);
  for (size_t pos = 0; pos < text.size();) {
    const size_t begin = pos;
    std::string character;
    append_utf8(character, next_code_point(text, pos));
    if (text.substr(begin, pos - begin) == character) {
      editor.keep(begin, pos);
    } else {
      editor.put(character, begin, pos);
    }
  }
  editor.finish(repaired);
  return repaired;
}

}  // namespace

struct Tokenizer::Impl {
  std::unique_ptr<Normalizer> normalizer;
  std::unique_ptr<PreTokenizer> pre_tokenizer;
  std::unique_ptr<TokenModel> model;
  std::unique_ptr<AddedTokens> added;
  std::unique_ptr<Decoder> decoder;
  PostTemplate post = plain_template();

  explicit Impl(const Json& root) {
    if (!root.is_object() || !has(root, "model"))
      throw ModelError("tokenizer is malformed: no model; is this a tokenizer.json?");
    if (has(root, "normalizer")) normalizer = make_normalizer(root.at("normalizer"));
    if (has(root, "pre_tokenizer")) pre_tokenizer = make_pre_tokenizer(root.at("pre_tokenizer"));
    model = make_model(root.at("model"));
    const Json none = Json::array();
    added = std::make_unique<AddedTokens>(has(root, "added_tokens") ? root.at("added_tokens") : none,
                                          model->vocabulary(), normalizer.get());
    if (has(root, "decoder")) decoder = make_decoder(root.at("decoder"));
    if (has(root, "post_processor")) post = read_post_processor(root.at("post_processor"));
    // Reading raw bytes saves writing the text in the byte alphabet first.
    if (pre_tokenizer != nullptr && model->read_bytes() && !pre_tokenizer->leave_bytes())
      model = make_model(root.at("model"));
  }

  const std::string* token(int32_t id) const {
    if (const AddedToken* token = added->by_id(id)) return &token->decoded;
    return model->vocabulary().token(id);
  }

  Encoding encode_plain(std::string_view text) const {
    if (text.size() > kLongestText)
      throw DataError("text is too long for the tokenizer: " + std::to_string(text.size()) +
                      " bytes, at most 2^29; cut it");
    if (is_valid_utf8(text)) return encode_valid(std::string(text));
    const AlignedText repaired = repair(text);
    Encoding encoding = encode_valid(std::string(repaired.view()));
    for (TextSpan& span : encoding.offsets) {
      span = span.begin < span.end ? repaired.origin(span.begin, span.end) : repaired.insertion_point(span.begin);
    }
    return encoding;
  }

  Encoding encode_valid(std::string text) const {
    PieceList list = added->cut(std::move(text), normalizer.get());
    if (pre_tokenizer != nullptr) pre_tokenizer->apply(list);
    Encoding encoding;
    std::vector<ModelToken> tokens;
    const std::string_view view = list.text.view();
    for (const Piece& piece : list.pieces) {
      tokens.clear();
      if (piece.id >= 0) {
        tokens.push_back({piece.id, {0, piece.end - piece.begin}});
      } else {
        model->tokenize(view.substr(piece.begin, piece.end - piece.begin), tokens);
      }
      for (const ModelToken& token : tokens) {
        encoding.ids.push_back(token.id);
        const uint32_t begin = piece.begin + token.span.begin, end = piece.begin + token.span.end;
        encoding.offsets.push_back(begin < end ? list.text.origin(begin, end) : TextSpan{});
      }
    }
    encoding.is_added.assign(encoding.ids.size(), 0);
    encoding.type_ids.assign(encoding.ids.size(), 0);
    return encoding;
  }

  static Encoding arrange(const std::vector<TemplatePart>& parts, const Encoding& first, const Encoding& second) {
    Encoding result;
    for (const TemplatePart& part : parts) {
      if (part.kind == TemplatePart::kToken) {
        result.ids.push_back(part.id);
        result.offsets.push_back({});
        result.is_added.push_back(1);
        result.type_ids.push_back(part.type_id);
        continue;
      }
      const Encoding& text = part.kind == TemplatePart::kFirst ? first : second;
      result.ids.insert(result.ids.end(), text.ids.begin(), text.ids.end());
      result.offsets.insert(result.offsets.end(), text.offsets.begin(), text.offsets.end());
      result.is_added.insert(result.is_added.end(), text.ids.size(), 0);
      result.type_ids.insert(result.type_ids.end(), text.ids.size(), part.type_id);
    }
    return result;
  }
};

Tokenizer::Tokenizer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Tokenizer Tokenizer::load(const std::string& path) { return from_json(read_text_file(path), path); }

Tokenizer Tokenizer::from_json(std::string_view json, const std::string& name) {
  try {
    return from_tree(parse_tokenizer_json(json), name);
  } catch (const nlohmann::json::exception& error) {
    throw ModelError("tokenizer does not load: " + name + ": " + error.what() + "; is the file cut or damaged?");
  }
}

Tokenizer Tokenizer::from_tree(const nlohmann::json& tree, const std::string& name) {
  try {
    return Tokenizer(std::make_unique<Impl>(tree));
  } catch (const nlohmann::json::exception& error) {
    throw ModelError("tokenizer does not load: " + name + ": " + error.what() + "; is the file cut or damaged?");
  } catch (const Error& error) {
    throw ModelError("tokenizer does not load: " + name + ": " + error.what());
  }
}

Encoding Tokenizer::encode(std::string_view text, bool add_special_tokens) const {
  Encoding plain = impl_->encode_plain(text);
  if (!add_special_tokens || impl_->post.single.size() == 1) return plain;
  return Impl::arrange(impl_->post.single, plain, {});
}

Encoding Tokenizer::encode_pair(std::string_view first, std::string_view second, bool add_special_tokens) const {
  return join_pair(impl_->encode_plain(first), impl_->encode_plain(second), add_special_tokens);
}

Encoding Tokenizer::join_pair(const Encoding& first, const Encoding& second, bool add_special_tokens) const {
  static constexpr TemplatePart kFirst{TemplatePart::kFirst, -1, 0}, kSecond{TemplatePart::kSecond, -1, 1};
  const std::vector<TemplatePart> plain = {kFirst, kSecond};
  return Impl::arrange(add_special_tokens ? impl_->post.pair : plain, first, second);
}

std::vector<int32_t> Tokenizer::encode_ids(std::string_view text, bool add_special_tokens) const {
  return encode(text, add_special_tokens).ids;
}

std::vector<std::vector<int32_t>> Tokenizer::encode_batch(std::span<const std::string> texts, bool add_special_tokens,
                                                          int threads) const {
  std::vector<std::vector<int32_t>> result(texts.size());
  parallel_for(texts.size(), {.threads = threads, .block = kBlock},
               [&](size_t i) { result[i] = encode_ids(texts[i], add_special_tokens); });
  return result;
}

std::string Tokenizer::decode(std::span<const int32_t> ids, bool skip_special) const {
  std::vector<std::string> tokens;
  for (const int32_t id : ids) {
    const std::string* token = impl_->token(id);
    if (token == nullptr || (skip_special && impl_->added->is_special(*token))) continue;
    tokens.push_back(*token);
  }
  if (impl_->decoder != nullptr) impl_->decoder->apply(tokens);
  std::string text;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (impl_->decoder == nullptr && i > 0) text += ' ';
    text += tokens[i];
  }
  return text;
}

std::optional<int32_t> Tokenizer::token_id(std::string_view token) const {
  if (const AddedToken* added = impl_->added->by_content(token)) return added->id;
  return impl_->model->vocabulary().id(token);
}

std::string Tokenizer::token(int32_t id) const {
  const std::string* token = impl_->token(id);
  return token == nullptr ? std::string() : *token;
}

bool Tokenizer::is_special(int32_t id) const {
  const std::string* token = impl_->token(id);
  return token != nullptr && impl_->added->is_special(*token);
}

int64_t Tokenizer::vocab_size() const {
  auto count = static_cast<int64_t>(impl_->model->vocabulary().size());
  std::set<std::string_view> extra;
  for (const AddedToken& token : impl_->added->tokens()) {
    if (!impl_->model->vocabulary().id(token.content)) extra.insert(token.content);
  }
  return count + static_cast<int64_t>(extra.size());
}

int64_t Tokenizer::id_limit() const {
  auto limit = static_cast<int64_t>(impl_->model->vocabulary().id_limit());
  for (const AddedToken& token : impl_->added->tokens()) limit = std::max(limit, int64_t{token.id} + 1);
  return limit;
}

std::vector<int32_t> Tokenizer::prefix_ids() const {
  std::vector<int32_t> ids;
  for (const TemplatePart& part : impl_->post.single) {
    if (part.kind != TemplatePart::kToken) break;
    ids.push_back(part.id);
  }
  return ids;
}

std::vector<int32_t> Tokenizer::suffix_ids() const {
  std::vector<int32_t> ids;
  for (auto part = impl_->post.single.rbegin(); part != impl_->post.single.rend(); ++part) {
    if (part->kind != TemplatePart::kToken) break;
    ids.insert(ids.begin(), part->id);
  }
  return ids;
}

}  // namespace rondo::text
