// SPDX-License-Identifier: Apache-2.0
#include "lido/learn/checkpoint.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

#include "lido/base/test_folder.h"

namespace lido::learn {
namespace {

Checkpoint example(int64_t step = 7) {
  return {.step = step,
          .network = "abc",
          .position = "{\"epoch\": 1}",
          .best_score = 0.1 + 0.2,
          .best_loss = 1.0 / 9,
          .best_epoch = 0,
          .epochs_since = 1,
          .loss_sum = 1.0 / 3,
          .loss_count = 2,
          .metrics = {{3, 0, "train", "", "loss", 1.0 / 7},
                      {3, 0, "val", "age", "macro_f1", std::numeric_limits<double>::quiet_NaN()}},
          .module = std::string("weights\n\0 and more", 18)};
}

TEST(Checkpoint, IsReadAsItWasWritten) {
  const auto read = parse_checkpoint(to_bytes(example()));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->step, 7);
  EXPECT_EQ(read->position, example().position);
  EXPECT_EQ(read->best_score, 0.1 + 0.2);  // each bit of it
  EXPECT_EQ(read->best_loss, 1.0 / 9);
  EXPECT_TRUE(std::isinf(parse_checkpoint(to_bytes({}))->best_loss));
  EXPECT_EQ(read->loss_sum, 1.0 / 3);
  EXPECT_EQ(read->metrics[0].value, 1.0 / 7);
  EXPECT_TRUE(std::isnan(read->metrics[1].value));
  EXPECT_EQ(read->metrics[1].task, "age");
  EXPECT_EQ(read->module, example().module);
}

TEST(Checkpoint, AnyChangedOrMissingByteIsNoticed) {
  const std::string good = to_bytes(example());
  for (size_t i = 0; i < good.size(); ++i) {
    EXPECT_FALSE(parse_checkpoint(good.substr(0, i)));
    std::string broken = good;
    broken[i] = static_cast<char>(broken[i] ^ 4);
    EXPECT_FALSE(parse_checkpoint(broken)) << i;
  }
}

TEST(Checkpoint, TheLastTwoAreKept) {
  const TestFolder folder;
  const auto store = *storage::open_store(folder.string());
  EXPECT_FALSE(load_latest(*store)->has_value());
  for (const int64_t step : {5, 90, 100, 1000}) ASSERT_TRUE(save(*store, example(step)));
  EXPECT_EQ((*load_latest(*store))->step, 1000);
  EXPECT_EQ(store->list("checkpoints")->size(), 2U);
  std::ofstream(folder / "checkpoints/0000001000.ckpt", std::ios::app) << "x";
  const auto broken = load_latest(*store);
  ASSERT_FALSE(broken);
  EXPECT_NE(broken.error().message.find("0000001000.ckpt: its checksum is"), std::string::npos);
}

}  // namespace
}  // namespace lido::learn
