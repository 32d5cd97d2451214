// SPDX-License-Identifier: Apache-2.0
#include "lido/model/gesture_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "lido/base/test_folder.h"

namespace lido::model {
namespace {

const std::vector<std::string> kNames = {"stop", "ok"};

/// A row with a class and `cells` - 1 coordinates: 0, 1, 2, ...
std::string row(const std::string& label, int cells, const std::string& last = "") {
  std::string text = label;
  for (int i = 0; i + 2 < cells; ++i) text += fmt::format(",{}", i);
  return text + "," + (last.empty() ? std::to_string(cells - 2) : last) + "\n";
}

std::string error_of(std::string_view text) {
  const auto read = parse_gestures(text, "f.csv", kNames);
  return read ? "" : read.error().message;
}

TEST(GestureSet, ReadsHandsAndMotions) {
  const auto hands = parse_gestures("\xef\xbb\xbf" + row("1", 43) + "\r\n" + row("0", 43, "7e-1"),
                                    "/a/f.csv", kNames);
  ASSERT_TRUE(hands) << hands.error().message;
  EXPECT_EQ(hands->input, GestureInput());
  ASSERT_EQ(hands->samples.size(), 2U);
  EXPECT_EQ(hands->samples[0].label, 1);
  EXPECT_EQ(hands->samples[0].points[40], 40);
  EXPECT_EQ(hands->samples[1].points[41], 0.7F);
  EXPECT_EQ(hands->samples[1].name, "f.csv:3");
  const auto motion = *parse_gestures(row("0", 33), "f.csv", kNames);
  EXPECT_EQ(motion.input, (GestureInput{.motion = true, .frames = 16}));
  EXPECT_NE(motion.checksum, hands->checksum);
  EXPECT_EQ(motion.checksum, parse_gestures(row("0", 33), "g.csv", kNames)->checksum);
}

TEST(GestureSet, NamesLineAndValue) {
  EXPECT_EQ(error_of(""), "f.csv: no rows, want a class and points in each");
  EXPECT_EQ(error_of("\n \n"), "f.csv: no rows, want a class and points in each");
  EXPECT_EQ(error_of(row("0", 43) + row("2", 43)),
            "f.csv: line 2: the class is \"2\", want 0 to 1, the number of a name");
  EXPECT_EQ(error_of(row("-1", 43)),
            "f.csv: line 1: the class is \"-1\", want 0 to 1, the number of a name");
  EXPECT_EQ(error_of(row("label", 43)),
            "f.csv: line 1: the class is \"label\", want 0 to 1, the number of a name");
  EXPECT_EQ(error_of(row("0", 43, "nan")), "f.csv: line 1, column 43: \"nan\" is not a number");
  EXPECT_EQ(error_of(row("0", 43, "1e7")),
            "f.csv: line 1, column 43: 10000000 is not a coordinate, want 1000000 at most");
  EXPECT_EQ(error_of(row("0", 43) + row("0", 42)),
            "f.csv: line 2: 42 columns, want 43 as in the first row");
  EXPECT_EQ(error_of(row("0", 44)).substr(0, 35), "f.csv: line 1: 44 columns, want 43:");
  EXPECT_EQ(error_of(row("0", 7)).substr(0, 33), "f.csv: line 1: 7 columns, want 43");
  std::string same = "0";
  for (int i = 0; i < 42; ++i) same += ",5";
  EXPECT_EQ(error_of(same), "f.csv: line 1: all landmarks are at one point, want a hand");
  EXPECT_EQ(error_of(std::string_view("\0\xff,1\n", 5)).find('\n'), std::string::npos);
}

TEST(GestureSet, ReadsNamesOfClasses) {
  EXPECT_EQ(*parse_class_names("\xef\xbb\xbfOpen\r\nCounter Clockwise\n\n", "n.csv"),
            (std::vector<std::string>{"Open", "Counter Clockwise"}));
  const auto message = [](std::string_view text) {
    const auto names = parse_class_names(text, "n.csv");
    return names ? "" : names.error().message;
  };
  EXPECT_EQ(message("").substr(0, 40), "n.csv: no names of classes, want 2 or mo");
  EXPECT_EQ(message("one\n").substr(0, 40), "n.csv: the name of 1 class, want 2 or mo");
  EXPECT_EQ(message("a\nb\na\n"), "n.csv: line 3: \"a\" is there twice, want each name once");
  EXPECT_EQ(message("a,b\n").substr(0, 40), "n.csv: line 1: \"a,b\", want one name a li");
  EXPECT_EQ(message("\xff\xfe\n").substr(0, 20), "n.csv: line 1: \"??\",");
}

TEST(GestureSet, FilesThatAreMissingAreNamed) {
  const TestFolder folder;
  EXPECT_EQ(read_gestures((folder / "no.csv").string(), kNames).error().code, ErrorCode::kNotFound);
  std::ofstream(folder / "n.csv") << "a\nb\n";
  EXPECT_EQ(read_class_names((folder / "n.csv").string())->size(), 2U);
}

TEST(GestureSet, ABlockOfEachClassIsForValidation) {
  std::string text;
  for (int i = 0; i < 50; ++i) text += row(i < 30 ? "0" : "1", 33);
  const auto set = *parse_gestures(text, "f.csv", kNames);
  const auto split = *split_gestures(set, 12);  // the block with number 2 of 10
  EXPECT_EQ(split.val, (std::vector<size_t>{6, 7, 8, 34, 35}));
  EXPECT_EQ(split.train.size(), 45U);
  EXPECT_TRUE(std::ranges::none_of(
      split.train, [&](size_t i) { return std::ranges::find(split.val, i) != split.val.end(); }));
  const auto few = *parse_gestures(row("0", 33) + row("1", 33) + row("1", 33), "f.csv", kNames);
  EXPECT_EQ(split_gestures(few, 0).error().message,
            "f.csv: class 0 (stop) has 1 row, want 2 or more");
}

}  // namespace
}  // namespace lido::model
