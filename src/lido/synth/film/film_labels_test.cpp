// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/film_labels.h"

#include <gtest/gtest.h>

#include <sstream>

#include "lido/base/test_folder.h"
#include "lido/dataset/table.h"
#include "lido/dataset/truth_tables.h"
#include "lido/synth/testing.h"

namespace lido::synth {
namespace {

/// Truth of one camera at 4 frames a second, written by hand.
class FilmLabels : public ::testing::Test {
 protected:
  FilmLabels() : store_(*storage::open_store(folder_)) {
    camera_.name = "a";
    camera_.fps = 4;
    plan_.duration_s = 10;
  }

  void see(double time_s, const std::string& behaviour, bool is_visible = true) {
    dataset::SeenRow row{.clip = "clips/a.mp4",
                         .time_s = time_s,
                         .person = 7,
                         .age_group = "child",
                         .behaviour = behaviour,
                         .danger = "none",
                         .signal = "none"};
    if (is_visible) row.visible = {time_s, 2, 3, 4};
    rows_.push_back(row);
  }

  /// Lines of labels.csv with the task behaviour.
  std::vector<std::string> behaviours() {
    plan_.cameras = {camera_};
    EXPECT_TRUE(dataset::write_table(*store_, "truth/a.parquet", rows_));
    const auto written = write_labels(*store_, plan_);
    EXPECT_TRUE(written) << written.error().message;
    std::vector<std::string> lines;
    std::istringstream text(testing::slurp(folder_ + "/labels.csv"));
    for (std::string line; std::getline(text, line);) {
      if (line.contains(",behaviour,")) lines.push_back(line);
    }
    return lines;
  }

  TestFolder temporary_;
  std::string folder_ = (temporary_ / "out").string();
  std::unique_ptr<storage::Store> store_;
  FilmPlan plan_;
  SimulatedCamera camera_{geometry::look_at({1, -4, 3}, {5, 0, 0}, 90, 96, 64)};
  std::vector<dataset::SeenRow> rows_;
};

using Lines = std::vector<std::string>;

TEST_F(FilmLabels, OneRowForEachUnbrokenLabel) {
  for (const double time_s : {0.0, 0.25, 0.5}) see(time_s, "playing");
  for (const double time_s : {0.75, 1.0}) see(time_s, "treading");
  EXPECT_EQ(behaviours(), (Lines{"clips/a.mp4,0.000000,0.750000,behaviour,playing,7",
                                 "clips/a.mp4,0.750000,1.250000,behaviour,treading,7"}));
  const auto boxes = *dataset::read_table<dataset::LabelBoxRow>(*store_, "label_boxes.parquet");
  ASSERT_EQ(boxes.size(), 5U) << "one for each frame, whatever the label";
  EXPECT_EQ(boxes[1].track, "7");
  EXPECT_EQ(boxes[1].x, 0.25);
}

TEST_F(FilmLabels, ALongTimeOutOfViewEndsALabel) {
  see(0, "playing");
  see(0.25, "playing", false);
  see(2, "playing");  // two seconds: one label
  see(4.25, "playing");
  EXPECT_EQ(behaviours(), (Lines{"clips/a.mp4,0.000000,2.250000,behaviour,playing,7",
                                 "clips/a.mp4,4.250000,4.500000,behaviour,playing,7"}));
}

TEST_F(FilmLabels, AFrozenCameraShowsNobodyOfTheMoment) {
  for (const double time_s : {0.0, 0.25, 0.5, 0.75}) see(time_s, "playing");
  rows_[1].frozen = rows_[2].frozen = true;
  for (double time_s = 1; time_s < 4; time_s += 0.25) {
    see(time_s, "instinctive_drowning");
    rows_.back().frozen = true;
  }
  see(4, "playing");
  // A short freeze breaks no label, and the danger is in no picture.
  EXPECT_EQ(behaviours(), (Lines{"clips/a.mp4,0.000000,1.000000,behaviour,playing,7",
                                 "clips/a.mp4,4.000000,4.250000,behaviour,playing,7"}));
  const auto boxes = *dataset::read_table<dataset::LabelBoxRow>(*store_, "label_boxes.parquet");
  ASSERT_EQ(boxes.size(), 3U);
  EXPECT_EQ(boxes[1].time_s, 0.75);
}

TEST_F(FilmLabels, ALostFrameEndsNoLabel) {
  see(1, "playing");
  see(1.75, "treading");  // the two frames between are lost
  EXPECT_EQ(behaviours(), (Lines{"clips/a.mp4,1.000000,1.750000,behaviour,playing,7",
                                 "clips/a.mp4,1.750000,2.000000,behaviour,treading,7"}));
}

TEST_F(FilmLabels, ClipsOfARunAreOneGroupAndHaveATime) {
  SimulatedCamera late = camera_;
  late.name = "b";
  late.clock.offset_s = 1.5;
  plan_.cameras = {camera_, late};
  plan_.seed = 3;
  plan_.begins_s = 3600;
  const std::string text = clips_csv(plan_, "site");
  const std::string group = text.substr(text.find("simulation-"), 21);
  EXPECT_TRUE(group.starts_with("simulation-3-")) << group;
  EXPECT_EQ(text, "clip,group,site,camera,start_utc\nclips/a.mp4," + group +
                      ",simulated,a,2026-07-01T01:00:00.000000Z\nclips/b.mp4," + group +
                      ",simulated,b,2026-07-01T01:00:01.500000Z\n");
  EXPECT_FALSE(clips_csv(plan_, "another site").contains(group)) << "another run";
}

}  // namespace
}  // namespace lido::synth
