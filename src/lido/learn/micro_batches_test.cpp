// SPDX-License-Identifier: Apache-2.0
#include "lido/learn/micro_batches.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "lido/learn/test_dataset.h"
#include "lido/learn/test_gestures.h"

namespace lido::learn {
namespace {

/// 50 samples in batches of 12 of 3 micro-batches of 4: 17, 17 and 16 samples, of which the last
/// step has 1, 1 and 0.
Plan plan_of(const HalvesDataset& data) {
  model::TrainConfig config{.network = "people", .data = data.uri(), .points = "", .options = {}};
  config.options.batch_size = 12;
  config.options.micro_batches = 3;
  config.options.threads = 1;
  return *plan_run(config, 0);
}

using Steps = std::vector<std::vector<std::string>>;  ///< Samples by step * 3 + micro-batch.

/// Reads steps by several workers, of which all begin at a position.
struct Readers {
  std::vector<MicroBatches> workers;
  Readers(const Plan& plan, int count, const std::string& position = {}) {
    for (int rank = 0; rank < count; ++rank)
      workers.push_back(*MicroBatches::open(plan, {rank, count}, position));
  }
  Steps read(int64_t first, int64_t end, int64_t steps_in_epoch) {
    Steps steps;
    for (int64_t step = first; step < end; ++step) {
      std::vector<std::vector<std::string>> of_step(3);
      for (size_t rank = 0; rank < workers.size(); ++rank) {
        const auto batches = *workers[rank].next(step / steps_in_epoch);
        for (size_t slot = 0; slot < batches.size(); ++slot) {
          if (batches[slot]) of_step[rank + slot * workers.size()] = batches[slot]->names;
        }
      }
      std::ranges::move(of_step, std::back_inserter(steps));
    }
    return steps;
  }
};

TEST(MicroBatches, AreEqualForAnyNumberOfWorkersAndHaveEachSampleOnce) {
  const HalvesDataset data(50, 8);
  const Plan plan = plan_of(data);
  ASSERT_EQ(plan.steps_in_epoch, 5);
  const Steps alone = Readers(plan, 1).read(0, 10, 5);
  for (int epoch = 0; epoch < 2; ++epoch) {
    std::multiset<std::string> seen;
    for (int i = 0; i < 15; ++i) {
      const auto& samples = alone[static_cast<size_t>(epoch * 15 + i)];
      seen.insert(samples.begin(), samples.end());
    }
    EXPECT_EQ(seen.size(), 50U);
    EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), 50U);
  }
  EXPECT_EQ(alone[14].size(), 0U) << "the last share has no sample for the last step";
  EXPECT_EQ(Readers(plan, 2).read(0, 10, 5), alone);
  EXPECT_EQ(Readers(plan, 3).read(0, 10, 5), alone);
}

TEST(MicroBatches, ResumeWithAnotherNumberOfWorkers) {
  const HalvesDataset data(50, 8);
  const Plan plan = plan_of(data);
  const Steps whole = Readers(plan, 1).read(0, 10, 5);
  for (int64_t stop = 1; stop < 10; ++stop) {
    Readers before(plan, 2);
    const Steps first = before.read(0, stop, 5);
    const auto position = before.workers[0].position();
    Steps all = first;
    std::ranges::move(Readers(plan, 3, position).read(stop, 10, 5), std::back_inserter(all));
    EXPECT_EQ(all, whole) << "stopped after step " << stop;
  }
}

/// 47 hands to learn from, in batches of 15 of 3 micro-batches: 16, 16 and 15 hands, of which the
/// last step has none of the third share.
Plan plan_of(const GestureFiles& files) {
  auto config = files.config("hands");
  config.options.batch_size = 15;
  config.options.micro_batches = 3;
  Plan plan = *plan_run(config, 0);
  plan.split.train.resize(47);
  plan.train_samples = 47;
  return plan;
}

TEST(MicroBatches, OfGesturesAreEqualForAnyNumberOfWorkersAlsoResumed) {
  const GestureFiles files(60);
  const Plan plan = plan_of(files);
  const Steps alone = Readers(plan, 1).read(0, 8, 4);
  std::multiset<std::string> seen;
  for (size_t i = 0; i < 12; ++i) seen.insert(alone[i].begin(), alone[i].end());
  EXPECT_EQ(seen.size(), 47U);
  EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), 47U);
  EXPECT_EQ(alone[9].size(), 1U);
  EXPECT_EQ(alone[11].size(), 0U) << "the last share has no hand for the last step";
  EXPECT_EQ(Readers(plan, 2).read(0, 8, 4), alone);
  for (int64_t stop = 1; stop < 8; ++stop) {
    Readers before(plan, 3);
    Steps all = before.read(0, stop, 4);
    const auto position = before.workers[0].position();
    std::ranges::move(Readers(plan, 2, position).read(stop, 8, 4), std::back_inserter(all));
    EXPECT_EQ(all, alone) << "stopped after step " << stop;
  }
}

TEST(MicroBatches, OfFewerHandsThanMicroBatchesAreRefused) {
  const GestureFiles files(60);
  auto config = files.config("hands");
  config.options.micro_batches = 100;
  config.options.batch_size = 400;
  const auto plan = plan_run(config, 0);
  ASSERT_FALSE(plan);
  EXPECT_NE(plan.error().message.find("hands in the split train, want micro_batches, 100"),
            std::string::npos)
      << plan.error().message;
}

}  // namespace
}  // namespace lido::learn
