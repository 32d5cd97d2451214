// SPDX-License-Identifier: Apache-2.0
#include "lido/storage/lease.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

namespace lido::storage {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// A bucket in memory, with the conditions of GCS. Thread-safe.
class MemoryBucket final : public ObjectApi {
 public:
  Checksum checksum() const override { return Checksum::kMd5; }
  size_t batch_size() const override { return 10; }
  Result<ObjectState> state(const std::string& name) override { return get(name); }
  Result<ObjectState> get(const std::string& name) override {
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find(name);
    if (found == objects_.end()) return fail(ErrorCode::kNotFound, "{}", name);
    const Object& object = found->second;
    return ObjectState{
        .size = std::ssize(object.text),
        .version = std::to_string(object.version),
        .age_s = std::chrono::duration<double>(Clock::now() - object.written).count(),
        .text = object.text,
        .writer = {}};
  }
  Result<size_t> read(const std::string&, const std::string&, int64_t,
                      std::span<std::byte>) override {
    return 0;
  }
  Result<std::optional<std::string>> put(const std::string& name, const Upload& upload,
                                         const WriteIf& wanted) override {
    const std::lock_guard lock(mutex_);
    if (is_down) return fail(ErrorCode::kUnavailable, "down");
    const auto found = objects_.find(name);
    const std::string now = found == objects_.end() ? "" : std::to_string(found->second.version);
    if (wanted.state == WriteIf::State::kMissing && !now.empty()) return std::nullopt;
    if (wanted.state == WriteIf::State::kVersion && now != wanted.version) return std::nullopt;
    objects_[name] = {upload.text, ++versions_, Clock::now()};
    return std::to_string(versions_);
  }
  Result<void> remove(std::span<const std::string> names) override {
    const std::lock_guard lock(mutex_);
    for (const std::string& name : names) objects_.erase(name);
    return {};
  }
  Result<void> list(const std::string&, const VisitObject&) override { return {}; }

  std::atomic<bool> is_down = false;

 private:
  struct Object {
    std::string text;
    int version = 0;
    Clock::time_point written;
  };
  std::mutex mutex_;
  std::map<std::string, Object> objects_;
  int versions_ = 0;
};

class LeaseTest : public testing::Test {
 protected:
  Result<std::unique_ptr<Lease>> acquire(std::chrono::milliseconds wait = 0ms) {
    return Lease::acquire(bucket_, "x.lease", "gs://pool/train", wait, times_);
  }
  /// Writes the lease of a process of another machine.
  void put_foreign(const std::string& id = "foreign") {
    const std::string text =
        nlohmann::json{{"id", id}, {"host", "far"}, {"machine", "m"}, {"pid", 7}, {"start", "1"}}
            .dump();
    ASSERT_TRUE(bucket_->put("x.lease", Upload::of(text), {}));
  }

  std::shared_ptr<MemoryBucket> bucket_ = std::make_shared<MemoryBucket>();
  LeaseTimes times_{.life = 2s, .renewal = 100ms, .margin = 1s};
};

TEST_F(LeaseTest, IsHeldByOneAndGivenUp) {
  {
    const auto first = acquire();
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_TRUE((*first)->check());
    const auto second = acquire();
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
    EXPECT_NE(
        second.error().message.find(fmt::format("gs://pool/train: process {} on ", ::getpid())),
        std::string::npos)
        << second.error().message;
  }
  EXPECT_EQ(bucket_->get("x.lease").error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(acquire());
}

TEST_F(LeaseTest, OfManyThreadsAtOnceOneGetsIt) {
  std::atomic<int> got = 0, refused = 0;
  std::vector<std::unique_ptr<Lease>> held(20);
  {
    std::vector<std::jthread> threads;
    for (auto& lease : held) {
      threads.emplace_back([&] {
        auto result = acquire();
        (result ? got : refused)++;
        if (result) lease = std::move(*result);
      });
    }
  }
  EXPECT_EQ(got, 1);
  EXPECT_EQ(refused, 19);
}

TEST_F(LeaseTest, ALivingHolderIsRecognisedByItsRenewals) {
  put_foreign("0");
  std::atomic<bool> is_done = false;
  const std::jthread holder([&] {
    for (int i = 1; !is_done; ++i) {
      std::this_thread::sleep_for(300ms);
      put_foreign(std::to_string(i));
    }
  });
  const auto start = Clock::now();
  const auto refused = acquire(1s);
  is_done = true;
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "gs://pool/train: process 7 on far is writing here. Wait for it, or stop it.");
  EXPECT_GE(Clock::now() - start, 1s);
}

TEST_F(LeaseTest, ADeadHoldersLeaseEnds) {
  put_foreign();
  const auto start = Clock::now();
  const auto taken = acquire(100ms);
  ASSERT_TRUE(taken) << taken.error().message;
  EXPECT_GE(Clock::now() - start, times_.life - 100ms);
  EXPECT_TRUE((*taken)->check());
}

TEST_F(LeaseTest, OfAKilledProcessOfThisMachineItEndsAtOnce) {
  times_.life = 60s;
  const pid_t child = ::fork();
  if (child == 0) {
    // The child shares no memory with this process: it prints its lease.
    ::pause();
    ::_exit(0);
  }
  // A lease as the child would write it: that of this process, with the child's number and start.
  ASSERT_TRUE(acquire());
  std::string text;
  {
    const auto own = acquire();
    text = bucket_->get("x.lease")->text;
  }
  auto json = nlohmann::json::parse(text);
  std::ifstream stat(fmt::format("/proc/{}/stat", child));
  std::string word;
  for (int field = 1; field <= 22; ++field) stat >> word;  // its name has no space
  json["pid"] = child;
  json["start"] = word;
  ASSERT_TRUE(bucket_->put("x.lease", Upload::of(json.dump()), {}));
  EXPECT_FALSE(acquire()) << "while the child lives";
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(acquire());
}

TEST_F(LeaseTest, IsRenewedWhileItIsHeld) {
  const auto lease = *acquire();
  const std::string before = bucket_->get("x.lease")->version;
  std::this_thread::sleep_for(times_.life);
  EXPECT_NE(bucket_->get("x.lease")->version, before);
  EXPECT_LT(bucket_->get("x.lease")->age_s, 1);
  EXPECT_TRUE(lease->check());
}

TEST_F(LeaseTest, WithoutRenewalItsHolderStopsBeforeItEnds) {
  const auto lease = *acquire();
  bucket_->is_down = true;
  std::this_thread::sleep_for(times_.life - times_.margin + 200ms);
  const auto lost = lease->check();
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::kUnavailable);
  EXPECT_LT(bucket_->get("x.lease")->age_s, 2) << "nobody else has it yet";
  bucket_->is_down = false;
}

TEST_F(LeaseTest, AHolderWhoseLeaseWasTakenLosesItAndLeavesTheOthers) {
  {
    const auto lease = *acquire();
    put_foreign();
    std::this_thread::sleep_for(500ms);
    EXPECT_FALSE(lease->check());
  }
  EXPECT_NE(bucket_->get("x.lease")->text.find("foreign"), std::string::npos);
}

}  // namespace
}  // namespace lido::storage
