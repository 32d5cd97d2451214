// SPDX-License-Identifier: Apache-2.0
#include "lido/base/utf8.h"

#include <gtest/gtest.h>

namespace lido {
namespace {

// Truth: the Unicode Standard, tables 3-6 and 3-7, and Python's unicodedata.normalize.

TEST(Utf8, KnowsWhatIsNoCharacter) {
  for (const char* good : {"", "a.mp4", "caf\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x8f\x8a",
                           "\xed\x9f\xbf", "\xee\x80\x80", "\xf4\x8f\xbf\xbf"})
    EXPECT_TRUE(is_utf8(good)) << good;
  for (const char* bad :
       {"caf\xe9", "\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf0\x80\x80\xaf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\xff"})
    EXPECT_FALSE(is_utf8(bad)) << escape_bytes(bad);
}

TEST(Utf8, EscapesOnlyWhatIsNoCharacter) {
  EXPECT_EQ(escape_bytes("piscine_\xe9t\xe9.mp4"), "piscine_\\xE9t\\xE9.mp4");
  EXPECT_EQ(escape_bytes("\xc3\xa9\xc3"), "\xc3\xa9\\xC3");
  EXPECT_EQ(escape_bytes("a\\b"), "a\\b");
  EXPECT_TRUE(is_utf8(escape_bytes("\xff\xfe\xed\xa0\x80")));
}

TEST(Utf8, SpellingsOfTheSameCharactersAreEqual) {
  EXPECT_EQ(nfc("e\xcc\x81t\xc3\xa9"), "\xc3\xa9t\xc3\xa9");
  EXPECT_EQ(nfc("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab"), "\xed\x95\x9c") << "Hangul";
  EXPECT_EQ(nfc("\xe3\x81\x8b\xe3\x82\x99"), "\xe3\x81\x8c") << "kana with a voicing mark";
  EXPECT_EQ(nfc("s\xcc\x87\xcc\xa3"), "\xe1\xb9\xa9") << "two marks in either order";
  EXPECT_EQ(nfc("s\xcc\xa3\xcc\x87"), "\xe1\xb9\xa9");
  EXPECT_EQ(nfc("\xe9"), "\xe9") << "no UTF-8";
  EXPECT_NE(nfc("e"), nfc("\xc3\xa9"));
}

}  // namespace
}  // namespace lido
