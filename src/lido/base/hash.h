// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace lido {

/// Computes the SHA-256 of a stream of bytes. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  /// Appends bytes to the stream.
  Sha256& update(std::span<const std::byte> bytes);
  Sha256& update(std::string_view text);
  /// Returns 64 lower-case hex digits, like `sha256sum`. Call once: the object cannot be used
  /// afterwards.
  std::string hex();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

/// Returns the SHA-256 of a text as 64 lower-case hex digits.
std::string sha256_hex(std::string_view text);

/// Derives a random seed from another seed and names: the first eight bytes of their SHA-256, most
/// significant first. Equal on every machine, compiler and standard library.
/// @param names  Order and boundaries count: {"ab"} and {"a", "b"} differ.
uint64_t derive_seed(uint64_t seed, std::initializer_list<std::string_view> names);

}  // namespace lido
