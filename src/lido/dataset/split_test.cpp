// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/split.h"

#include <gtest/gtest.h>

#include <map>

namespace lido::dataset {
namespace {

TEST(Split, SharesAreKept) {
  const auto shares = *parse_split("80/10/10");
  std::map<std::string_view, int> counts;
  for (int i = 0; i < 10000; ++i) ++counts[split_of("group-" + std::to_string(i), shares, 0)];
  EXPECT_NEAR(counts["train"], 8000, 150);
  EXPECT_NEAR(counts["val"], 1000, 120);
  EXPECT_NEAR(counts["test"], 1000, 120);
}

TEST(Split, AllInOneWhenAsked) {
  const auto shares = *parse_split("0/0/1");
  for (int i = 0; i < 100; ++i) EXPECT_EQ(split_of(std::to_string(i), shares, 7), "test");
}

TEST(Split, SeedsDiffer) {
  const auto shares = *parse_split("1/1/1");
  int moved = 0;
  for (int i = 0; i < 300; ++i)
    moved += split_of(std::to_string(i), shares, 1) != split_of(std::to_string(i), shares, 2);
  EXPECT_GT(moved, 150);
}

TEST(Split, RefusesNonsense) {
  for (const char* text :
       {"", "80", "80/20", "0/0/0", "-1/1/1", "a/b/c", "80/10/10/0", "nan/1/1", "inf/1/1"}) {
    EXPECT_FALSE(parse_split(text)) << text;
  }
}

}  // namespace
}  // namespace lido::dataset
