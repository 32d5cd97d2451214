// SPDX-License-Identifier: Apache-2.0
#include "train_on_ray.h"

#include <gtest/gtest.h>

namespace lido::cli {
namespace {

TEST(Workers, AreANumberOrARange) {
  EXPECT_EQ(*parse_workers("4"), (WorkerRange{4, 4}));
  EXPECT_EQ(*parse_workers("2:8"), (WorkerRange{2, 8}));
  EXPECT_EQ(*parse_workers("3:3"), (WorkerRange{3, 3}));
  for (const char* bad : {"", "0", "-1", "two", "2:", ":8", "8:2", "2:8:9", "1.5", "4 ", "99999"}) {
    const auto workers = parse_workers(bad);
    ASSERT_FALSE(workers) << bad;
    EXPECT_NE(workers.error().message.find("want a number from 1 to 1024, or MIN:MAX"),
              std::string::npos);
  }
}

TEST(TrainingRequest, HoldsTheRequestAndItsWorkers) {
  const nlohmann::ordered_json training = {{"out", "/r"}, {"options", {{"micro_batches", 8}}}};
  const auto request = training_request(training, {.workers = "2:8", .max_failures = 5}, "/bin/t");
  ASSERT_TRUE(request) << request.error().message;
  const auto& json = *request;
  EXPECT_EQ(json["train"], training);
  EXPECT_EQ(json["workers"], nlohmann::ordered_json({2, 8}));
  EXPECT_EQ(json["program"], "/bin/t");
  EXPECT_EQ(json["max_failures"], 5);
}

TEST(TrainingRequest, RefusesMoreWorkersThanMicroBatches) {
  const auto request =
      training_request({{"options", {{"micro_batches", 2}}}}, {.workers = "1:3"}, "/bin/t");
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().message,
            "--workers: got 1:3, want at most the run's micro_batches, which is 2");
}

}  // namespace
}  // namespace lido::cli
