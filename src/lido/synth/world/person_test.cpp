// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/person.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace lido::synth {
namespace {

TEST(Person, GrowsAsPublished) {
  for (double years = 1; years < 18; years += 0.5)
    EXPECT_GE(stature_of(years + 0.5, false).median_m, stature_of(years, false).median_m);
  EXPECT_NEAR(stature_of(30, false).median_m, 1.75, 0.02);
  EXPECT_NEAR(stature_of(30, true).median_m, 1.62, 0.02);
  EXPECT_NEAR(stature_of(5, true).median_m, 1.10, 0.03);
  // The table ends at 1 and 85 years.
  EXPECT_EQ(stature_of(0.2, true).median_m, stature_of(1, true).median_m);
  EXPECT_EQ(stature_of(99, true).median_m, stature_of(85, true).median_m);
}

TEST(Person, HasAnAgeGroup) {
  const auto group = [](double years) { return Person{.age_years = years}.group(); };
  EXPECT_EQ(group(3.9), AgeGroup::kToddler);
  EXPECT_EQ(group(4), AgeGroup::kChild);
  EXPECT_EQ(group(13), AgeGroup::kTeenager);
  EXPECT_EQ(group(18), AgeGroup::kAdult);
  EXPECT_EQ(group(65), AgeGroup::kElder);
}

TEST(Person, HasAMouthBelowTheTopOfTheHead) {
  for (const double years : {1.0, 5.0, 30.0, 80.0}) {
    const Person person{.age_years = years, .stature_m = stature_of(years, true).median_m};
    EXPECT_LT(person.mouth_m(), person.stature_m);
    EXPECT_GT(person.mouth_m(), 0.8 * person.stature_m);
  }
}

TEST(RandomPerson, HasAStatureOfThatAge) {
  Random random(1);
  for (int i = 0; i < 2000; ++i) {
    const Person person = random_person(random, 6, 6.5);
    EXPECT_GE(person.age_years, 6);
    EXPECT_LT(person.age_years, 6.5);
    const Stature stature = stature_of(person.age_years, person.female);
    EXPECT_LE(std::abs(person.stature_m - stature.median_m), 2.5 * stature.deviation_m + 1e-12);
  }
}

TEST(RandomDay, ComesInOrderWithDistinctIds) {
  for (int weekday = 0; weekday < 7; ++weekday) {
    Random random(static_cast<uint64_t>(weekday));
    const auto people = random_day(random, weekday, 1);
    EXPECT_TRUE(std::ranges::is_sorted(people, {}, &Person::arrives_s));
    std::set<int64_t> ids;
    for (const Person& person : people) {
      ids.insert(person.id);
      EXPECT_GT(person.leaves_s, person.arrives_s);
      EXPECT_GE(person.arrives_s, 7 * 3600);
      EXPECT_LT(person.arrives_s, 20 * 3600);
    }
    EXPECT_EQ(ids.size(), people.size());
    EXPECT_EQ(*ids.begin(), 1);
    EXPECT_EQ(std::ranges::count(people, true, &Person::is_cleaner), 1);
  }
}

TEST(RandomDay, GivesEveryToddlerAGrownUpOfItsParty) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    Random random(seed);
    const auto people = random_day(random, 6, 2);
    for (const Person& toddler : people) {
      EXPECT_EQ(toddler.group() == AgeGroup::kToddler, toddler.minded_by >= 0);
      if (toddler.minded_by < 0) continue;
      const auto minder = std::ranges::find(people, toddler.minded_by, &Person::id);
      ASSERT_NE(minder, people.end());
      EXPECT_TRUE(minder->minds_toddler);
      EXPECT_GE(minder->age_years, 18);
      EXPECT_EQ(minder->party, toddler.party);
    }
  }
}

TEST(RandomDay, IsBusierAtWeekendsAndWhenAsked) {
  const auto visitors = [](int weekday, double busy) {
    size_t count = 0;
    for (uint64_t seed = 0; seed < 100; ++seed) {
      Random random(seed);
      count += random_day(random, weekday, busy).size();
    }
    return static_cast<double>(count);
  };
  EXPECT_GT(visitors(6, 1), 1.3 * visitors(1, 1));
  EXPECT_NEAR(visitors(1, 4) / visitors(1, 1), 4, 0.8);
}

}  // namespace
}  // namespace lido::synth
