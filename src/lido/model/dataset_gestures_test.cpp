// SPDX-License-Identifier: Apache-2.0
#include "lido/model/dataset_gestures.h"

#include <gtest/gtest.h>

#include "lido/base/test_folder.h"
#include "lido/dataset/scene_tables.h"

namespace lido::model {
namespace {

std::vector<double> hand_at(double y) {
  std::vector<double> numbers;
  for (int i = 0; i < kHandLandmarks; ++i) numbers.insert(numbers.end(), {10.0 + i, y + i, 0.9});
  return numbers;
}

dataset::PoseRow hands(int64_t k, const std::vector<double>& left, const std::vector<double>& right,
                       int64_t track = 1) {
  dataset::PoseRow row;
  row.clip = "/a.mp4";
  row.k = k;
  row.track = track;
  row.left_hand = left;
  row.right_hand = right;
  return row;
}

dataset::SampleRow sample(const std::string& split, int64_t first_k, const std::string& label,
                          double overlap = 1) {
  dataset::SampleRow row{.sample = fmt::format("s{}", first_k), .split = split, .clip = "/a.mp4"};
  row.first_k = first_k;
  row.pts.resize(4);
  row.track = 1;
  row.labels = {{.task = "signal", .label = label, .overlap = overlap}};
  return row;
}

/// Publishes samples and poses as a dataset.
dataset::Dataset make(const TestFolder& folder, const std::vector<dataset::SampleRow>& samples,
                      const std::vector<dataset::PoseRow>& poses) {
  auto dataset = *dataset::Dataset::open_or_create(folder.string(), {{"fps", "4"}});
  auto tables = *dataset.begin_tables(1);
  for (auto row : samples) EXPECT_TRUE(tables.samples.append(row));
  EXPECT_TRUE(dataset::write_table(dataset.store(), "scenes/g000001/poses.parquet", poses));
  EXPECT_TRUE(dataset.publish(
      {.number = 1, .scenes = {"scenes/g000001"}, .vocabulary = {{"signal", {"ok", "stop"}}}},
      tables));
  return dataset;
}

TEST(DatasetGestures, TakesTheHigherHandOfEachFrameOnce) {
  const TestFolder folder;
  const auto dataset =
      make(folder,
           {sample("train", 0, "stop"), sample("train", 2, "stop"), sample("val", 8, "ok"),
            sample("train", 20, "ok", 0.5)},
           {hands(0, hand_at(50), hand_at(30)), hands(1, {}, {}), hands(3, hand_at(50), {}),
            hands(3, hand_at(1), {}, 2), hands(9, {}, hand_at(70)), hands(20, hand_at(5), {}),
            hands(40, hand_at(5), {})});
  const auto gestures = read_dataset_gestures(dataset, 1, "", {});
  ASSERT_TRUE(gestures) << gestures.error().message;
  EXPECT_EQ(gestures->task, "signal");
  EXPECT_EQ(gestures->set.classes, (std::vector<std::string>{"ok", "stop"}));
  ASSERT_EQ(gestures->set.samples.size(), 3U);
  EXPECT_EQ(gestures->set.samples[0].points[1], 30);
  EXPECT_EQ(gestures->set.samples[0].label, 1);
  EXPECT_EQ(gestures->set.samples[1].name, "/a.mp4:1:3");
  EXPECT_EQ(gestures->set.samples[2].label, 0);
  EXPECT_EQ(gestures->split.at("train"), (std::vector<size_t>{0, 1}));
  EXPECT_EQ(gestures->split.at("val"), (std::vector<size_t>{2}));
  EXPECT_EQ(read_dataset_gestures(dataset, 1, "", {"stop"})->set.samples.size(), 2U);
}

TEST(DatasetGestures, NamesWhatIsMissing) {
  const TestFolder without_labels, without_hands, other_hands;
  const auto message = [](const dataset::Dataset& dataset) {
    const auto read = read_dataset_gestures(dataset, 1, "", {});
    return read ? "" : read.error().message;
  };
  EXPECT_NE(message(make(without_labels, {}, {})).find("no sample of a followed person"),
            std::string::npos);
  EXPECT_NE(message(make(without_hands, {sample("train", 0, "ok")}, {hands(0, {}, {})}))
                .find("no hand of a person"),
            std::string::npos);
  EXPECT_NE(message(make(other_hands, {sample("train", 0, "ok")}, {hands(0, {1, 2, 3}, {})}))
                .find("hands of 1 landmarks, want the 21"),
            std::string::npos);
}

}  // namespace
}  // namespace lido::model
