// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/view_pair.h"

#include <gtest/gtest.h>

#include "lido/reconstruct/test_people.h"

namespace lido::reconstruct {
namespace {

TEST(ViewPair, HasTheErrorOfItsNoise) {
  const auto cameras = six_cameras();
  NoisySight sight(3, 2);
  // Sight lines in space are two-dimensional; only their distance counts: one is expected.
  double sum = 0;
  int count = 0;
  for (int k = 0; k < 40; ++k) {
    const Walker walker{{6 + 0.2 * k, 5, -1}, {1, 0, 0}};
    const auto seen = see(cameras, {walker.at(0)}, sight);
    for (size_t i = 0; i < seen.views.size(); ++i) {
      for (size_t j = i + 1; j < seen.views.size(); ++j) {
        const auto error2 = view_error2(
            with_sight_lines(cameras[seen.views[i].camera], seen.views[i]),
            with_sight_lines(cameras[seen.views[j].camera], seen.views[j]), test_space());
        if (!error2) continue;
        sum += *error2;
        ++count;
      }
    }
  }
  ASSERT_GT(count, 200);
  // A pixel off the axis is a smaller angle than one on it, by up to a half at 45 degrees.
  EXPECT_GT(sum / count, 0.25);
  EXPECT_LT(sum / count, 1.3);
}

TEST(ViewPair, HasALargeErrorForTwoPeople) {
  const auto cameras = six_cameras();
  NoisySight sight(3, 2);
  const auto one = see(cameras, {Walker{{6, 5, -1}, {1, 0, 0}}.at(0)}, sight);
  const auto other = see(cameras, {Walker{{8, 7, -1}, {1, 0, 0}}.at(0)}, sight);
  const PersonView &a = one.views.front(), &b = other.views.back();
  ASSERT_NE(a.camera, b.camera);
  const auto error2 = view_error2(with_sight_lines(cameras[a.camera], a),
                                  with_sight_lines(cameras[b.camera], b), test_space());
  EXPECT_GT(error2.value_or(100), 10);
}

}  // namespace
}  // namespace lido::reconstruct
