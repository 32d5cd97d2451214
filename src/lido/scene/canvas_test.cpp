// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/canvas.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace lido::scene {
namespace {

constexpr Color kWhite = {255, 255, 255};

class Drawing : public testing::Test {
 protected:
  int at(int x, int y) const { return image_.rgb[static_cast<size_t>(3 * (y * 200 + x))]; }
  /// Brightness-weighted centre of everything drawn, pixels from the edges.
  PixelPlace centre() const {
    double sum = 0, x_sum = 0, y_sum = 0;
    for (int y = 0; y < 120; ++y) {
      for (int x = 0; x < 200; ++x) {
        sum += at(x, y);
        x_sum += at(x, y) * (x + 0.5);
        y_sum += at(x, y) * (y + 0.5);
      }
    }
    return {x_sum / sum, y_sum / sum};
  }
  int drawn() const {
    int count = 0;
    for (int y = 0; y < 120; ++y)
      for (int x = 0; x < 200; ++x) count += at(x, y) > 0 ? 1 : 0;
    return count;
  }

  media::Image image_{200, 120, std::vector<uint8_t>(size_t{3} * 200 * 120)};
  Canvas canvas_{image_};
};

TEST_F(Drawing, ADiscIsAtAFractionOfAPixel) {
  canvas_.disc({60.25, 40.75}, 5, kWhite);
  EXPECT_NEAR(centre().x, 60.25, 0.1);
  EXPECT_NEAR(centre().y, 40.75, 0.1);
  int inside = 0;
  for (const uint8_t value : image_.rgb) inside += value > 127 ? 1 : 0;
  EXPECT_NEAR(inside / 3.0, M_PI * 5.5 * 5.5, 8);
}

TEST_F(Drawing, ARingIsHollow) {
  canvas_.ring({60.5, 40.5}, 8, kWhite, 1);
  EXPECT_EQ(at(60, 40), 0);
  EXPECT_GT(at(68, 40), 150);
  EXPECT_GT(at(60, 32), 150);
}

TEST_F(Drawing, DashesLeaveHalfOfALineOut) {
  canvas_.dashes({10, 60.5}, {170, 60.5}, kWhite, 1, 8);
  int on = 0;
  for (int x = 10; x < 170; ++x) on += at(x, 60) > 127 ? 1 : 0;
  EXPECT_NEAR(on, 80, 15);
}

TEST_F(Drawing, AnEllipseTurnsFromXTowardsY) {
  canvas_.ellipse({{100, 60}, 40, 10, M_PI / 4}, kWhite, 1);
  const int along = static_cast<int>(40 * std::sqrt(0.5));
  int lower_right = 0, upper_right = 0;
  for (int d = -2; d <= 2; ++d) {
    lower_right = std::max(lower_right, at(100 + along + d, 60 + along));
    upper_right = std::max(upper_right, at(100 + along + d, 60 - along));
  }
  EXPECT_GT(lower_right, 100);
  EXPECT_EQ(upper_right, 0);
}

TEST_F(Drawing, FillsByOpacity) {
  const std::vector<PixelPlace> square = {{20, 20}, {80, 20}, {80, 80}, {20, 80}};
  canvas_.fill(square, kWhite, 0.4);
  EXPECT_NEAR(at(50, 50), 0.4 * 255, 1);
  EXPECT_EQ(at(100, 50), 0);
}

TEST_F(Drawing, TextEndsWhereItsSideIs) {
  canvas_.text({100, 60}, "12.0 s", kWhite, 0.5, TextSide::kLeft);
  for (int y = 0; y < 120; ++y)
    for (int x = 101; x < 200; ++x) ASSERT_EQ(at(x, y), 0) << x;
  EXPECT_GT(drawn(), 50);
  EXPECT_NEAR(centre().x, 100 - Canvas::text_width("12.0 s", 0.5) / 2, 6);
}

TEST_F(Drawing, PlacesFarAwayAndNotANumberDrawNothingInside) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  canvas_.disc({1e300, -1e300}, 5, kWhite);
  canvas_.disc({-500, 50}, 5, kWhite);
  canvas_.dashes({nan, 5}, {10, 5}, kWhite, 1, 4);
  canvas_.dashes({-1e9, 5}, {1e9, 5}, kWhite, 1, 4);
  EXPECT_EQ(drawn(), 0);
}

}  // namespace
}  // namespace lido::scene
