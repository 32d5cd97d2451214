// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/film.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <sstream>

#include "lido/base/test_folder.h"
#include "lido/dataset/table.h"
#include "lido/dataset/truth_tables.h"
#include "lido/storage/store.h"
#include "lido/synth/film/film_labels.h"
#include "lido/synth/testing.h"

namespace lido::synth {
namespace {

using testing::behaviours;
using testing::bodies;

/// A second of two people, in a folder of its own.
class Film : public ::testing::Test {
 protected:
  void SetUp() override {
    plan_.pool = testing::rectangle_pool();
    Random random(1);
    plan_.scenery = random_scenery(random, plan_.pool);
    plan_.light = light_named("cloudy", random);
    plan_.duration_s = 1;
    SimulatedCamera camera{geometry::look_at({-2, -2, 3}, {5, 3, 0}, 80, 160, 96)};
    camera.name = "a";
    camera.fps = 8;
    plan_.cameras = {camera, camera};
    plan_.cameras[1].name = "b";
  }

  Result<FilmSummary> run(int workers, int* frames = nullptr) {
    Person swimmer = testing::person_of_age(9), adult = testing::person_of_age(35, true, 2);
    swimmer.at = geometry::Point{5, 3};
    swimmer.script = {{*behaviours().find("treading"), 60.0, 0}};
    adult.at = geometry::Point{3, -1};
    adult.script = {{*behaviours().find("standing"), 60.0, 0}};
    Crowd crowd(plan_.pool, behaviours(), {swimmer, adult}, {}, Random(5));
    std::atomic<int> count = 0;
    const auto summary =
        film(folder_, plan_, crowd, {behaviours(), bodies()}, {workers, [&] { ++count; }, {}});
    if (frames != nullptr) *frames = count;
    return summary;
  }
  std::string bytes_of(const std::string& file) const {
    return testing::slurp(folder_ + "/" + file);
  }
  std::vector<dataset::SeenRow> truth_of(const std::string& camera) const {
    const auto store = *storage::open_store(folder_);
    return *dataset::read_table<dataset::SeenRow>(*store, "truth/" + camera + ".parquet");
  }

  FilmPlan plan_;
  TestFolder temporary_;
  std::string folder_ = (temporary_ / "out").string();
};

TEST_F(Film, HasATruthForEachPersonAndFrame) {
  int frames = 0;
  const auto summary = run(1, &frames);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->cameras, 2);
  EXPECT_EQ(summary->frames, 16);
  EXPECT_EQ(frames, 16);
  EXPECT_EQ(summary->people, 2);
  EXPECT_EQ(summary->rows, 32);
  EXPECT_EQ(summary->video_s, 2);
  const auto rows = truth_of("a");
  ASSERT_EQ(rows.size(), 16u);
  for (const dataset::SeenRow& row : rows) {
    EXPECT_EQ(row.clip, "clips/a.mp4");
    EXPECT_EQ(row.behaviour, row.person == 1 ? "treading" : "standing");
    ASSERT_EQ(row.whole.size(), 4u);
    ASSERT_EQ(row.keypoints_m.size(), 51u);
    if (row.visible.empty()) continue;
    // The box around the whole person encloses the visible part.
    EXPECT_LE(row.whole[0], row.visible[0]);
    EXPECT_LE(row.whole[1], row.visible[1]);
    EXPECT_GE(row.whole[0] + row.whole[2], row.visible[0] + row.visible[2]);
    EXPECT_GE(row.whole[1] + row.whole[3], row.visible[1] + row.visible[3]);
    EXPECT_GT(row.share, 0);
    EXPECT_LE(row.share, 1);
  }
  EXPECT_EQ(bytes_of("clips.csv"), clips_csv(plan_, bytes_of("site.yaml")));
}

TEST_F(Film, IsTheSameOnAnyNumberOfThreads) {
  ASSERT_TRUE(run(1));
  const std::string a = bytes_of("clips/a.mp4"), truth = bytes_of("truth/a.parquet"),
                    labels = bytes_of("labels.csv"), boxes = bytes_of("label_boxes.parquet");
  std::filesystem::remove_all(folder_);
  ASSERT_TRUE(run(2));
  EXPECT_EQ(bytes_of("clips/a.mp4"), a);
  EXPECT_EQ(bytes_of("truth/a.parquet"), truth);
  EXPECT_EQ(bytes_of("labels.csv"), labels);
  EXPECT_EQ(bytes_of("label_boxes.parquet"), boxes);
}

TEST_F(Film, GivesEachCameraNoiseOfItsOwn) {
  ASSERT_TRUE(run(1));
  // Both cameras see the same, so that their clips differ by noise alone.
  EXPECT_EQ(bytes_of("mot/a.txt"), bytes_of("mot/b.txt"));
  EXPECT_NE(bytes_of("clips/a.mp4"), bytes_of("clips/b.mp4"));
  const std::string first = bytes_of("clips/a.mp4");
  std::filesystem::remove_all(folder_);
  plan_.seed = 2;
  ASSERT_TRUE(run(1));
  EXPECT_NE(bytes_of("clips/a.mp4"), first);
}

TEST_F(Film, LosesFramesAtTheRateAsked) {
  plan_.cameras.resize(1);
  plan_.cameras[0].drops = 0.5;
  plan_.duration_s = 5;
  const auto summary = run(1);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_LT(summary->frames, 32);  // 40 less the lost ones
  EXPECT_GT(summary->frames, 10);
  // Numbers count the frames of the video; times and PTS show what is lost.
  const auto store = *storage::open_store(folder_);
  const auto frames = *dataset::read_table<dataset::FilmedRow>(*store, "frames/a.parquet");
  ASSERT_EQ(std::ssize(frames), summary->frames);
  for (size_t i = 0; i < frames.size(); ++i) {
    EXPECT_EQ(frames[i].frame, static_cast<int64_t>(i));
    EXPECT_EQ(frames[i].shown_frame, static_cast<int64_t>(i));
    const double tick = frames[i].time_s * plan_.cameras[0].fps;
    EXPECT_NEAR(tick, std::round(tick), 1e-9);
    EXPECT_EQ(static_cast<double>(frames[i].pts), tick * static_cast<double>(frames[1].pts) /
                                                      (frames[1].time_s * plan_.cameras[0].fps));
  }
  EXPECT_EQ(frames[0].pts, 0);
  EXPECT_EQ(truth_of("a").back().frame, summary->frames - 1);
}

TEST_F(Film, MarksFaultyAndFrozenFrames) {
  plan_.cameras.resize(1);
  const Vector3 turn_rad(0.02, -0.1, 0.05);
  plan_.cameras[0].faults = {{CameraFault::Kind::kFreeze, 0.3, 0.4},
                             {CameraFault::Kind::kKnock, 0.6, 0.2, turn_rad}};
  ASSERT_TRUE(run(1));
  const auto store = *storage::open_store(folder_);
  const auto frames = *dataset::read_table<dataset::FilmedRow>(*store, "frames/a.parquet");
  ASSERT_EQ(frames.size(), 8u);  // at 0, 0.125, ...
  for (size_t i = 0; i < frames.size(); ++i) {
    const dataset::FilmedRow& row = frames[i];
    EXPECT_EQ(row.frozen, i >= 3 && i < 6) << i;
    EXPECT_EQ(row.shown_frame, row.frozen ? 2 : static_cast<int64_t>(i));
    EXPECT_EQ(row.fault, i == 5       ? "freeze+knock"
                         : row.frozen ? "freeze"
                         : i == 6     ? "knock"
                                      : "none");
    ASSERT_EQ(row.turn_rad.size(), i == 5 || i == 6 ? 3u : 0u);
    if (row.turn_rad.empty()) continue;
    EXPECT_NEAR((Vector3(row.turn_rad.data()) - turn_rad).norm(), 0, 1e-9);
    // The pose of the frame is that of the camera, turned.
    using Pose = Eigen::Matrix<double, 3, 4, Eigen::RowMajor>;
    const Pose pose = Eigen::Map<const Pose>(row.cam_from_world.data());
    const SimulatedCamera& camera = plan_.cameras[0];
    EXPECT_NEAR((pose * camera.position.homogeneous()).norm(), 0, 1e-9);
    const Eigen::Matrix3d turn =
        Eigen::AngleAxisd(turn_rad.norm(), turn_rad.normalized()).toRotationMatrix();
    EXPECT_NEAR((pose.leftCols<3>() - turn * camera.cam_from_world).norm(), 0, 1e-9);
  }
  // MOT has the boxes of the image that is shown: frames 3 to 6 have those of frame 3.
  std::map<int, std::string> boxes;
  std::istringstream lines(bytes_of("mot/a.txt"));
  for (std::string line; std::getline(lines, line);)
    boxes[std::stoi(line)] += line.substr(line.find(',')) + "\n";
  EXPECT_EQ(boxes[4], boxes[3]);
  EXPECT_EQ(boxes[6], boxes[3]);
  EXPECT_NE(boxes[2], boxes[3]);
}

TEST_F(Film, ShowsTheCamerasClock) {
  plan_.cameras.resize(1);
  plan_.cameras[0].clock.offset_s = -2;
  plan_.cameras[0].clock.drift_ppm = 500;
  ASSERT_TRUE(run(1));
  for (const dataset::SeenRow& row : truth_of("a"))
    EXPECT_NEAR(row.clock_s, row.time_s * 1.0005 - 2, 1e-12);
}

TEST_F(Film, StopsWhenAsked) {
  std::stop_source stop;
  stop.request_stop();
  Crowd crowd(plan_.pool, behaviours(), {testing::person_of_age(30)}, {}, Random(1));
  const auto stopped =
      film(folder_, plan_, crowd, {behaviours(), bodies()}, {1, [] {}, stop.get_token()});
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace lido::synth
