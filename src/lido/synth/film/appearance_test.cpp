// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/appearance.h"

#include <gtest/gtest.h>

#include <cmath>

#include "lido/synth/testing.h"

namespace lido::synth {
namespace {

TEST(Appearance, HasSharesThatSumToOne) {
  Random random(1);
  for (int i = 0; i < 500; ++i) {
    const Appearance one = random_appearance(random, testing::person_of_age(30, i % 2 == 0));
    double sum = 0;
    for (const double share : one.build.origin) sum += share;
    EXPECT_NEAR(sum, 1, 1e-12);
    for (const Colour& colour : {one.skin, one.hair, one.cloth, one.trim}) {
      EXPECT_GE(colour.minCoeff(), 0);
      EXPECT_LE(colour.maxCoeff(), 1);
    }
  }
}

TEST(Appearance, DrawsSkinTonesUniformly) {
  // Half of the Monk scale's steps are darker than the middle of steps 5 and 6.
  Random random(2);
  int darker = 0;
  for (int i = 0; i < 4000; ++i)
    darker += random_appearance(random, testing::person_of_age(30)).skin.x() < 0.5F ? 1 : 0;
  EXPECT_NEAR(darker, 2000, 130);
}

TEST(Appearance, DressesCleaners) {
  Random random(3);
  Person cleaner = testing::person_of_age(40);
  cleaner.is_cleaner = true;
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(random_appearance(random, cleaner).wear, Appearance::Wear::kShirt);
}

TEST(Appearance, MakesOldHairGrey) {
  Random random(4);
  double spread_young = 0, spread_old = 0;
  for (int i = 0; i < 300; ++i) {
    const Colour young = random_appearance(random, testing::person_of_age(20)).hair,
                 old = random_appearance(random, testing::person_of_age(80)).hair;
    spread_young += young.maxCoeff() - young.minCoeff();
    spread_old += old.maxCoeff() - old.minCoeff();
  }
  EXPECT_LT(spread_old, 0.2 * spread_young);
}

TEST(ColourDifference, IsThatOfCie) {
  EXPECT_NEAR(colour_difference(Colour(1, 1, 1), Colour(0, 0, 0)), 100, 0.1);
  // L* of 18% grey is 49.5, by the CIE's tables.
  EXPECT_NEAR(colour_difference(Colour(0.18F, 0.18F, 0.18F), Colour(0, 0, 0)), 49.5, 0.1);
  // sRGB's red has L*a*b* (53.2, 80.1, 67.2).
  EXPECT_NEAR(colour_difference(Colour(1, 0, 0), Colour(0, 0, 0)),
              std::sqrt(53.2 * 53.2 + 80.1 * 80.1 + 67.2 * 67.2), 0.3);
}

TEST(RandomAppearance, LetsSomeSwimwearVanishAgainstTheFloor) {
  const Colour floor(0.75F, 0.86F, 0.88F);
  int vanish = 0, dark = 0;
  for (uint64_t seed = 0; seed < 600; ++seed) {
    Random random(seed);
    const Appearance look = random_appearance(random, testing::person_of_age(30), floor);
    vanish += colour_difference(look.cloth, floor) < 12 ? 1 : 0;
    dark += look.skin_tone > 5.5 ? 1 : 0;
  }
  EXPECT_NEAR(vanish, 100, 40);
  EXPECT_NEAR(dark, 300, 50);
}

}  // namespace
}  // namespace lido::synth
