// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/life.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <map>

#include "lido/base/test_folder.h"
#include "lido/storage/store.h"
#include "lido/synth/testing.h"

namespace lido::synth {
namespace {

using testing::behaviours;
using testing::person_of_age;

class Life : public ::testing::Test {
 protected:
  std::string bytes_of(const std::string& file) const {
    return testing::slurp(folder_ + "/" + file);
  }

  TestFolder temporary_;
  std::string folder_ = (temporary_ / "out").string();
};

// A Poisson process: the count's mean and variance are both the rate.
TEST(DrawIncidents, ArePoissonBetweenArrivalAndDeparture) {
  Person person = person_of_age(30);
  person.arrives_s = 36000, person.leaves_s = 72000;
  double sum = 0, squares = 0;
  std::map<std::string, int> kinds;
  constexpr int kDays = 3000;
  for (int day = 0; day < kDays; ++day) {
    Random random(static_cast<uint64_t>(day));
    const auto incidents = draw_incidents(random, behaviours(), {person}, 3);
    double before_s = 36000;
    for (const ScheduledIncident& incident : incidents) {
      EXPECT_GE(incident.at_s, before_s);
      EXPECT_LT(incident.at_s, 72000);
      before_s = incident.at_s;
      ++kinds[incident.behaviour];
    }
    const auto count = static_cast<double>(incidents.size());
    sum += count, squares += count * count;
  }
  const double mean = sum / kDays;
  EXPECT_NEAR(mean, 3, 0.16);
  EXPECT_NEAR(squares / kDays - mean * mean, 3, 0.4);
  EXPECT_EQ(kinds.size(), 10u);
  // 19 of 24 persons milled, and 6 had the instinctive response: Carballo-Fazanes and others 2020.
  EXPECT_NEAR(static_cast<double>(kinds["backward_water_milling"]) / kinds["instinctive_drowning"],
              19.0 / 6, 0.4);
  for (const auto& [name, count] : kinds)
    EXPECT_NE(behaviours()[*behaviours().find(name)].danger, Danger::kNone) << name;
}

TEST(DrawIncidents, AreNoneWithoutARateOrPeople) {
  Random random(1);
  EXPECT_TRUE(draw_incidents(random, behaviours(), {person_of_age(30)}, 0).empty());
  EXPECT_TRUE(draw_incidents(random, behaviours(), {}, 5).empty());
}

TEST_F(Life, WritesTheSameBytesOnAnyNumberOfThreads) {
  const Pool pool = testing::rectangle_pool();
  LifeOptions options{.days = 2, .seed = 3, .rate_hz = 0.05, .busy = 0.3, .dangers_per_day = 3};
  std::map<std::string, std::string> first;
  for (const int workers : {1, 3}) {
    options.workers = workers;
    SetUp();
    int days = 0;
    const auto summary =
        simulate_life(folder_, pool, behaviours(), options, [&](int64_t) { ++days; }, {});
    ASSERT_TRUE(summary) << summary.error().message;
    EXPECT_EQ(summary->days, 2);
    EXPECT_GT(summary->people, 3);
    EXPECT_NEAR(summary->person_hours, static_cast<double>(summary->rows) / 0.05 / 3600, 1e-9);
    for (const std::string& file : {tracks_file(0), tracks_file(1), std::string("visitors.parquet"),
                                    std::string("events.parquet"), std::string("site.yaml")}) {
      const std::string bytes = bytes_of(file);
      EXPECT_FALSE(bytes.empty()) << file;
      EXPECT_EQ(first.try_emplace(file, bytes).first->second, bytes) << file;
    }
  }
}

TEST_F(Life, RefusesOptionsOutOfRange) {
  const auto refused = simulate_life(folder_, testing::rectangle_pool(), behaviours(), {.days = 0},
                                     [](int64_t) {}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(refused.error().message.find("days"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder_));
}

TEST_F(Life, StopsWhenAsked) {
  std::stop_source stop;
  stop.request_stop();
  const auto stopped = simulate_life(
      folder_, testing::rectangle_pool(), behaviours(), {.days = 1}, [](int64_t) {},
      stop.get_token());
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
}

TEST_F(Life, PlaysAScript) {
  ScriptedDay day{.seed = 1, .rate_hz = 10, .duration_s = 8, .pool = testing::rectangle_pool()};
  Person person = person_of_age(9);
  person.at = Point{6, 3};
  person.script = {{*behaviours().find("treading"), 3.0, 0},
                   {*behaviours().find("instinctive_drowning"), 30.0, 0}};
  day.people = {person};
  const auto summary = play_scripted_day(folder_, day, behaviours(), {});
  ASSERT_TRUE(summary) << summary.error().message;
  const auto store = *storage::open_store(folder_);
  const auto rows = *dataset::read_table<dataset::TruthRow>(*store, tracks_file(0));
  EXPECT_NEAR(static_cast<double>(rows.size()), 80, 1);
  EXPECT_EQ(rows.front().behaviour, "treading");
  EXPECT_EQ(rows.back().behaviour, "instinctive_drowning");
  EXPECT_EQ(rows.back().danger, "drowning");
  const auto events = *dataset::read_table<dataset::DangerRow>(*store, "events.parquet");
  ASSERT_EQ(events.size(), 1u);
  EXPECT_NEAR(events[0].start_s, 3, 0.21);
  EXPECT_EQ(events[0].outcome, "open");
  EXPECT_NEAR(events[0].instinct_s, events[0].start_s, 0.11);
  EXPECT_TRUE(std::isnan(events[0].rescued_s));
}

TEST(Tracks, HaveAFileForEachDay) {
  EXPECT_EQ(tracks_file(0), "tracks/day_00000.parquet");
  EXPECT_EQ(tracks_file(1234), "tracks/day_01234.parquet");
}

}  // namespace
}  // namespace lido::synth
