// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/csv.h"

#include <gtest/gtest.h>

namespace lido::dataset {
namespace {

std::string message_of(std::string_view bytes) {
  const auto table = parse_table(bytes, {"a", "b"}, {"c"});
  if (table) return "no error";
  EXPECT_EQ(table.error().code, ErrorCode::kInvalidArgument);
  return table.error().message;
}

TEST(Csv, KeepsTheLineOfEachRow) {
  const auto table = *parse_table("a,b\n1,2\n\n\n\"x\r\ny\",4\n5,6", {"a", "b"}, {});
  EXPECT_EQ(table.lines, (std::vector<size_t>{2, 5, 7}));
  EXPECT_EQ(table.place(1), "line 5");
  EXPECT_EQ(table.cell("a", 1), "x\r\ny");
  EXPECT_EQ(table.cell("b", 2), "6");
  EXPECT_EQ(table.cell("c", 0), "") << "an optional column that is not there";
}

TEST(Csv, ReadsQuotesLineEndsAndTheByteOrderMark) {
  for (const char* end : {"\n", "\r\n", "\r"}) {
    const std::string text =
        std::string("\xef\xbb\xbf") + "b,a" + end + "\"say \"\"l\"\"\",\"1,2\"";
    const auto table = parse_table(text, {"a", "b"}, {"c"});
    ASSERT_TRUE(table) << table.error().message;
    ASSERT_EQ(table->rows, 1U);
    EXPECT_EQ(table->cell("a", 0), "1,2");
    EXPECT_EQ(table->cell("b", 0), "say \"l\"");
  }
}

TEST(Csv, KeepsEmptyCells) {
  const auto table = *parse_table("a,b,c\n,,\nx,,\"\"\n", {"a", "b"}, {"c"});
  ASSERT_EQ(table.rows, 2U);
  EXPECT_EQ(table.cell("a", 0), "");
  EXPECT_EQ(table.cell("a", 1), "x");
  EXPECT_EQ(table.cell("c", 1), "");
}

TEST(Csv, NamesTheLineOfAMistake) {
  EXPECT_EQ(message_of("a,b\n1,2\n3\n"), "line 3: wrong number of cells, got 1, want 2");
  EXPECT_EQ(message_of("a,b\n\"1\n2\",2\n\"3\n"), "line 4: a quote is not closed");
  EXPECT_NE(message_of("a,b\n\"1\"x,2\n").find("line 2: text after a closing quote"),
            std::string::npos);
}

TEST(Csv, NamesTheColumnOfAMistake) {
  EXPECT_EQ(message_of("a,b,colour\n"), "unknown column \"colour\", want a, b and optionally c");
  EXPECT_EQ(message_of("a\n"), "no column \"b\", want a, b and optionally c");
  EXPECT_EQ(message_of("a,b,a\n"), "column \"a\" is there twice, want it once");
  EXPECT_EQ(message_of("\n\n"), "the file is empty, want a header line");
}

TEST(Csv, ShowsNoBinaryDataInMessages) {
  const std::string video("\x1a\x45\xdf\xa3\x00 a,b\n", 10);
  EXPECT_EQ(message_of(video), "neither CSV nor Parquet: byte 0 is 0x1a, want UTF-8 text");
  EXPECT_EQ(message_of("\xff,b\n"), "neither CSV nor Parquet: byte 0 is 0xff, want UTF-8 text");
  for (const std::string& message :
       {message_of("PAR1\x01\x02 and no Parquet"), message_of(video)}) {
    for (const char c : message) EXPECT_GE(c, ' ') << message;
  }
}

TEST(Csv, NamesTheFaultsOfSpreadsheets) {
  const std::string utf16_le(
      "\xff\xfe"
      "a\0,\0b\0\n\0",
      10),
      utf16_be("\xfe\xff\0a\0,\0b\0\n", 10);
  const std::string no_mark("a\0,\0b\0\n\0", 8);
  for (const std::string& text : {utf16_le, utf16_be, no_mark})
    EXPECT_EQ(message_of(text), "UTF-16 text, want UTF-8. Save the file as \"CSV UTF-8\".");
  EXPECT_EQ(message_of("a,b\n1,2\ncaf\xe9,1\n"),
            "line 3: byte 0xe9 is not UTF-8. Save the file as \"CSV UTF-8\".");
  EXPECT_EQ(message_of("a;b;c\n1;2;3\n"),
            "line 1: columns are separated by \";\", want commas, and a point in numbers. Save the "
            "file as CSV with commas.");
  EXPECT_TRUE(message_of("c\tb\ta\n").starts_with("line 1: columns are separated by tabs"));
  EXPECT_TRUE(message_of("sep=;\na;b\n").starts_with("line 1: \"sep=;\" is for spreadsheets"));
  EXPECT_EQ(parse_number("1,5").error().message,
            "\"1,5\" is not a number, want a point before its decimals");
}

TEST(InQuotes, HidesControlCharactersAndCutsLongText) {
  EXPECT_EQ(in_quotes("soon"), "\"soon\"");
  EXPECT_EQ(in_quotes("a\x1b[2J\nb"), "\"a?[2J b\"");
  EXPECT_EQ(in_quotes(std::string(100, 'x')), "\"" + std::string(60, 'x') + "...\"");
  EXPECT_EQ(in_quotes(std::string(59, 'x') + "ü!"), "\"" + std::string(59, 'x') + "...\"")
      << "no half characters";
}

TEST(Number, IsFiniteAndWhole) {
  EXPECT_EQ(*parse_number("-1.5e3"), -1500);
  for (const char* text : {"", " 1", "1 ", "1x", "nan", "inf", "0x10", "1,5"})
    EXPECT_FALSE(parse_number(text)) << text;
}

}  // namespace
}  // namespace lido::dataset
