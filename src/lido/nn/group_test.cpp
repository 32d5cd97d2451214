// SPDX-License-Identifier: Apache-2.0
#include "lido/nn/group.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <functional>
#include <random>
#include <thread>

namespace lido::nn {
namespace {

/// A socket that listens at a free port of this machine.
struct Listener {
  int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  int port = 0;
  Listener() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(fd, 16), 0);
    EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port = ntohs(address.sin_port);
  }
};

Rendezvous at(const Listener& listener, int rank, int workers) {
  return {.rank = rank,
          .workers = workers,
          .host = "127.0.0.1",
          .port = listener.port,
          .listen_fd = rank == 0 ? listener.fd : -1,
          .attempt = "test",
          .start_timeout = std::chrono::seconds(60),
          .timeout = std::chrono::seconds(2)};
}

/// Runs workers as threads, each with its own group.
void run_workers(int workers, const std::function<void(Group&)>& work) {
  const Listener listener;
  std::vector<std::jthread> threads;
  for (int rank = 0; rank < workers; ++rank) {
    threads.emplace_back([&, rank] {
      auto group = Group::join(at(listener, rank, workers));
      ASSERT_TRUE(group) << group.error().message;
      work(*group);
    });
  }
}

/// Vectors whose sum depends on the order: large and small values of both signs.
std::vector<std::vector<float>> uneven_vectors(int count, size_t length) {
  std::mt19937 random(3);
  std::vector<std::vector<float>> all(static_cast<size_t>(count), std::vector<float>(length));
  for (auto& values : all) {
    for (float& value : values)
      value = std::ldexp(static_cast<float>(random()) - 2e9F, static_cast<int>(random() % 40) - 20);
  }
  return all;
}

TEST(Group, SumsHaveEqualBitsForAnyNumberOfWorkers) {
  constexpr int kCount = 5;
  const auto vectors = uneven_vectors(kCount, 1003);
  std::vector<float> wanted = vectors[0], backwards = vectors[kCount - 1];
  for (size_t n = 1; n < kCount; ++n) {
    for (size_t i = 0; i < wanted.size(); ++i) {
      wanted[i] += vectors[n][i];
      backwards[i] += vectors[kCount - 1 - n][i];
    }
  }
  ASSERT_NE(wanted, backwards) << "the order has no effect on these vectors";
  for (const int workers : {1, 2, 3, 4, 5}) {
    run_workers(workers, [&](Group& group) {
      std::vector<std::vector<float>> own;
      for (int n = group.rank(); n < kCount; n += workers)
        own.push_back(vectors[static_cast<size_t>(n)]);
      const auto sum = group.sum(own, kCount);
      ASSERT_TRUE(sum) << sum.error().message;
      EXPECT_EQ(*sum, wanted) << workers << " workers, rank " << group.rank();
    });
  }
}

TEST(Group, GathersTheValuesOfEachWorker) {
  run_workers(3, [](Group& group) {
    const std::vector<double> own = {group.rank() + 0.5, 7};
    const auto all = group.gather(own);
    ASSERT_TRUE(all) << all.error().message;
    EXPECT_EQ(*all, (std::vector<std::vector<double>>{{0.5, 7}, {1.5, 7}, {2.5, 7}}));
  });
}

TEST(Group, OthersWaitForTheFirstLongerThanTheTimeout) {
  std::atomic<int> done = 0;
  run_workers(3, [&](Group& group) {
    const auto result = group.in_first([&]() -> Result<void> {
      std::this_thread::sleep_for(std::chrono::seconds(5));  // the timeout is 2 s
      ++done;
      return {};
    });
    EXPECT_TRUE(result) << result.error().message;
    EXPECT_EQ(done, 1);
  });
}

TEST(Group, AFailureOfTheFirstReachesTheOthers) {
  run_workers(2, [](Group& group) {
    const auto result =
        group.in_first([]() -> Result<void> { return fail(ErrorCode::kCorrupt, "no space"); });
    ASSERT_FALSE(result);
    const auto wanted = group.is_first() ? ErrorCode::kCorrupt : ErrorCode::kUnavailable;
    EXPECT_EQ(result.error().code, wanted);
  });
}

TEST(Group, AWorkerThatDoesNothingIsNoticed) {
  std::atomic<bool> noticed = false;
  run_workers(2, [&](Group& group) {
    if (!group.is_first()) {
      while (!noticed) std::this_thread::sleep_for(std::chrono::milliseconds(10));
      return;
    }
    const auto begin = std::chrono::steady_clock::now();
    const auto result = group.gather(std::vector<double>{1});
    const auto took = std::chrono::steady_clock::now() - begin;
    noticed = true;
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(result.error().message.find('\n'), std::string::npos) << result.error().message;
    EXPECT_GE(took, std::chrono::milliseconds(1500));
    EXPECT_LE(took, std::chrono::seconds(20));
  });
}

TEST(Group, AWorkerThatEndsIsNoticed) {
  run_workers(2, [](Group& group) {
    if (group.is_first()) return;
    const auto result = group.gather(std::vector<double>{1});
    ASSERT_FALSE(result);
    EXPECT_NE(result.error().message.find("worker 1 of 2: another worker ended"), std::string::npos)
        << result.error().message;
  });
}

TEST(Group, RefusesARankThatIsNone) {
  EXPECT_EQ(Group::join({.rank = 2, .workers = 2}).error().message,
            "rank is 2 of 2 workers, want 0 to 1");
}

TEST(Group, AMeetingWithoutTheFirstIsAnError) {
  const Listener listener;
  auto alone = at(listener, 1, 2);
  ::close(listener.fd);
  alone.start_timeout = std::chrono::seconds(2);
  const auto group = Group::join(alone);
  ASSERT_FALSE(group);
  EXPECT_EQ(group.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(group.error().message.find('\n'), std::string::npos) << group.error().message;
}

}  // namespace
}  // namespace lido::nn
