// SPDX-License-Identifier: Apache-2.0
// Decoders that put words together.
#include <utility>

#include "rondo/text/tokenizer/decoders/decoder.h"

namespace rondo::text {
namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  if (from.empty()) return;
  for (size_t pos = text.find(from); pos != std::string::npos; pos = text.find(from, pos + to.size())) {
    text.replace(pos, from.size(), to);
  }
}

// Spaces that English puts nowhere; in the order in which the vocabularies' own tools apply them.
void clean_up(std::string& text) {
  static constexpr std::pair<std::string_view, std::string_view> kRules[] = {
      {" .", "."},   {" ?", "?"},           {" !", "!"},   {" ,", ","},     {" ' ", "'"},   {" n't", "n't"},
      {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (const auto& [from, to] : kRules) replace_all(text, from, to);
}

class WordPiece : public Decoder {
 public:
  explicit WordPiece(const Json& fields)
      : prefix_(field_or<std::string>(fields, "prefix", "##")), cleans_(field_or(fields, "cleanup", true)) {}
  void apply(std::vector<std::string>& tokens) const override {
    for (size_t i = 0; i < tokens.size(); ++i) {
      std::string& token = tokens[i];
      if (i > 0) token = token.starts_with(prefix_) ? token.substr(prefix_.size()) : " " + token;
      if (cleans_) clean_up(token);
    }
  }

 private:
  std::string prefix_;
  bool cleans_;
};

class BpeDecoder : public Decoder {
 public:
  explicit BpeDecoder(const Json& fields) : suffix_(field_or<std::string>(fields, "suffix", "</w>")) {}
  void apply(std::vector<std::string>& tokens) const override {
    for (size_t i = 0; i < tokens.size(); ++i) replace_all(tokens[i], suffix_, i + 1 < tokens.size() ? " " : "");
  }

 private:
  std::string suffix_;
};

// Connectionist temporal classification: repeats collapse, the pad token is a pause.
class Ctc : public Decoder {
 public:
  explicit Ctc(const Json& fields)
      : pad_(field_or<std::string>(fields, "pad_token", "<pad>")),
        delimiter_(field_or<std::string>(fields, "word_delimiter_token", "|")),
        cleans_(field_or(fields, "cleanup", true)) {}
  void apply(std::vector<std::string>& tokens) const override {
    std::vector<std::string> result;
    for (size_t i = 0; i < tokens.size(); ++i) {
      if (i > 0 && tokens[i] == tokens[i - 1]) continue;
      std::string token = tokens[i];
      replace_all(token, pad_, "");
      if (cleans_) {
        clean_up(token);
        replace_all(token, delimiter_, " ");
      }
      if (!token.empty()) result.push_back(std::move(token));
    }
    tokens = std::move(result);
  }

 private:
  std::string pad_, delimiter_;
  bool cleans_;
};

}  // namespace

std::unique_ptr<Decoder> make_word_piece_decoder(const Json& fields, int) {
  return std::make_unique<WordPiece>(fields);
}
std::unique_ptr<Decoder> make_bpe_decoder(const Json& fields, int) { return std::make_unique<BpeDecoder>(fields); }
std::unique_ptr<Decoder> make_ctc_decoder(const Json& fields, int) { return std::make_unique<Ctc>(fields); }

}  // namespace rondo::text
