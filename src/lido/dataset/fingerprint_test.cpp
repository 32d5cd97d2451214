// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/fingerprint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "lido/base/hash.h"

namespace lido::dataset {
namespace {

/// A file in memory.
class Bytes final : public storage::Reader {
 public:
  explicit Bytes(std::string bytes) : bytes_(std::move(bytes)) {}
  int64_t size() const override { return std::ssize(bytes_); }
  size_t request_size() const override { return 1; }
  Result<size_t> read_at(int64_t offset, std::span<std::byte> into) override {
    if (offset >= size()) return 0;
    const size_t count = std::min(into.size(), bytes_.size() - static_cast<size_t>(offset));
    std::memcpy(into.data(), bytes_.data() + offset, count);
    return count;
  }

 private:
  std::string bytes_;
};

std::string pieces_of(std::string bytes) {
  Bytes reader(std::move(bytes));
  return fingerprint_of(reader)->pieces;
}

std::string noise(size_t size) {
  std::string bytes(size, '\0');
  uint32_t state = 1;
  for (char& byte : bytes) byte = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return bytes;
}

TEST(Fingerprint, SeesEveryByteOfASmallFile) {
  const std::string bytes = noise(70'001);
  const std::string print = pieces_of(bytes);
  EXPECT_EQ(pieces_of(bytes), print);
  for (const size_t at : {0UL, 35'000UL, 65'536UL, 70'000UL}) {
    std::string other = bytes;
    other[at] ^= 1;
    EXPECT_NE(pieces_of(other), print) << at;
  }
  EXPECT_NE(pieces_of(""), pieces_of(std::string(1, '\0')));
  EXPECT_TRUE(is_whole(5 * 65'536));
  EXPECT_FALSE(is_whole(5 * 65'536 + 1));
}

TEST(Fingerprint, SeesTheEndsAndThreePlacesOfALargeFile) {
  const std::string bytes = noise(10 << 20);
  const std::string print = pieces_of(bytes);
  const size_t last = bytes.size() - 65'536;
  for (const size_t at :
       {size_t{0}, last / 4 + 5, last / 2 + 5, last / 4 * 3 + 5, bytes.size() - 1}) {
    std::string other = bytes;
    other[at] ^= 1;
    EXPECT_NE(pieces_of(other), print) << at;
  }
  std::string between = bytes;
  between[1 << 20] ^= 1;
  EXPECT_EQ(pieces_of(between), print) << "hash_all() decides";
  Bytes a(bytes), b(between);
  EXPECT_NE(*hash_all(a), *hash_all(b));
  EXPECT_EQ(*hash_all(a), sha256_hex(bytes));
}

TEST(Fingerprint, KeepsTheChecksumOfEarlierVersions) {
  const std::string bytes = noise(200'000);
  Bytes reader(bytes);
  EXPECT_EQ(fingerprint_of(reader)->ends,
            sha256_hex("200000" + bytes.substr(0, 65'536) + bytes.substr(200'000 - 65'536)));
}

}  // namespace
}  // namespace lido::dataset
