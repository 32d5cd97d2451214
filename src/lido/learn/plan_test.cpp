// SPDX-License-Identifier: Apache-2.0
#include "lido/learn/plan.h"

#include <gtest/gtest.h>

#include "lido/learn/test_dataset.h"
#include "lido/learn/test_gestures.h"

namespace lido::learn {
namespace {

model::TrainConfig config_for(const HalvesDataset& data) {
  model::TrainConfig config{.network = "people", .data = data.uri(), .points = "", .options = {}};
  config.options.batch_size = 10;
  config.options.epochs = 3;
  return config;
}

TEST(Plan, CountsSamplesAndSteps) {
  const HalvesDataset data(48, 24);
  const auto plan = plan_run(config_for(data), 0);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->train_samples, 48);
  EXPECT_EQ(plan->val_samples, 24);
  EXPECT_EQ(plan->steps_in_epoch, 5);  // the last has 8 samples
  EXPECT_EQ(plan->steps(), 15);
  EXPECT_EQ(plan->shape, (loader::Shape{4, 32, 32}));
  EXPECT_GT(plan->config.options.threads, 0);
  // 32 x 32 pixels: the stem's first layer alone makes 16 x 16 x 16 results of 27 products a frame.
  EXPECT_GT(plan->operations, 2 * 4 * 16 * 16 * 16 * 27);
  const auto json = to_json(*plan);
  EXPECT_EQ(json["classes"]["side"]["left"]["train"].get<int>() +
                json["classes"]["side"]["right"]["train"].get<int>(),
            48);
}

TEST(Plan, ItsSignatureChangesWithTheClasses) {
  const HalvesDataset data(16, 8);
  const auto config = config_for(data);
  auto other = config;
  other.options.learning_rate /= 2;
  EXPECT_EQ(plan_run(config, 0)->signature, plan_run(other, 0)->signature);
  other.options.classes = "side=left,middle";
  EXPECT_EQ(plan_run(other, 0).error().code, ErrorCode::kInvalidArgument);  // no middle
}

// 60 rows, of which a tenth of each class is for validation.
TEST(Plan, CountsRowsOfATableOfPoints) {
  const GestureFiles files(60);
  const auto plan = plan_run(files.config("hands"), 0);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->train_samples, 54);
  EXPECT_EQ(plan->val_samples, 6);
  EXPECT_EQ(plan->steps_in_epoch, 4);
  EXPECT_EQ(plan->tasks[0].classes, (std::vector<std::string>{"first", "second"}));
  EXPECT_EQ(plan->tasks[0].train, (std::vector<int64_t>{27, 27}));
  const auto motions = *plan_run(files.config("motions"), 0);
  EXPECT_EQ(to_json(motions)["input"]["frames"], 16);
  EXPECT_NE(motions.signature, plan->signature);
  auto config = files.config("hands");
  config.options.classes = "";
  EXPECT_NE(plan_run(config, 0).error().message.find("--classes is missing"), std::string::npos);
  config.options.classes = files.path("none.csv");
  EXPECT_EQ(plan_run(config, 0).error().code, ErrorCode::kNotFound);
}

TEST(Plan, ChoosesTheStreamsThatTheDatasetHas) {
  const HalvesDataset frames(16, 8), both(16, 8, Shows::kBoth);
  EXPECT_EQ(plan_run(config_for(frames), 0)->config.options.streams, "frames");
  const auto plan = *plan_run(config_for(both), 0);
  EXPECT_EQ(plan.config.options.streams, "frames,keypoints");
  EXPECT_EQ(plan.network.input.keypoints, 14);
  EXPECT_EQ(to_json(plan)["input"]["streams"], "frames,keypoints");
  auto config = config_for(both);
  config.options.streams = "frames";
  EXPECT_EQ(plan_run(config, 0)->network.input, plan_run(config_for(frames), 0)->network.input);
  EXPECT_NE(plan_run(config, 0)->signature, plan.signature);
  config.options.streams = "keypoints";
  EXPECT_LT(plan_run(config, 0)->operations, plan.operations / 2);
  config.data = frames.uri();
  EXPECT_EQ(plan_run(config, 0).error().message,
            "streams is keypoints, want frames: the samples of " + frames.uri() +
                " have no keypoints. lido ingest --poses gives them to samples of people.");
  auto gestures = GestureFiles(60).config("hands");
  gestures.options.streams = "frames";
  EXPECT_EQ(plan_run(gestures, 0).error().message,
            "streams is frames, want auto: gestures have one stream");
}

TEST(Plan, RefusesBadOptionsAndData) {
  const HalvesDataset data(16, 8);
  auto config = config_for(data);
  config.options.epochs = 0;
  EXPECT_EQ(plan_run(config, 0).error().message, "epochs is 0, want 1 to 100000");
  config = config_for(data);
  config.data += "/none";
  EXPECT_EQ(plan_run(config, 0).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace lido::learn
