// SPDX-License-Identifier: Apache-2.0
#include "lido/base/box.h"

#include <gtest/gtest.h>

#include <random>

namespace lido {
namespace {

TEST(Iou, IsOneForEqualBoxesAndZeroForBoxesThatOnlyTouch) {
  const Box box{10, 20, 30, 40};
  EXPECT_DOUBLE_EQ(iou(box, box), 1);
  EXPECT_DOUBLE_EQ(iou(box, {40, 20, 5, 5}), 0);
  EXPECT_DOUBLE_EQ(iou(box, {10, 60, 30, 1}), 0);
  EXPECT_DOUBLE_EQ(iou({}, {}), 0) << "empty boxes have no union to divide by";
}

// Boxes on whole pixels: both areas can be counted.
TEST(Iou, AgreesWithCountedPixels) {
  std::mt19937 random(3);
  for (int round = 0; round < 500; ++round) {
    const auto draw = [&] {
      return Box{static_cast<double>(random() % 12), static_cast<double>(random() % 12),
                 static_cast<double>(1 + random() % 8), static_cast<double>(1 + random() % 8)};
    };
    const Box a = draw(), b = draw();
    int both = 0, either = 0;
    for (int y = 0; y < 20; ++y) {
      for (int x = 0; x < 20; ++x) {
        const auto covers = [&](const Box& box) {
          return x >= box.x && x < box.right() && y >= box.y && y < box.bottom();
        };
        both += covers(a) && covers(b) ? 1 : 0;
        either += covers(a) || covers(b) ? 1 : 0;
      }
    }
    EXPECT_DOUBLE_EQ(intersection(a, b), both);
    EXPECT_DOUBLE_EQ(iou(a, b), static_cast<double>(both) / either);
    EXPECT_DOUBLE_EQ(iou(a, b), iou(b, a));
  }
}

}  // namespace
}  // namespace lido
