// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "lido/dataset/dataset_fixture.h"
#include "lido/dataset/forget.h"
#include "lido/dataset/scenes.h"

namespace lido::dataset {

/// The scene of both clips: objects and views at second 3.
class ForgetFixture : public DatasetFixture {
 protected:
  struct SceneTimes {
    int64_t object_k = 3;
    int64_t view_k = 3;
  };
  void add_scene() { add_scene({}); }
  void add_scene(const SceneTimes& times) {
    auto& store = dataset_->store();
    const std::string scene = scene_folder(2);
    ASSERT_TRUE(write_table<ObjectRow>(store, scene_table<ObjectRow>(scene),
                                       {{.clip = "/pool/a.mp4", .k = 1, .time_s = 1, .track = 1},
                                        {.clip = "/pool/a.mp4",
                                         .k = times.object_k,
                                         .time_s = static_cast<double>(times.object_k),
                                         .track = 2},
                                        {.clip = "/pool/b.mp4", .k = 3, .time_s = 3, .track = 1}}));
    ASSERT_TRUE(
        write_table<TrackRow>(store, scene_table<TrackRow>(scene),
                              {{.clip = "/pool/a.mp4", .track = 1, .last_k = 1},
                               {.clip = "/pool/a.mp4", .track = 2, .first_k = 1, .last_k = 3}}));
    ASSERT_TRUE(write_table<PoseRow>(store, scene_table<PoseRow>(scene),
                                     {{.clip = "/pool/a.mp4", .k = 1, .time_s = 1, .track = 1},
                                      {.clip = "/pool/a.mp4", .k = 3, .time_s = 3, .track = 2}}));
    ASSERT_TRUE(write_table<MotionRow>(store, scene_table<MotionRow>(scene), {}));
    ASSERT_TRUE(write_table<QualityRow>(store, scene_table<QualityRow>(scene), {}));
    const ScenePictures pictures{
        .views = {{"/pool/a.mp4", times.view_k, static_cast<double>(times.view_k), "views/a.jpg",
                   640, 360},
                  {"/pool/b.mp4", 3, 3, "views/b.jpg", 640, 360}},
        .plates = {{"pool/cam2",
                    "06-12 UTC",
                    "plates/b.jpg",
                    "plates/b_activity.jpg",
                    {"/pool/b.mp4"},
                    31}}};
    ASSERT_TRUE(write_scene_pictures(store, scene, pictures));
    for (const char* file : {"views/a.jpg", "views/b.jpg", "plates/b.jpg", "plates/b_activity.jpg"})
      ASSERT_TRUE(store.write_text(scene + "/" + file, file));
    republish([](ClipRow&) {}, {scene});
  }

  /// Publishes the next generation with changed clips, and with scene folders.
  void republish(const std::function<void(ClipRow&)>& change, std::vector<std::string> scenes) {
    const int before = *dataset_->latest();
    auto tables = *dataset_->begin_tables(before + 1);
    ASSERT_TRUE(dataset_->visit<ClipRow>(before, [&](ClipRow& row) {
      change(row);
      return tables.clips.append(row);
    }));
    ASSERT_TRUE(dataset_->visit<SampleRow>(
        before, [&](SampleRow& row) { return tables.samples.append(row); }));
    ASSERT_TRUE(dataset_->publish({.number = before + 1, .scenes = std::move(scenes)}, tables));
  }

  /// Leaves the latest generation alone in the dataset.
  void remove_older() {
    for (int number = 1; number < *dataset_->latest(); ++number)
      ASSERT_TRUE(dataset_->store().remove_all(fmt::format("generations/{:06}", number)));
  }

  /// Enters a training run that reads all samples of the splits train and val.
  void enter_run(const std::string& id, int generation) {
    ASSERT_TRUE(enter_training_run(dataset_->store(), {.id = id,
                                                       .folder = "/runs/" + id,
                                                       .begun_utc = "2026-07-01T14:03:00Z",
                                                       .generation = generation,
                                                       .samples = "all",
                                                       .splits = {"train", "val"}}));
  }

  /// Removes footage and searches for it.
  Result<ForgetSummary> forget(const ForgetRequest& request) {
    auto run = LIDO_TRY(ForgetRun::open(*dataset_, request));
    auto summary = LIDO_TRY(run.remove());
    proof_ = LIDO_TRY(run.prove());
    return summary;
  }
  Result<ForgetSummary> forget(const char* clip, double start_s, double end_s) {
    return forget({.stretches = {{clip, start_s, end_s}}});
  }

  ForgetProof proof_;
};

}  // namespace lido::dataset
