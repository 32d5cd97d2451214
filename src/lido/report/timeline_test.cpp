// SPDX-License-Identifier: Apache-2.0
#include "lido/report/timeline.h"

#include <gtest/gtest.h>

namespace lido::report {
namespace {

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(AxisTicks, AreRoundAndFewEnough) {
  EXPECT_EQ(axis_ticks(14, 8), (std::vector<double>{0, 2, 4, 6, 8, 10, 12, 14}));
  EXPECT_EQ(axis_ticks(200, 8), (std::vector<double>{0, 30, 60, 90, 120, 150, 180}));
  EXPECT_EQ(axis_ticks(7200, 8), (std::vector<double>{0, 1800, 3600, 5400, 7200}));
  for (const double duration_s : {0.001, 1.0, 27.3, 3599.0, 86400.0, 1e7}) {
    const auto ticks = axis_ticks(duration_s, 8);
    EXPECT_LE(ticks.size(), 8u) << duration_s;
    EXPECT_LE(ticks.back(), duration_s + 1e-9);
  }
}

TEST(Shortened, KeepsHeadAndTail) {
  EXPECT_EQ(shortened("clip.mp4", 32), "clip.mp4");
  EXPECT_EQ(shortened("abcdefghijklmnop", 9), "abc...nop");
}

TEST(Shortened, KeepsCharactersWhole) {
  const std::string text = "ääääääää";  // 16 bytes
  const std::string cut = shortened(text, 10);
  EXPECT_LE(cut.size(), 10u);
  EXPECT_EQ(cut, "ä...ää");
}

TEST(Timeline, PlacesBarsOnTheAxis) {
  Timeline timeline(10);
  timeline.start_row("pool.mp4");
  timeline.add_bar(2.5, 5, "red");
  // The axis has 860 pixels from 220 on.
  EXPECT_TRUE(contains(timeline.svg("x"), "<rect x=435.0 y=4 width=215.0 height=14 rx=3"))
      << timeline.svg("x");
}

TEST(Timeline, CutsBarsAtTheAxisAndKeepsShortOnesVisible) {
  Timeline timeline(10);
  timeline.start_row("a");
  timeline.add_bar(8, 99, "red");
  timeline.start_row("b");
  timeline.add_thin_bar(1, 1, "blue");
  EXPECT_TRUE(contains(timeline.svg("x"), "<rect x=908.0 y=4 width=172.0"));
  EXPECT_TRUE(contains(timeline.svg("x"), "<rect x=306.0 y=43 width=2.0 height=4 fill=\"blue\""));
}

TEST(Timeline, EscapesNamesAndLinksThem) {
  Timeline timeline(10);
  timeline.start_row("a<b>.mp4", "#clip-1");
  const std::string svg = timeline.svg("what & when");
  EXPECT_TRUE(contains(svg, "<a href=\"#clip-1\"><text x=0 y=16>a&lt;b&gt;.mp4</text></a>")) << svg;
  EXPECT_TRUE(contains(svg, "aria-label=\"what &amp; when\""));
}

TEST(Timeline, HasATimeAxis) {
  Timeline timeline(130);
  timeline.start_row("a");
  const std::string svg = timeline.svg("x");
  for (const char* text : {">0:00.0<", ">0:30.0<", ">2:00.0<"}) EXPECT_TRUE(contains(svg, text));
}

TEST(Timeline, ShowsARemark) {
  Timeline timeline(10);
  timeline.start_row("a");
  timeline.add_remark(5, "broken at 0:05.0");
  EXPECT_TRUE(contains(timeline.svg("x"), "class=remark>broken at 0:05.0</text>"));
}

}  // namespace
}  // namespace lido::report
