// SPDX-License-Identifier: Apache-2.0
#include "lido/storage/bucket.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "lido/storage/test_gcs.h"

namespace lido::storage {
namespace {

using namespace std::chrono_literals;

class Bucket : public GcsTest {};

void expect_bytes(std::span<const std::byte> bytes, size_t offset) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    ASSERT_EQ(std::to_integer<char>(bytes[i]), byte_of(offset + i)) << "byte " << offset + i;
  }
}

TEST_F(Bucket, ReadsAnyRange) {
  const auto reader = store_->open("clip.mp4");
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_EQ((*reader)->size(), static_cast<int64_t>(FakeGcs::kSize));
  std::vector<std::byte> into(300'000);
  for (const size_t offset : {size_t{0}, size_t{12345}, size_t{5'000'000}, FakeGcs::kSize - 7}) {
    const size_t expected = std::min(into.size(), FakeGcs::kSize - offset);
    const auto count = (*reader)->read_at(static_cast<int64_t>(offset), into);
    ASSERT_TRUE(count) << count.error().message;
    EXPECT_EQ(*count, expected);
    expect_bytes(std::span(into).first(expected), offset);
  }
  EXPECT_EQ(*(*reader)->read_at(FakeGcs::kSize, into), 0U);
}

TEST_F(Bucket, AsksForMoreAndMoreWhileReadInOrder) {
  const auto reader = store_->open("clip.mp4");
  ASSERT_TRUE(reader) << reader.error().message;
  server().take_offsets();
  std::vector<std::byte> into(64 << 10);
  for (int64_t at = 0; at < 1'800'000; at += std::ssize(into))
    ASSERT_TRUE((*reader)->read_at(at, into));
  // 256 KiB, then 512, then 1024: 27 reads of 64 KiB need three requests.
  EXPECT_EQ(server().take_offsets(), (std::vector<size_t>{0, 256 << 10, 768 << 10}));
}

TEST_F(Bucket, ReadsALargeRangeWithOneRequest) {
  const auto reader = store_->open("clip.mp4");
  ASSERT_TRUE(reader) << reader.error().message;
  server().take_offsets();
  std::vector<std::byte> into(1 << 20);
  EXPECT_EQ(*(*reader)->read_at(777'777, into), into.size());
  EXPECT_EQ(server().take_offsets(), (std::vector<size_t>{777'777}));
}

TEST_F(Bucket, RepeatsARequestThatFails) {
  const auto reader = store_->open("clip.mp4");
  ASSERT_TRUE(reader) << reader.error().message;
  server().fail_next(2);
  std::vector<std::byte> into(1000);
  const auto count = (*reader)->read_at(100, into);
  ASSERT_TRUE(count) << count.error().message;
  ASSERT_EQ(*count, into.size());
  expect_bytes(into, 100);
  EXPECT_EQ(server().failures_left(), 0);
}

TEST_F(Bucket, RepeatsARemovalThatFails) {
  server().fail_next(1);
  ASSERT_TRUE(store_->remove("clip.mp4"));
  EXPECT_EQ(server().failures_left(), 0);
  EXPECT_EQ(server().take_writes().size(), 1U);
}

TEST_F(Bucket, AnAbandonedWriterSendsNothing) {
  {
    const auto small = *store_->create("a");
    ASSERT_TRUE(small->append("half"));
    const auto large = *store_->create("b");  // in a temporary file
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(large->append(std::string(1 << 20, 'x')));
  }
  EXPECT_TRUE(server().take_writes().empty());
}

TEST_F(Bucket, ALargeObjectIsSentWholeByOneRequest) {
  const auto writer = *store_->create("b");
  std::string expected;
  for (int i = 0; i < 20; ++i) {
    const std::string piece(1'000'003, static_cast<char>('a' + i));
    expected += piece;
    ASSERT_TRUE(writer->append(piece));
  }
  ASSERT_TRUE(writer->commit());
  const auto writes = server().take_writes();
  ASSERT_EQ(writes.size(), 1U);
  EXPECT_TRUE(writes[0].starts_with(
      "POST /upload/storage/v1/b/pool/o?uploadType=multipart&name=b HTTP/1.1\r\n"));
  EXPECT_NE(writes[0].find(expected), std::string::npos);
  EXPECT_NE(writes[0].find(R"({"md5Hash":"GugSC1e0GVqzvSypr+yoCQ=="})"), std::string::npos)
      << writes[0].substr(0, 600);  // by md5sum
}

TEST_F(Bucket, RemovesAHundredObjectsByOneRequest) {
  std::vector<std::string> names(250);
  for (size_t i = 0; i < names.size(); ++i) names[i] = fmt::format("a/{}", i);
  ASSERT_TRUE(store_->remove_each(names));
  EXPECT_EQ(server().take_writes().size(), 3U);
}

TEST_F(Bucket, AMissingObjectIsNotFound) {
  const auto missing = store_->open("other.mp4");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(missing.error().message, "gs://pool/other.mp4: no such object");
}

TEST_F(Bucket, AnErrorIsNotTakenForAMissingObjectByItsText) {
  server().fail_next(1, "403 Forbidden", R"({"error":{"message":"NoSuch: not found"}})");
  const auto denied = store_->open("not found/NoSuchKey");
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(denied.error().message,
            "gs://pool/not found/NoSuchKey: access denied (403): NoSuch: not found");
}

TEST_F(Bucket, RetriesEndWithAStop) {
  server().fail_next(1000);
  std::stop_source stop;
  stop_requests_on(stop.get_token());
  std::atomic<int> left_at_stop = 0;
  std::atomic<std::chrono::steady_clock::time_point> stopped_at;
  const std::jthread stopper([&] {
    while (server().failures_left() > 998) std::this_thread::sleep_for(1ms);
    left_at_stop = server().failures_left();
    stopped_at = std::chrono::steady_clock::now();
    stop.request_stop();
  });
  const auto stopped = store_->open("clip.mp4");
  stop_requests_on({});
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - stopped_at.load(), 1s);
  EXPECT_GE(server().failures_left(), left_at_stop - 1) << "the attempt under way was the last";
}

TEST(OpenBucket, WantsTheNameOfABucket) {
  const auto nameless = open_bucket("s3://");
  ASSERT_FALSE(nameless);
  EXPECT_EQ(nameless.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(nameless.error().message, "s3://: no bucket, want s3://BUCKET/PREFIX");
}

}  // namespace
}  // namespace lido::storage
