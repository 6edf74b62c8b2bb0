// SPDX-License-Identifier: Apache-2.0
#include "apps/rondo/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>

#include "apps/rondo/cli.h"
#include "rondo/data/tokenise.h"
#include "rondo/text/unicode/unicode.h"

namespace rondo::cli {
namespace {

std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string name_of(const text::TextEncoder& encoder, std::optional<int32_t> id) {
  return id ? fmt::format("{} ({})", *id, encoder.tokenizer().token(*id)) : "none";
}

// Byte positions of a text in characters.
class CharacterPlaces {
 public:
  explicit CharacterPlaces(const std::string& text) : places_(text.size() + 1, 0) {
    for (size_t i = 0; i < text.size(); ++i) {
      const bool begins = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
      places_[i + 1] = places_[i] + (begins ? 1 : 0);
    }
  }
  size_t operator[](size_t byte) const { return places_[byte]; }

 private:
  std::vector<size_t> places_;
};

const char* part_of(const text::ExplainedResponse& explained, size_t pos) {
  const auto at = static_cast<int64_t>(pos);
  if (at < explained.encoded.prompt_tokens) return "prompt";
  const bool inside = at >= explained.encoded.response_begin && at < explained.encoded.response_end;
  const text::TextSpan& span = explained.offsets[pos];
  if (inside && span.begin < static_cast<uint32_t>(explained.prompt_bytes)) return "both";
  return inside ? "response" : "after";
}

void print_tokens(const text::TextEncoder& encoder, const text::ExplainedResponse& explained) {
  const CharacterPlaces places(explained.text);
  print_line("  pos       id  part      characters   piece");
  for (size_t i = 0; i < explained.encoded.ids.size(); ++i) {
    const int32_t id = explained.encoded.ids[i];
    const text::TextSpan& span = explained.offsets[i];
    const std::string range =
        span.begin < span.end ? fmt::format("{}..{}", places[span.begin], places[span.end]) : "added";
    print_line(fmt::format("{:>5} {:>8}  {:<8}  {:<11}  {}", i, id, part_of(explained, i), range,
                           quoted(encoder.tokenizer().token(id))));
  }
}

void print_warnings(const text::TextEncoder& encoder, const text::ExplainedResponse& explained) {
  const std::vector<int32_t>& ids = explained.encoded.ids;
  const auto bos = encoder.bos_id(), eos = encoder.eos_id();
  if (bos && ids.size() > 1 && ids[0] == *bos && ids[1] == *bos)
    print_line("note: BOS stands twice; use --bos single unless the model was trained so");
  if (bos && (ids.empty() || ids[0] != *bos) && !encoder.tokenizer().prefix_ids().empty())
    print_line("note: there is no BOS in front, although the tokenizer adds one");
  const bool has_eos =
      eos && std::find(ids.end() - std::min<std::ptrdiff_t>(2, std::ssize(ids)), ids.end(), *eos) != ids.end();
  if (eos && !has_eos)
    print_line("note: there is no EOS at the end; the model may have been trained with one (--eos force_last)");
  if (!explained.prompt_is_prefix)
    print_line(
        "note: the template rewrites the prompt once it is answered; the prompt part ends where both renderings part");
  if (explained.encoded.prompt_tokens == 0) print_line("note: the prompt has no token of its own; gates need one");
}

}  // namespace

void explain_response(const text::TextEncoder& encoder, const Prompt& prompt, const Message& response) {
  const text::ExplainedResponse explained = encoder.explain(prompt, response);
  const text::EncodedResponse& encoded = explained.encoded;
  const std::string hash = encoder.template_hash();
  print_line(fmt::format("policy: template={} bos={} eos={} pooling={}", hash.empty() ? "none" : "sha256:" + hash,
                         encoder.policy().bos, encoder.policy().eos, encoder.policy().pooling));
  print_line(fmt::format("BOS: {}  EOS: {}", name_of(encoder, encoder.bos_id()), name_of(encoder, encoder.eos_id())));
  print_line("rendered: " + quoted(explained.text));
  print_tokens(encoder, explained);
  print_line(fmt::format("{} tokens: prompt 0..{}, response {}..{}", encoded.ids.size(), encoded.prompt_tokens,
                         encoded.response_begin, encoded.response_end));
  const auto gate_ids = static_cast<int64_t>(encoder.encode_gate(prompt, {&encoded, 1}).size());
  const std::string gate = gate_ids > 0 ? std::to_string(gate_ids - 1) : "none";
  const std::string pooled = encoder.policy().pooling == "mean"
                                 ? "all"
                                 : std::to_string(data::token_response(encoded, encoder.policy()).pool_end - 1);
  print_line(fmt::format("score read at: {}  gate read at: {}", pooled, gate));
  print_warnings(encoder, explained);
}

}  // namespace rondo::cli
