// SPDX-License-Identifier: Apache-2.0
#include "lido/base/hash.h"

#include <gtest/gtest.h>

namespace lido {
namespace {

// Source: FIPS 180-4 examples.
TEST(Sha256, KnownAnswers) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256().update("a").update("bc").hex(), sha256_hex("abc"));
}

TEST(Sha256, StreamsOfAnyPiecesGiveOneHash) {
  const std::string text(1000, 'x');
  Sha256 hash;
  for (size_t at = 0, piece = 1; at < text.size(); at += piece++) {
    hash.update(std::string_view(text).substr(at, piece));
  }
  EXPECT_EQ(hash.hex(), sha256_hex(text));
}

// sha256sum of "7\0train\0a.mp4" begins with these 16 digits.
TEST(DeriveSeed, IsTheStartOfASha256) {
  EXPECT_EQ(derive_seed(7, {"train", "a.mp4"}), 0xe31fa6fd1d845545);
}

TEST(DeriveSeed, DependsOnEveryNameAndTheirBounds) {
  EXPECT_EQ(derive_seed(1, {"a", "b"}), derive_seed(1, {"a", "b"}));
  EXPECT_NE(derive_seed(1, {"a", "b"}), derive_seed(2, {"a", "b"}));
  EXPECT_NE(derive_seed(1, {"a", "b"}), derive_seed(1, {"ab"}));
  EXPECT_NE(derive_seed(1, {"a", "b"}), derive_seed(1, {"b", "a"}));
}

}  // namespace
}  // namespace lido
