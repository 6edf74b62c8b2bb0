// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/tokenizer/decoders/decoder.h"

#include <algorithm>
#include <utility>

#include "rondo/text/regex/pattern.h"
#include "rondo/text/tokenizer/byte_alphabet.h"
#include "rondo/text/tokenizer/metaspace.h"
#include "rondo/text/unicode/unicode.h"

namespace rondo::text {
namespace {

class ByteLevel : public Decoder {
 public:
  void apply(std::vector<std::string>& tokens) const override {
    std::string bytes;
    for (const std::string& token : tokens) {
      const auto plain = bytes_of_characters(token);
      bytes += plain ? *plain : token;
    }
    tokens = {replace_invalid_utf8(bytes)};
  }
};

class Metaspace : public Decoder {
 public:
  explicit Metaspace(MetaspaceOptions options) : options_(std::move(options)) {}
  void apply(std::vector<std::string>& tokens) const override {
    for (size_t i = 0; i < tokens.size(); ++i) {
      const bool drops = i == 0 && options_.prepend != PrependScheme::kNever;
      std::string out;
      const std::string& token = tokens[i];
      for (size_t pos = 0; pos < token.size();) {
        if (token.compare(pos, options_.replacement.size(), options_.replacement) == 0) {
          if (!drops) out += ' ';
          pos += options_.replacement.size();
        } else {
          out += token[pos++];
        }
      }
      tokens[i] = std::move(out);
    }
  }

 private:
  MetaspaceOptions options_;
};

class Replace : public Decoder {
 public:
  Replace(Pattern pattern, std::string content) : pattern_(std::move(pattern)), content_(std::move(content)) {}
  void apply(std::vector<std::string>& tokens) const override {
    for (std::string& token : tokens) token = pattern_.replace_all(token, content_);
  }

 private:
  Pattern pattern_;
  std::string content_;
};

// Tokens <0xHH> in a row are bytes; a row that is not UTF-8 gives one U+FFFD per byte.
class ByteFallback : public Decoder {
 public:
  void apply(std::vector<std::string>& tokens) const override {
    std::vector<std::string> result;
    std::string bytes;
    const auto flush = [&] {
      if (bytes.empty()) return;
      if (is_valid_utf8(bytes)) {
        result.push_back(bytes);
      } else {
        for (size_t i = 0; i < bytes.size(); ++i) result.emplace_back(kReplacementCharacter);
      }
      bytes.clear();
    };
    for (std::string& token : tokens) {
      const int byte = byte_of(token);
      if (byte >= 0) {
        bytes += static_cast<char>(byte);
      } else {
        flush();
        result.push_back(std::move(token));
      }
    }
    flush();
    tokens = std::move(result);
  }

 private:
  static int byte_of(const std::string& token) {
    if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return -1;
    int value = 0;
    for (size_t i = 3; i < 5; ++i) {
      const auto c = static_cast<unsigned char>(token[i]);
      if (std::isxdigit(c) == 0) return -1;
      value = value * 16 + (std::isdigit(c) != 0 ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
  }
};

class Fuse : public Decoder {
 public:
  void apply(std::vector<std::string>& tokens) const override {
    std::string whole;
    for (const std::string& token : tokens) whole += token;
    tokens = {std::move(whole)};
  }
};

// Up to `start` leading and `stop` trailing copies of a character, off every string.
class Strip : public Decoder {
 public:
  explicit Strip(const Json& fields)
      : content_(field<std::string>(fields, "content")),
        start_(field_or<int64_t>(fields, "start", 0)),
        stop_(field_or<int64_t>(fields, "stop", 0)) {
    if (content_.empty()) throw ModelError("tokenizer is malformed: Strip: content is empty; name a character");
  }
  void apply(std::vector<std::string>& tokens) const override {
    for (std::string& token : tokens) {
      std::string_view rest = token;
      for (int64_t i = 0; i < start_ && rest.starts_with(content_); ++i) rest.remove_prefix(content_.size());
      for (int64_t i = 0; i < stop_ && rest.ends_with(content_); ++i) rest.remove_suffix(content_.size());
      token = std::string(rest);
    }
  }

 private:
  std::string content_;
  int64_t start_, stop_;
};

class SequenceDecoder : public Decoder {
 public:
  explicit SequenceDecoder(std::vector<std::unique_ptr<Decoder>> members) : members_(std::move(members)) {}
  void apply(std::vector<std::string>& tokens) const override {
    for (const auto& member : members_) member->apply(tokens);
  }

 private:
  std::vector<std::unique_ptr<Decoder>> members_;
};

template <typename Kind>
std::unique_ptr<Decoder> make_plain(const Json&, int) {
  return std::make_unique<Kind>();
}
std::unique_ptr<Decoder> make_metaspace_decoder(const Json& fields, int) {
  return std::make_unique<Metaspace>(read_metaspace(fields));
}
std::unique_ptr<Decoder> make_replace_decoder(const Json& fields, int) {
  return std::make_unique<Replace>(Pattern(field<Json>(fields, "pattern")), field<std::string>(fields, "content"));
}
std::unique_ptr<Decoder> make_strip_decoder(const Json& fields, int) { return std::make_unique<Strip>(fields); }
std::unique_ptr<Decoder> make_sequence(const Json& fields, int depth) {
  return std::make_unique<SequenceDecoder>(make_members(fields, "decoders", depth, &make_decoder));
}

constexpr ComponentRow<Decoder> kRows[] = {
    {"BPEDecoder", &make_bpe_decoder},     {"ByteFallback", &make_plain<ByteFallback>},
    {"ByteLevel", &make_plain<ByteLevel>}, {"CTC", &make_ctc_decoder},
    {"Fuse", &make_plain<Fuse>},           {"Metaspace", &make_metaspace_decoder},
    {"Replace", &make_replace_decoder},    {"Sequence", &make_sequence},
    {"Strip", &make_strip_decoder},        {"WordPiece", &make_word_piece_decoder},
};

}  // namespace

std::unique_ptr<Decoder> make_decoder(const Json& fields, int depth) {
  return make_component<Decoder>("decoder", kRows, fields, depth);
}

}  // namespace rondo::text
