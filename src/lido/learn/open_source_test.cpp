// SPDX-License-Identifier: Apache-2.0
#include "lido/learn/open_source.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "lido/learn/test_dataset.h"
#include "lido/learn/test_gestures.h"

namespace lido::learn {
namespace {

TEST(OpenSource, OfADatasetHasItsWindowsAndClasses) {
  const HalvesDataset data(16, 8);
  model::TrainConfig config{.network = "people", .data = data.uri(), .points = "", .options = {}};
  const auto plan = *plan_run(config, 0);
  const auto source = *open_source(plan, "val");
  const auto batch = **source->next();
  EXPECT_EQ(batch.names.size(), 8U);
  EXPECT_EQ(batch.names[0].substr(0, 4), "val_");
  EXPECT_EQ(batch.input.targets.at("side").size(), 8U);
  EXPECT_EQ(std::get<std::span<const uint8_t>>(batch.input.windows).size(), 8 * plan.shape.bytes());
  EXPECT_FALSE(*source->next());  // the end of the epoch
  EXPECT_TRUE(*source->next());
  const std::string position = (*open_source(plan, "train"))->position();
  EXPECT_TRUE(open_source(plan, "train", {.position = position}));
}

TEST(OpenSource, GivesTheStreamsOfThePlan) {
  const HalvesDataset data(16, 8, Shows::kBoth);
  model::TrainConfig config{.network = "people", .data = data.uri(), .points = "", .options = {}};
  const auto both = **(*open_source(*plan_run(config, 0), "val"))->next();
  EXPECT_EQ(both.input.keypoints.size(), 8U * 4 * 14);
  EXPECT_FALSE(std::get<std::span<const uint8_t>>(both.input.windows).empty());
  config.options.streams = "keypoints";
  const auto alone = **(*open_source(*plan_run(config, 0), "val"))->next();
  EXPECT_TRUE(std::ranges::equal(alone.input.keypoints, both.input.keypoints));
  EXPECT_TRUE(std::get<std::span<const uint8_t>>(alone.input.windows).empty());
  config.options.streams = "frames";
  EXPECT_TRUE((**(*open_source(*plan_run(config, 0), "val"))->next()).input.keypoints.empty());
}

TEST(OpenSource, RefusesSamplesOfAnotherSize) {
  const HalvesDataset data(16, 8);
  model::TrainConfig config{.network = "people", .data = data.uri(), .points = "", .options = {}};
  auto plan = *plan_run(config, 0);
  plan.shape.width += 2;
  const auto source = *open_source(plan, "val");
  EXPECT_NE(source->next().error().message.find("has another size than the others"),
            std::string::npos);
}

TEST(OpenSource, OfATableOfPointsHasItsSplits) {
  const GestureFiles files(60);
  const auto plan = *plan_run(files.config("hands"), 0);
  EXPECT_EQ((**(*open_source(plan, "val"))->next()).names.size(), 6U);
  EXPECT_EQ((**(*open_source(plan, "train"))->next()).names.size(), 16U);
  EXPECT_EQ((*open_source(plan, "val"))->checksum(), plan.gestures->checksum);
}

}  // namespace
}  // namespace lido::learn
