// SPDX-License-Identifier: Apache-2.0
#include "lido/base/parallel.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <thread>

namespace lido {
namespace {

TEST(ParallelFor, DoesEachOnce) {
  std::vector<std::atomic<int>> done(1000);
  EXPECT_TRUE(parallel_for(done.size(), 8, {}, [&](size_t i) -> Result<void> {
    ++done[i];
    return {};
  }));
  for (const auto& count : done) EXPECT_EQ(count, 1);
}

TEST(ParallelFor, StopsAtTheFirstError) {
  std::atomic<int> done = 0;
  const auto result = parallel_for(100000, 4, {}, [&](size_t i) -> Result<void> {
    ++done;
    if (i == 10) return fail(ErrorCode::kCorrupt, "item {}", i);
    if (i > 1000) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return {};
  });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "item 10");
  EXPECT_LT(done, 100000);
}

TEST(ParallelFor, StopsWhenAsked) {
  std::stop_source stop;
  std::atomic<int> done = 0;
  const auto result = parallel_for(100000, 4, stop.get_token(), [&](size_t) -> Result<void> {
    if (++done == 100) stop.request_stop();
    return {};
  });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kCancelled);
  EXPECT_LT(done, 100000);
}

TEST(ParallelFor, UsesAsManyThreadsAsAskedFor) {
  std::mutex mutex;
  std::set<std::thread::id> threads;
  std::atomic<int> waiting = 0;
  ASSERT_TRUE(parallel_for(3, 3, {}, [&](size_t) -> Result<void> {
    {
      const std::lock_guard lock(mutex);
      threads.insert(std::this_thread::get_id());
    }
    ++waiting;
    while (waiting < 3) std::this_thread::yield();  // ends only with three threads at a time
    return {};
  }));
  EXPECT_EQ(threads.size(), 3U);
}

TEST(ParallelFor, DoesNothingForNoItems) {
  EXPECT_TRUE(parallel_for(0, 0, {}, [](size_t) { return Result<void>(); }));
}

}  // namespace
}  // namespace lido
