// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/log_reader.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

namespace lido::cluster {
namespace {

/// Returns the last lines of a text, and whether they are all.
std::pair<std::string_view, bool> tail_of(std::string_view text, int lines) {
  size_t begin = text.size();
  for (int i = 0; i <= lines; ++i) {
    const size_t end = begin == 0 ? text.npos : text.rfind('\n', begin - 1);
    if (end == text.npos) return {text, true};
    if (i == lines) return {text.substr(end + 1), false};
    begin = end;
  }
  return {text.substr(begin), false};
}

TEST(LogReader, ReadsAGrowingLogOnceFromItsEnds) {
  std::mt19937 random(3);
  std::string log, read;
  LogReader reader;
  for (int step = 0; step < 400; ++step) {
    // Lines of different lengths, some repeated, and one that is not complete yet.
    for (uint32_t i = random() % 8; i > 0; --i)
      log += random() % 3 == 0 ? std::string("working\n")
                               : fmt::format("{}{}\n", step, std::string(random() % 200, 'x'));
    const std::string now = log + "partial";
    std::optional<std::string> lines;
    for (int count = 16; !lines; count *= 2) {
      const auto [tail, is_whole] = tail_of(now, count);
      lines = reader.push(tail, is_whole);
      ASSERT_TRUE(lines || !is_whole) << step;
    }
    read += *lines;
    ASSERT_EQ(read, log) << step;
  }
  EXPECT_GT(log.size(), 50'000u);
}

TEST(LogReader, CountsEqualLinesWhileTheWholeLogIsShort) {
  LogReader reader;
  EXPECT_EQ(reader.push("a\na\n", true), "a\na\n");
  EXPECT_EQ(reader.push("a\na\na\n", true), "a\n");
  EXPECT_EQ(reader.push("a\na\na\n", true), "");
}

TEST(LogReader, ReportsAGap) {
  LogReader reader;
  EXPECT_EQ(reader.push("1\n2\n", true), "1\n2\n");
  EXPECT_EQ(reader.push("8\n9\n", false), std::nullopt);
  EXPECT_EQ(reader.push("1\n2\n3\n4\n", false), "3\n4\n");
  EXPECT_EQ(reader.restart("8\n9\nhalf"), "8\n9\n");
  EXPECT_EQ(reader.push("9\nhalf a line\n", false), std::nullopt);
  EXPECT_EQ(reader.push("8\n9\nhalf a line\n", false), "half a line\n");
}

TEST(LogReader, StartsAgainWithANewLog) {
  LogReader reader;
  EXPECT_EQ(reader.push("old\n", true), "old\n");
  EXPECT_EQ(reader.push("new\n", true), "new\n");
  EXPECT_EQ(reader.push("", true), "");
}

}  // namespace
}  // namespace lido::cluster
