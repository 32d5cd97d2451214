// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/body/body.h"

#include <gtest/gtest.h>

#include <cmath>

#include "lido/synth/testing.h"

namespace lido::synth {
namespace {

using testing::bodies;
using testing::person_of_age;
using testing::slurp;

TEST(Bodies, AreAsTallAsTheirStature) {
  for (const bool female : {false, true}) {
    for (double age = 1; age < 90; age += 2.5) {
      const Person person = person_of_age(age, female);
      const Figure figure = bodies().figure(person, {});
      double low = 1e9, high = -1e9;
      for (const Eigen::Vector3f& p : figure.vertices[static_cast<size_t>(Mesh::kNear)]) {
        low = std::min<double>(low, p.y());
        high = std::max<double>(high, p.y());
      }
      EXPECT_NEAR(high - low, person.stature_m, 1e-5) << age;
      EXPECT_NEAR(low, 0, 1e-5);
      // The mouth is where the tracks have it, within half a head.
      EXPECT_NEAR(figure.face[5].y(), person.mouth_m(), 0.03 * person.stature_m) << age;
    }
  }
}

// Shares of stature: Snyder and others 1977 (UM-HSRI-77-17, children's sitting height and head) and
// Drillis and Contini 1966 (adults' limbs), within a tenth of the stature.
TEST(Bodies, HaveHumanProportions) {
  for (const auto& [age, leg, head] :
       {std::tuple(1.5, 0.40, 0.22), std::tuple(6.0, 0.46, 0.19), std::tuple(30.0, 0.50, 0.13),
        std::tuple(75.0, 0.50, 0.13)}) {
    const Person person = person_of_age(age, true);
    const Figure figure = bodies().figure(person, {});
    const double hip = figure.joints[bodies().bone("thigh_l")].y() / person.stature_m;
    EXPECT_NEAR(hip, leg, 0.06) << age;
    const double high = 1 - figure.face[5].y() / person.stature_m;
    EXPECT_NEAR(high + 0.04, head, 0.05) << age;
    EXPECT_GT(figure.joints[bodies().bone("upperarm_l")].x(), 0);  // left is x > 0
    EXPECT_GT(figure.face[0].z(), figure.face[3].z());             // noses are in front
  }
}

TEST(Bodies, RefuseBrokenFiles) {
  const std::string good = slurp(LIDO_BODIES);
  for (const size_t length : {size_t{0}, size_t{7}, size_t{100}, good.size() / 2, good.size() - 1})
    EXPECT_FALSE(Bodies::read(good.substr(0, length), "b")) << length;
  Random random(4);
  for (int i = 0; i < 60; ++i) {
    std::string broken = good;
    for (int k = 0; k < 5; ++k)
      broken[static_cast<size_t>(random.whole(0, 4000))] = static_cast<char>(random.whole(0, 255));
    (void)Bodies::read(broken, "b");  // refused or read, never a crash
  }
}

}  // namespace
}  // namespace lido::synth
