// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "lido/base/result.h"

namespace lido {

/// Computes the MD5 of a stream of bytes, as storage servers want it to check an upload. Not for
/// secrets. Not thread-safe.
class Md5 {
 public:
  Md5();
  ~Md5();
  Md5(Md5&&) noexcept;
  Md5& operator=(Md5&&) noexcept;

  /// Appends bytes to the stream.
  Md5& update(std::span<const std::byte> bytes);
  /// Returns the 16 bytes of the hash. Call once: the object cannot be used afterwards.
  std::string bytes();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

/// Returns the HMAC-SHA-256 of a text (RFC 2104), 32 bytes.
std::string hmac_sha256(std::string_view key, std::string_view text);

/// Returns bytes as lower-case hex digits.
std::string hex_of(std::string_view bytes);

/// Returns random lower-case hex digits, for names that no other process has.
/// @param bytes  Half the number of digits.
std::string random_hex(size_t bytes);

/// Returns bytes in base64 (RFC 4648), with padding.
std::string base64(std::string_view bytes);
/// Returns the bytes of a text in base64 (RFC 4648). Any other character ends the text.
std::string from_base64(std::string_view text);
/// Returns bytes in base64 for URLs and tokens: '-' and '_' in place of '+' and '/', no padding.
std::string base64url(std::string_view bytes);

/// Signs a text with a private key by RSASSA-PKCS1-v1_5 with SHA-256 (RS256 of RFC 7518).
/// @param pem  The private key in PEM.
/// @return The bytes of the signature; kInvalidArgument when the key does not parse.
Result<std::string> sign_rs256(const std::string& pem, std::string_view text);

}  // namespace lido
