// SPDX-License-Identifier: Apache-2.0
#include "lido/geometry/site_use.h"

#include <gtest/gtest.h>

namespace lido::geometry {
namespace {

/// A pool of 8 x 4 m with a deck of 3 m.
Pool test_pool() {
  Pool pool;
  pool.outline = {{0, 0}, {8, 0}, {8, 4}, {0, 4}};
  return pool;
}

Result<SiteUse> read_use(const std::string& text) {
  return read_site_use(*Yaml::parse(text, "site.yaml"), test_pool());
}

std::string use_message(const std::string& text) {
  const auto use = read_use(text);
  return use ? std::string("read") : use.error().message;
}

const std::string kUse =
    "name: pool-a\ntime_zone: Europe/Berlin\nzones:\n"
    "  - {name: deep, kind: deep_end, outline: [[6, 0], [8, 0], [8, 4], [6, 4]]}\n"
    "  - {name: door, kind: exit, outline: [[-3, 1], [-2, 1], [-2, 3], [-3, 3]]}\n"
    "swim_hours:\n"
    "  - {days: [mon, wed], opens: \"06:30\", closes: \"21:00\"}\n"
    "  - {days: [sun], opens: \"00:00\", closes: \"24:00\"}\n";

TEST(SiteUse, MayBeEmpty) {
  const auto use = read_use("{}");
  ASSERT_TRUE(use);
  EXPECT_TRUE(use->zones.empty());
  EXPECT_EQ(to_yaml(*use), "");
}

TEST(SiteUse, IsReadBackAsWritten) {
  const auto first = read_use(kUse);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->zones[1].kind, ZoneKind::kExit);
  EXPECT_EQ(first->swim_hours[0].opens_min, 390);
  EXPECT_EQ(first->swim_hours[1].closes_min, 1440);
  EXPECT_EQ(first->swim_hours[0].days,
            (std::array<bool, 7>{true, false, true, false, false, false, false}));
  const auto again = read_use(to_yaml(*first));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(to_yaml(*again), to_yaml(*first));
}

TEST(SiteUse, RefusesZonesThatCannotBe) {
  const auto zone = [](const std::string& kind, const std::string& outline) {
    return use_message("\nzones:\n  - {name: a, kind: " + kind + ", outline: " + outline + "}\n");
  };
  EXPECT_EQ(zone("deep_end", "[[6, 0], [9, 0], [9, 4], [6, 4]]"),
            "site.yaml:3: zones.0.outline is a list, want corners over the water, for a zone of "
            "kind deep_end");
  EXPECT_EQ(zone("exit", "[[-9, 1], [-2, 1], [-2, 3]]"),
            "site.yaml:3: zones.0.outline is a list, want corners over the water or on the deck");
  EXPECT_EQ(zone("door", "[[-3, 1], [-2, 1], [-2, 3]]"),
            "site.yaml:3: zones.0.kind is door, want one of water, deck, deep_end, toddler_area, "
            "exit");
  EXPECT_EQ(use_message("zones:\n  - {name: a, kind: deck, outline: [[-1, 0], [-2, 0], [-2, 1]]}\n"
                        "  - {name: a, kind: deck, outline: [[-1, 0], [-2, 0], [-2, 1]]}\n"),
            "site.yaml:3: zones.1.name is a, want a name that no other zone has");
}

TEST(SiteUse, RefusesHoursThatCannotBe) {
  const auto hours = [](const std::string& entries) {
    return use_message("time_zone: UTC\nswim_hours:\n" + entries);
  };
  EXPECT_EQ(hours("  - {days: [mon], opens: \"6:30\", closes: \"21:00\"}\n"),
            "site.yaml:3: swim_hours.0.opens is 6:30, want a time of the day in quotes, \"00:00\" "
            "to \"24:00\"");
  EXPECT_EQ(hours("  - {days: [mon], opens: \"06:30\", closes: \"24:01\"}\n"),
            "site.yaml:3: swim_hours.0.closes is 24:01, want a time of the day in quotes, "
            "\"00:00\" to \"24:00\"");
  EXPECT_EQ(hours("  - {days: [mon], opens: \"21:00\", closes: \"06:30\"}\n"),
            "site.yaml:3: swim_hours.0.closes is 06:30, want a time later than `opens`; hours past "
            "midnight are two entries");
  EXPECT_EQ(hours("  - {days: [mon, tue], opens: \"06:30\", closes: \"21:00\"}\n"
                  "  - {days: [tue], opens: \"20:00\", closes: \"22:00\"}\n"),
            "site.yaml:4: swim_hours.1 is a map, want hours that do not overlap others: they do "
            "on tue");
  EXPECT_EQ(use_message("swim_hours:\n  - {days: [mon], opens: \"06:30\", closes: \"21:00\"}\n"),
            "site.yaml: time_zone is nothing, want the time zone of swim_hours, such as "
            "Europe/Berlin");
}

}  // namespace
}  // namespace lido::geometry
