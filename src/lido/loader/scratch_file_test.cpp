// SPDX-License-Identifier: Apache-2.0
#include "lido/loader/scratch_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

namespace lido::loader {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

TEST(ScratchFile, ReadsWhatWasAppendedAcrossItsBuffer) {
  auto file = *ScratchFile::create();
  std::string all;
  for (int i = 0; i < 300; ++i) {
    const std::string piece(10000, static_cast<char>('a' + i % 26));
    all += piece;
    ASSERT_TRUE(file.append(bytes_of(piece)));
  }
  ASSERT_TRUE(file.flush());
  EXPECT_EQ(file.size(), std::ssize(all));
  std::string read(25000, '\0');
  ASSERT_TRUE(file.read_at(1'234'567, std::as_writable_bytes(std::span(read))));
  EXPECT_EQ(read, all.substr(1'234'567, read.size()));
}

TEST(ScratchFile, ChangesMadeInMemoryAreRead) {
  auto file = *ScratchFile::create();
  ASSERT_TRUE(file.append(bytes_of("dcba")));
  ASSERT_TRUE(file.with_memory([](std::span<std::byte> bytes) { std::ranges::sort(bytes); }));
  std::string read(4, '\0');
  ASSERT_TRUE(file.read_at(0, std::as_writable_bytes(std::span(read))));
  EXPECT_EQ(read, "abcd");
}

TEST(ScratchFile, RefusesToReadPastItsEnd) {
  auto file = *ScratchFile::create();
  ASSERT_TRUE(file.append(bytes_of("abc")));
  ASSERT_TRUE(file.flush());
  std::string read(4, '\0');
  const auto result = file.read_at(0, std::as_writable_bytes(std::span(read)));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kUnavailable);
}

TEST(ScratchFile, NamesTmpdirWhenThereIsNoFolder) {
  ::setenv("TMPDIR", "/nowhere/at/all", 1);
  const auto file = ScratchFile::create();
  ::unsetenv("TMPDIR");
  ASSERT_FALSE(file);
  EXPECT_TRUE(file.error().message.starts_with("TMPDIR: ")) << file.error().message;
}

}  // namespace
}  // namespace lido::loader
