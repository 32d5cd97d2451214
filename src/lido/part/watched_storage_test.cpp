// SPDX-License-Identifier: Apache-2.0
#include "lido/part/watched_storage.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "lido/part/test_span.h"

namespace lido::part {
namespace {

/// Storage that notes whether the heartbeat shows a wait during each call.
class NotingReader final : public storage::Reader {
 public:
  NotingReader(const std::atomic<int64_t>& heartbeat, std::vector<bool>& waits)
      : heartbeat_(heartbeat), waits_(waits) {}
  int64_t size() const override { return 3; }
  size_t request_size() const override { return 1; }
  Result<size_t> read_at(int64_t, std::span<std::byte> into) override {
    waits_.push_back(heartbeat_ % 2 != 0);
    return into.size();
  }

 private:
  const std::atomic<int64_t>& heartbeat_;
  std::vector<bool>& waits_;
};

class NotingWriter final : public storage::Writer {
 public:
  NotingWriter(const std::atomic<int64_t>& heartbeat, std::vector<bool>& waits)
      : heartbeat_(heartbeat), waits_(waits) {}
  using Writer::append;
  Result<void> append(std::span<const std::byte>) override { return note(); }
  Result<void> commit() override { return note(); }

 private:
  Result<void> note() {
    waits_.push_back(heartbeat_ % 2 != 0);
    return {};
  }

  const std::atomic<int64_t>& heartbeat_;
  std::vector<bool>& waits_;
};

TEST(WatchedStorage, EachCallIsAWaitAndProgress) {
  std::atomic<int64_t> heartbeat = 4;
  std::vector<bool> waits;
  WatchedReader reader(std::make_unique<NotingReader>(heartbeat, waits), &heartbeat);
  std::array<std::byte, 2> into{};
  EXPECT_EQ(*reader.read_at(1, into), 2U);
  EXPECT_EQ(heartbeat, 6);
  EXPECT_EQ(reader.size(), 3);
  WatchedWriter writer(std::make_unique<NotingWriter>(heartbeat, waits), &heartbeat);
  EXPECT_TRUE(writer.append("abc"));
  EXPECT_TRUE(writer.commit());
  EXPECT_EQ(heartbeat, 10);
  EXPECT_EQ(waits, (std::vector<bool>{true, true, true}));
}

class WatchedStep : public SpanTest {};

TEST_F(WatchedStep, OpeningAndCreatingAreWaits) {
  std::atomic<int64_t> heartbeat = 2;
  EXPECT_FALSE(open_watched("/nowhere/a.mp4", &heartbeat));
  EXPECT_EQ(heartbeat, 4) << "a failure ends the wait";
  const auto writer = create_watched(*store_, "a", &heartbeat);
  ASSERT_TRUE(writer) << writer.error().message;
  EXPECT_EQ(heartbeat, 6);
  ASSERT_TRUE((*writer)->append("x"));
  ASSERT_TRUE((*writer)->commit());
  EXPECT_EQ(heartbeat, 10);
  EXPECT_EQ(*store_->read_text("a"), "x");
}

TEST_F(WatchedStep, ANullHeartbeatIsNotCounted) {
  const auto writer = create_watched(*store_, "a", nullptr);
  ASSERT_TRUE(writer) << writer.error().message;
  ASSERT_TRUE((*writer)->commit());
  EXPECT_EQ((*open_watched(store_->uri() + "/a", nullptr))->size(), 0);
}

}  // namespace
}  // namespace lido::part
