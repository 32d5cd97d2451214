// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/plot.h"

#include <gtest/gtest.h>

#include <cmath>

namespace lido::cluster {
namespace {

Plot small() {
  return {.title = "Pods & <jobs>",
          .x_name = "hours",
          .max_x = 10,
          .curves = {{"pods", "#0a0", {{0, 0}, {10, 4}}, ""}},
          .x_text = [](double x) { return std::to_string(static_cast<int>(x)); },
          .y_text = [](double y) { return std::to_string(static_cast<int>(y)); }};
}

TEST(RoundStep, DividesTheRangeIntoAtMostSoManyParts) {
  for (const double max : {0.07, 1.0, 3.3, 9.99, 10.0, 72.0, 1234.0, 9e6}) {
    for (const int parts : {4, 7, 8}) {
      const double step = round_step(max, parts);
      EXPECT_LE(max / step, parts + 1e-9) << max;
      EXPECT_GT(max / step, parts / 2.6) << max;
      // A round number: 1, 2 or 5 times a power of ten.
      const double leading = step / std::pow(10, std::floor(std::log10(step) + 1e-9));
      EXPECT_TRUE(std::abs(leading - 1) < 1e-9 || std::abs(leading - 2) < 1e-9 ||
                  std::abs(leading - 5) < 1e-9)
          << step;
    }
  }
}

TEST(RoundStep, IsOneForAnEmptyRange) {
  EXPECT_EQ(round_step(0, 7), 1);
  EXPECT_EQ(round_step(NAN, 7), 1);
}

TEST(Plot, MapsValuesToPixels) {
  const std::string svg = draw(small());
  // 720 x 400 pixels with margins of 80, 30, 60 and 50; the vertical axis ends 5% above 4.
  EXPECT_NE(svg.find("points=\"80.0,350.0 690.0,73.8 \""), std::string::npos) << svg;
}

TEST(Plot, EscapesTexts) {
  const std::string svg = draw(small());
  EXPECT_NE(svg.find(">Pods &amp; &lt;jobs></text>"), std::string::npos) << svg;
  EXPECT_EQ(svg.find("<jobs>"), std::string::npos);
}

TEST(Plot, NamesEachCurveAndMark) {
  Plot plot = small();
  plot.marks = {{"this month", "#00a", {5, 2}}};
  const std::string svg = draw(plot);
  EXPECT_NE(svg.find(">pods</text>"), std::string::npos);
  EXPECT_NE(svg.find("<circle cx=\"385.0\""), std::string::npos) << svg;
  EXPECT_NE(svg.find(">this month</text>"), std::string::npos);
}

TEST(Plot, FollowsTheColourSchemeOfItsReader) {
  EXPECT_NE(draw(small()).find("prefers-color-scheme: dark"), std::string::npos);
}

TEST(Plot, IsDrawnWithoutAnyPoint) {
  Plot plot = small();
  plot.curves[0].points.clear();
  EXPECT_NE(draw(plot).find("</svg>"), std::string::npos);
}

}  // namespace
}  // namespace lido::cluster
