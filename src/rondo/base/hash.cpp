// SPDX-License-Identifier: Apache-2.0
#include "rondo/base/hash.h"

#include <openssl/evp.h>

#include <cstring>

#include "rondo/base/error.h"

namespace rondo {
namespace {

constexpr size_t kDigestBytes = 32;
using Digest = std::array<unsigned char, kDigestBytes>;

std::string to_hex(const Digest& digest) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

Digest digest_of(std::string_view bytes) {
  Digest digest;
  unsigned int length = 0;
  RONDO_ASSERT(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) == 1,
               "SHA-256 of a buffer cannot fail");
  return digest;
}

}  // namespace

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  RONDO_ASSERT(EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) == 1, "SHA-256 is always available");
}
Sha256::~Sha256() = default;

void Sha256::update(std::string_view bytes) { EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()); }

std::string Sha256::hex() {
  Digest digest;
  unsigned int length = 0;
  EVP_DigestFinal_ex(state_->context, digest.data(), &length);
  return to_hex(digest);
}

std::string sha256_hex(std::string_view bytes) { return to_hex(digest_of(bytes)); }

Hash128 hash128(std::string_view bytes) {
  const Digest digest = digest_of(bytes);
  Hash128 hash;
  std::memcpy(hash.data(), digest.data(), sizeof(hash));
  return hash;
}

}  // namespace rondo
