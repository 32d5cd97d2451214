// SPDX-License-Identifier: Apache-2.0
#include "lido/storage/memory_reader.h"

#include <gtest/gtest.h>

#include <array>

namespace lido::storage {
namespace {

TEST(MemoryReader, EndsWhereTheBytesEnd) {
  const std::array<std::byte, 3> bytes{std::byte{1}, std::byte{2}, std::byte{3}};
  MemoryReader reader(bytes);
  EXPECT_EQ(reader.size(), 3);
  std::array<std::byte, 8> into{};
  EXPECT_EQ(*reader.read_at(1, into), 2U);
  EXPECT_EQ(into[0], std::byte{2});
  EXPECT_EQ(into[1], std::byte{3});
  EXPECT_EQ(into[2], std::byte{0}) << "bytes past the end stay untouched";
  EXPECT_EQ(*reader.read_at(3, into), 0U);
  EXPECT_EQ(*reader.read_at(-1, into), 0U);
}

}  // namespace
}  // namespace lido::storage
