// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/behaviour.h"

#include <gtest/gtest.h>

#include "lido/synth/testing.h"

namespace lido::synth {
namespace {

const std::string kGood =
    "  a:\n    place: deck\n    danger: none\n    duration: {median: 2, least: 1, most: 3}\n"
    "    path: stay\n    tilt: 0\n    next: {a: 1}\n    source: an assumption\n";

std::string error_of(const std::string& behaviours) {
  const auto read = Behaviours::read(*Yaml::parse("behaviours:\n" + behaviours, "b.yaml"));
  return read ? std::string("read") : read.error().message;
}

std::string changed(std::string_view what, std::string_view by) {
  std::string text = kGood;
  text.replace(text.find(what), what.size(), by);
  return text;
}

TEST(Behaviours, RefusesABadOneByItsLine) {
  EXPECT_EQ(error_of(kGood), "read");
  EXPECT_EQ(
      error_of(kGood + "    colour: red\n"),
      "b.yaml:10: behaviours.a.colour is not known here, want one of place, danger, duration, "
      "speed, path, head, tilt, face, limbs, turn, onset, weakens, sinks, drift, stands, depth, "
      "minds, ages, variants, next, source, over_floor, incidents");
  EXPECT_EQ(error_of(changed("{a: 1}", "{b: 1}")),
            "b.yaml:8: behaviours.a.next.b is 1, want a behaviour's name instead of b");
  EXPECT_EQ(error_of(changed("{a: 1}", "{}")),
            "b.yaml:8: behaviours.a.next is a map, want one behaviour or more");
  EXPECT_EQ(error_of(changed("least: 1", "least: 9")),
            "b.yaml:5: behaviours.a.duration.least is 9, want a number, 0 to 2");
  EXPECT_NE(error_of(changed("path: stay", "path: wander")).find("want a speed for a path that"),
            std::string::npos);
}

TEST(Behaviours, AreFoundByName) {
  const Behaviours& all = testing::behaviours();
  for (size_t i = 0; i < all.all().size(); ++i) EXPECT_EQ(*all.find(all[i].name), i);
  const auto missing = all.find("butterfly");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(missing.error().message.find("behaviour is butterfly, want one of walking, running"),
            0u);
  EXPECT_TRUE(all.find_signal("ok"));
  EXPECT_FALSE(all.find_signal("walking"));
}

/// Rules that Lido's own data follows.
TEST(Behaviours, ShippedWithLidoAreConsistent) {
  const Behaviours& all = testing::behaviours();
  for (const Behaviour& one : all.all()) {
    EXPECT_FALSE(one.source.empty()) << one.name;
    EXPECT_LE(one.duration_s.min, one.duration_s.median) << one.name;
    EXPECT_LE(one.duration_s.median, one.duration_s.max) << one.name;
    // Successors begin where the behaviour ends.
    const bool ends_wet = one.path == Path::kEnter || one.path == Path::kRunIn ||
                          (one.is_wet() && one.path != Path::kLeave);
    for (const auto& next : one.next)
      EXPECT_EQ(all[next.behaviour].is_wet(), ends_wet) << one.name << " " << next.behaviour;
  }
  for (const Signal& signal : all.signals()) EXPECT_FALSE(signal.with.empty()) << signal.name;
}

TEST(Behaviours, ThatNoneLeadsToAreNamed) {
  const auto unreached = [](const std::string& extra) {
    return Behaviours::read(*Yaml::parse("behaviours:\n" + extra, "b.yaml"))->unreached();
  };
  const auto named = [](std::string name, std::string_view next, std::string_view more = "") {
    std::string text = changed("{a: 1}", next);
    return text.replace(text.find("a:"), 2, std::move(name) + ":").append(more);
  };
  using Names = std::vector<std::string>;
  const std::string somersault = named("somersault", "{walking: 1}");
  EXPECT_EQ(unreached(named("walking", "{walking: 1}") + somersault), Names{"somersault"});
  EXPECT_EQ(unreached(named("walking", "{walking: 1, somersault: 0.5}") + somersault), Names{});
  EXPECT_EQ(unreached(named("walking", "{walking: 1, somersault: 0}") + somersault),
            Names{"somersault"})
      << "never drawn";
  EXPECT_EQ(unreached(named("walking", "{walking: 1}") +
                      named("somersault", "{walking: 1}", "    incidents: 2\n")),
            Names{})
      << "begins as a danger";
  // Two that lead to each other alone are not done either.
  EXPECT_EQ(
      unreached(named("walking", "{walking: 1}") + named("x", "{y: 1}") + named("y", "{x: 1}")),
      (Names{"x", "y"}));
}

TEST(Behaviours, ShippedWithLidoAreAllDone) {
  EXPECT_EQ(testing::behaviours().unreached(), std::vector<std::string>{});
}

// Vittone and Pia 2006: a struggle of 20 to 60 s, upright, then submersion.
TEST(Behaviours, DrowningIsAsPublished) {
  const Behaviours& all = testing::behaviours();
  const Behaviour& drowning = all[*all.find("instinctive_drowning")];
  EXPECT_EQ(drowning.danger, Danger::kDrowning);
  EXPECT_EQ(drowning.duration_s.min, 20);
  EXPECT_EQ(drowning.duration_s.max, 60);
  EXPECT_LT(drowning.postures[0].tilt_deg, 30);
  ASSERT_EQ(drowning.next.size(), 1u);
  EXPECT_EQ(all[drowning.next[0].behaviour].name, "sinking");
}

TEST(Behaviours, HaveNames) {
  EXPECT_EQ(name_of(Place::kBottom), "bottom");
  EXPECT_EQ(name_of(Danger::kAlone), "alone");
  EXPECT_EQ(name_of(AgeGroup::kTeenager), "teenager");
}

}  // namespace
}  // namespace lido::synth
