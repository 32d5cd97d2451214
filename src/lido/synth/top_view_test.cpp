// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/top_view.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "lido/base/test_folder.h"
#include "lido/synth/testing.h"
#include "lido/synth/world/life.h"

namespace lido::synth {
namespace {

using testing::behaviours;

class TopView : public ::testing::Test {
 protected:
  /// A minute of two people; the first drowns from 20 s on, unless `calm`.
  void play(const Behaviours& with, bool calm) {
    ScriptedDay day{.duration_s = 60, .pool = testing::rectangle_pool()};
    Person swimmer = testing::person_of_age(9);
    swimmer.at = geometry::Point{9, 3};
    swimmer.script = {{*with.find("treading"), 20.0, 0},
                      {*with.find(calm ? "treading" : "instinctive_drowning"), 60.0, 0}};
    day.people = {swimmer};
    ASSERT_TRUE(play_scripted_day(folder_, day, with, {}));
  }

  TestFolder temporary_;
  std::string folder_ = (temporary_ / "out").string();
};

TEST_F(TopView, BeginsAMinuteBeforeTheFirstDanger) {
  play(behaviours(), false);
  const auto interval = default_interval(folder_);
  ASSERT_TRUE(interval) << interval.error().message;
  EXPECT_NEAR(interval->from_s, 20 - 60, 0.3);
  EXPECT_NEAR(interval->to_s, 20 + 180, 0.3);
}

TEST_F(TopView, ShowsSomethingWithoutADanger) {
  play(behaviours(), true);
  const auto interval = default_interval(folder_);
  ASSERT_TRUE(interval) << interval.error().message;
  EXPECT_TRUE(top_view_page(folder_, *interval));
}

TEST_F(TopView, ListsDaysAndDangers) {
  play(behaviours(), false);
  const auto summary = summarise_simulation(folder_);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->days, 1);
  ASSERT_EQ(summary->dangers.size(), 1u);
  EXPECT_EQ(summary->dangers[0].kind, "instinctive_drowning");
}

TEST_F(TopView, HoldsAllThatThePageNeeds) {
  play(behaviours(), false);
  const auto page = top_view_page(folder_, {0, 10, 40});
  ASSERT_TRUE(page) << page.error().message;
  for (const char* part :
       {"Measured in simulation", "\"outline\":[[0.0,0.0],[12.0,0.0]", "instinctive_drowning",
        "\"dangers\":[{\"person\":1", "function drawMap", "--ink"})
    EXPECT_NE(page->html.find(part), std::string::npos) << part;
  for (const char* placeholder : {"{{data}}", "{{style}}", "{{script}}", "src=\"http", "href="})
    EXPECT_EQ(page->html.find(placeholder), std::string::npos) << placeholder;
  // A danger outside the interval is not listed.
  EXPECT_NE(top_view_page(folder_, {0, 1, 10})->html.find("\"dangers\":[]"), std::string::npos);
}

TEST_F(TopView, NamesTheTimesThatItShows) {
  play(behaviours(), false);
  const auto store = *storage::open_store(folder_);
  const auto frames = *dataset::read_table<dataset::TruthRow>(*store, tracks_file(0));
  const double last_s = frames.back().time_s;
  const auto page = top_view_page(folder_, {0, -60, last_s + 100});
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->shown.from_s, frames.front().time_s);
  EXPECT_EQ(page->shown.to_s, last_s);
  const auto part = top_view_page(folder_, {0, 10, 40});
  EXPECT_NEAR(part->shown.from_s, 10, 0.6);
  EXPECT_NEAR(part->shown.to_s, 40, 0.6);
}

TEST_F(TopView, IsNotEndedByAName) {
  const auto with = Behaviours::read(*Yaml::parse(
      "behaviours:\n  treading:\n    place: water\n    danger: none\n"
      "    duration: {median: 20, least: 10, most: 30}\n    path: stay\n    tilt: 0\n"
      "    head: {mean: 0, moves: 0, period_s: 1}\n    next: {\"</script>\": 1}\n"
      "    source: an assumption\n  \"</script>\":\n    place: water\n    danger: none\n"
      "    duration: {median: 20, least: 10, most: 30}\n    path: stay\n    tilt: 0\n"
      "    head: {mean: 0, moves: 0, period_s: 1}\n    next: {treading: 1}\n"
      "    source: an assumption\n",
      "b"));
  ASSERT_TRUE(with) << with.error().message;
  ScriptedDay day{.duration_s = 20, .pool = testing::rectangle_pool()};
  Person swimmer = testing::person_of_age(9);
  swimmer.at = geometry::Point{9, 3};
  swimmer.script = {{1, 20.0, 0}};
  day.people = {swimmer};
  ASSERT_TRUE(play_scripted_day(folder_, day, *with, {}));
  const auto page = top_view_page(folder_, {0, 0, 10});
  ASSERT_TRUE(page) << page.error().message;
  // One end of a script: the page's own.
  EXPECT_EQ(page->html.find("</script>"), page->html.rfind("</script>"));
  EXPECT_NE(page->html.find("\\u003c/script>"), std::string::npos);
}

TEST_F(TopView, RefusesFoldersAndDaysThatAreNotThere) {
  std::filesystem::create_directories(folder_);
  const auto empty = default_interval(folder_);
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(empty.error().message.find("no simulation"), std::string::npos);
  play(behaviours(), true);
  const auto day = top_view_page(folder_, {5, 0, 60});
  ASSERT_FALSE(day);
  EXPECT_EQ(day.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(day.error().message.find("--day is 5, want a day of"), std::string::npos);
  const auto night = top_view_page(folder_, {0, 7200, 7260});
  ASSERT_FALSE(night);
  EXPECT_EQ(night.error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace lido::synth
