// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/film.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "lido/dataset/table.h"
#include "lido/dataset/truth_tables.h"
#include "lido/storage/store.h"
#include "lido/synth/testing.h"

namespace lido::synth {
namespace {

using testing::behaviours;
using testing::bodies;

/// A second of two people, in a folder of its own.
class Film : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(folder_);
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
  void TearDown() override { std::filesystem::remove_all(folder_); }

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
  std::string folder_ = ::testing::TempDir() + "lido_film_test_" + std::to_string(::getpid());
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
  EXPECT_EQ(bytes_of("clips.csv"),
            "clip,group,site,camera,start_utc\nclips/a.mp4,event,simulated,a,\n"
            "clips/b.mp4,event,simulated,b,\n");
}

TEST_F(Film, IsTheSameOnAnyNumberOfThreads) {
  ASSERT_TRUE(run(1));
  const std::string a = bytes_of("clips/a.mp4"), truth = bytes_of("truth/a.parquet"),
                    labels = bytes_of("labels.csv");
  std::filesystem::remove_all(folder_);
  ASSERT_TRUE(run(2));
  EXPECT_EQ(bytes_of("clips/a.mp4"), a);
  EXPECT_EQ(bytes_of("truth/a.parquet"), truth);
  EXPECT_EQ(bytes_of("labels.csv"), labels);
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
  EXPECT_LT(summary->frames, 32);  // of 40
  EXPECT_GT(summary->frames, 10);
  int64_t before = -1;
  for (const dataset::SeenRow& row : truth_of("a")) {
    EXPECT_GE(row.frame, before);  // numbers of frames leave out what is lost
    before = row.frame;
  }
  EXPECT_GT(before, summary->frames);
}

TEST_F(Film, ShowsTheCamerasClock) {
  plan_.cameras.resize(1);
  plan_.cameras[0].clock_offset_s = -2;
  plan_.cameras[0].clock_drift_ppm = 500;
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
