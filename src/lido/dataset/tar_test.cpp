// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/tar.h"

#include <gtest/gtest.h>

namespace lido::dataset {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string archive_of(const std::vector<std::pair<std::string, std::string>>& files) {
  std::string archive;
  for (const auto& [name, content] : files) append_tar_entry(archive, name, content);
  archive += tar_end();
  return archive;
}

TEST(Tar, GivesBackWhatWentIn) {
  const std::string full(512, 'x');
  const std::string archive = archive_of({{"a.json", "{}"}, {"b.jpg", full}, {"empty", ""}});
  EXPECT_EQ(archive.size() % 512, 0U);
  const auto entries = read_tar(bytes_of(archive));
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 3U);
  EXPECT_EQ((*entries)[0].name, "a.json");
  EXPECT_EQ((*entries)[1].content.size(), 512U);
  EXPECT_TRUE((*entries)[2].content.empty());
}

TEST(Tar, RefusesEveryCut) {
  const std::string archive = archive_of({{"a", std::string(700, 'x')}});
  for (const size_t size : {1UZ, 511UZ, 512UZ, 700UZ, 1211UZ}) {
    const auto entries = read_tar(bytes_of(archive).first(size));
    ASSERT_FALSE(entries) << size;
    EXPECT_EQ(entries.error().code, ErrorCode::kCorrupt);
  }
}

TEST(Tar, RefusesADamagedHeader) {
  const std::string good = archive_of({{"a", "content"}});
  for (size_t at = 0; at < 345; ++at) {    // what follows is empty
    if (at == 154 || at == 155) continue;  // what ends the checksum's own field
    std::string damaged = good;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x15);
    EXPECT_FALSE(read_tar(bytes_of(damaged))) << at;
  }
}

}  // namespace
}  // namespace lido::dataset
