// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/spray.h"

#include <gtest/gtest.h>

#include "lido/synth/testing.h"

namespace lido::synth {
namespace {

using testing::behaviours;
using testing::bodies;

/// One person in a film of four seconds.
class SprayTest : public ::testing::Test {
 protected:
  /// Follows a person who does one thing for `until_s`.
  Spray& follow(const char* behaviour, double until_s) {
    plan_.pool = testing::rectangle_pool();
    plan_.duration_s = 4;
    Person person = testing::person_of_age(25);
    person.at = geometry::Point{6, 3};
    person.script = {{*behaviours().find(behaviour), 60.0, 0}};
    crowd_.emplace(plan_.pool, behaviours(), std::vector{person}, std::vector<ScheduledIncident>{},
                   Random(5));
    timeline_.emplace(*crowd_, 0, plan_.duration_s);
    cast_ = {{1, {person, {}, bodies().figure(person, {})}}};
    context_.emplace(plan_, data_, *timeline_, cast_, water_);
    spray_.emplace(*context_, 7);
    spray_->advance_to(until_s);
    return *spray_;
  }
  static int count(const Spray& spray, double time_s, Particle::Kind kind) {
    int found = 0;
    for (const Particle& particle : spray.particles(time_s)) found += particle.kind == kind ? 1 : 0;
    return found;
  }

  FilmPlan plan_;
  FilmData data_{behaviours(), bodies()};
  Cast cast_;
  Water water_{0, Random(1)};
  std::optional<Crowd> crowd_;
  std::optional<Timeline> timeline_;
  std::optional<FilmContext> context_;
  std::optional<Spray> spray_;
};

TEST_F(SprayTest, FliesWhereHandsCrossTheSurface) {
  int drops = 0;
  const Spray& spray = follow("front_crawl", 0);
  for (double time_s = 0.05; time_s < 3.9; time_s += 0.05) {
    spray_->advance_to(time_s);
    for (const Particle& particle : spray.particles(time_s)) {
      if (particle.kind != Particle::Kind::kDrop) continue;
      ++drops;
      EXPECT_GT(particle.at.z(), -0.05);
      EXPECT_LT(particle.at.z(), 2.5);
    }
  }
  EXPECT_GT(drops, 50);
  EXPECT_GT(spray.stir_of(1), 0.1);
}

TEST_F(SprayTest, LeavesAMotionlessBodyAlone) {
  const Spray& spray = follow("motionless_on_bottom", 3);
  EXPECT_TRUE(spray.particles(3).empty());  // neither drops nor breath
  EXPECT_LT(spray.stir_of(1), 0.05);
  EXPECT_EQ(spray.stir_of(2), 0);  // no such person
}

TEST_F(SprayTest, BreathesBubblesThatRise) {
  Spray& spray = follow("holding_breath", 3);
  EXPECT_GT(count(spray, 3, Particle::Kind::kBubble), 3);
  for (const Particle& particle : spray.particles(3)) EXPECT_LT(particle.at.z(), 0.05);
}

TEST_F(SprayTest, IsTheSameForEveryFrameRate) {
  const auto all = follow("splashing", 3).particles(3);
  Spray& slow = follow("splashing", 1);
  slow.advance_to(2);
  slow.advance_to(3);
  const auto again = slow.particles(3);
  ASSERT_EQ(all.size(), again.size());
  for (size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].at, again[i].at);
}

}  // namespace
}  // namespace lido::synth
