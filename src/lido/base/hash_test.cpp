// SPDX-License-Identifier: Apache-2.0
#include "lido/base/hash.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "lido/base/parallel.h"

namespace lido {
namespace {

// Source: FIPS 180-4 examples.
TEST(Sha256, KnownAnswers) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256().update("a").update("bc").hex(), sha256_hex("abc"));
}

TEST(DeriveSeed, DependsOnEveryNameAndTheirBounds) {
  EXPECT_EQ(derive_seed(1, {"a", "b"}), derive_seed(1, {"a", "b"}));
  EXPECT_NE(derive_seed(1, {"a", "b"}), derive_seed(2, {"a", "b"}));
  EXPECT_NE(derive_seed(1, {"a", "b"}), derive_seed(1, {"ab"}));
  EXPECT_NE(derive_seed(1, {"a", "b"}), derive_seed(1, {"b", "a"}));
}

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

}  // namespace
}  // namespace lido
