// SPDX-License-Identifier: Apache-2.0
#include "text.h"

#include <gtest/gtest.h>

namespace lido::cli {
namespace {

TEST(Text, WritesSizesAndTimesForPeople) {
  EXPECT_EQ(human_bytes(999), "999 B");
  EXPECT_EQ(human_bytes(1.5e9), "1.5 GB");
  EXPECT_EQ(human_seconds(41), "41 s");
  EXPECT_EQ(human_seconds(2 * 3600 + 3 * 60), "2 h 03 min");
}

TEST(Text, PrintsNoBytesThatATerminalWouldObey) {
  EXPECT_EQ(printable("a\x1b[31mb\r\x07"), "a?[31mb??");
  EXPECT_EQ(printable("two\nlines"), "two lines");
  EXPECT_EQ(printable("Schwimmbad \xc3\xbc \xe2\x89\xa4"), "Schwimmbad \xc3\xbc \xe2\x89\xa4");
  EXPECT_EQ(printable("\xff\xc3"), "\\xFF\\xC3");
  EXPECT_EQ(printable("\xe2\x89"), "\\xE2\\x89");  // cut short
}

TEST(Text, CutsALongMessageInItsMiddle) {
  const std::string text = printable("begin" + std::string(100000, 'x') + "end");
  EXPECT_LT(text.size(), 1300u);
  EXPECT_TRUE(text.starts_with("begin") && text.ends_with("end"));
}

}  // namespace
}  // namespace lido::cli
