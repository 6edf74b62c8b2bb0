// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/tokenizer/byte_alphabet.h"

#include "rondo/text/unicode/unicode.h"

namespace rondo::text {
namespace {

// Printable bytes of Latin-1 stand for themselves; the other 68 are numbered from U+0100 in byte order.
constexpr char32_t kFirstStandIn = 0x100;
constexpr size_t kStandIns = 68;

constexpr bool is_printable(unsigned byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

struct Alphabet {
  std::array<std::string, 256> characters;
  std::array<char, kStandIns> stand_ins;

  Alphabet() {
    size_t used = 0;
    for (unsigned byte = 0; byte < 256; ++byte) {
      if (is_printable(byte)) {
        characters[byte] = to_utf8(byte);
      } else {
        stand_ins[used] = static_cast<char>(byte);
        characters[byte] = to_utf8(kFirstStandIn + static_cast<char32_t>(used++));
      }
    }
  }
};

const Alphabet& alphabet() {
  static const Alphabet instance;
  return instance;
}

}  // namespace

const std::array<std::string, 256>& byte_characters() { return alphabet().characters; }

std::optional<std::string> bytes_of_characters(std::string_view text) {
  std::string bytes;
  for (size_t pos = 0; pos < text.size();) {
    const char32_t c = next_code_point(text, pos);
    if (c < 256 && is_printable(c)) {
      bytes += static_cast<char>(c);
    } else if (c >= kFirstStandIn && c < kFirstStandIn + kStandIns) {
      bytes += alphabet().stand_ins[c - kFirstStandIn];
    } else {
      return std::nullopt;
    }
  }
  return bytes;
}

}  // namespace rondo::text
