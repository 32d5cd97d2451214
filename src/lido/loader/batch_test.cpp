// SPDX-License-Identifier: Apache-2.0
#include "lido/loader/batch.h"

#include <gtest/gtest.h>

namespace lido::loader {
namespace {

TEST(Targets, AreTheLabelsWithTheGreatestOverlap) {
  const auto row_of = [](std::vector<dataset::SampleLabel> labels) {
    dataset::SampleRow row;
    row.labels = std::move(labels);
    return row;
  };
  const std::vector rows = {row_of({{.task = "behaviour", .label = "swim", .overlap = 0.4},
                                    {.task = "behaviour", .label = "dive", .overlap = 0.6},
                                    {.task = "age", .label = "swim", .overlap = 1}}),
                            row_of({{.task = "behaviour", .label = "swim", .overlap = 0.5},
                                    {.task = "behaviour", .label = "dive", .overlap = 0.5}}),
                            row_of({{.task = "behaviour", .label = "stand", .overlap = 1}}),
                            row_of({})};
  EXPECT_EQ(targets(rows, "behaviour", {"dive", "swim"}), (std::vector<int64_t>{0, 0, -1, -1}));
  EXPECT_EQ(targets(rows, "behaviour", {"swim"}), (std::vector<int64_t>{0, 0, -1, -1}));
}

TEST(BatchMemory, IsUsedAgain) {
  const auto memory = std::make_shared<BatchMemory>();
  auto first = memory->take(1000);
  const uint8_t* const at = first.get();
  const auto other = memory->take(1000);
  EXPECT_NE(other.get(), at) << "the first is still in use";
  first.reset();
  EXPECT_EQ(memory->take(1000).get(), at);
}

TEST(BatchMemory, BlocksOutliveIt) {
  auto memory = std::make_shared<BatchMemory>();
  const auto block = memory->take(8);
  memory.reset();
  block[7] = 1;
  EXPECT_EQ(block[7], 1);
}

}  // namespace
}  // namespace lido::loader
