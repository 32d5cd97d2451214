// SPDX-License-Identifier: Apache-2.0
// A server of this machine speaks the part of Google's JSON API that is tested here:
// https://cloud.google.com/storage/docs/json_api/v1/objects
#include "lido/storage/bucket.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <cstdlib>
#include <map>
#include <thread>

#include "lido/storage/test_server.h"

namespace lido::storage {
namespace {

using namespace std::chrono_literals;

/// Byte `at` of the object that the server holds.
char byte_of(size_t at) { return static_cast<char>(at * 31 % 251); }

/// Holds gs://pool/clip.mp4. Logs requests, and fails as many as wished. Thread-safe.
class FakeGcs {
 public:
  static constexpr size_t kSize = 6 << 20;

  FakeGcs() : server_([this](const std::string& request) { return answer(request); }) {}
  std::string url() const { return server_.url(); }

  void fail_next(int count, std::string status = "503 Service Unavailable", std::string body = "") {
    const std::lock_guard lock(mutex_);
    failures_ = count;
    status_ = std::move(status);
    body_ = std::move(body);
  }
  int failures_left() {
    const std::lock_guard lock(mutex_);
    return failures_;
  }
  /// Writes over the object, as another process does.
  void replace_object() {
    const std::lock_guard lock(mutex_);
    ++generation_;
  }
  /// Carries out the next write, and loses its answer.
  void lose_next_answer() {
    const std::lock_guard lock(mutex_);
    loses_answer_ = true;
  }
  /// Status lines of the next batch's calls, in place of 204.
  void answer_batch(std::vector<std::string> statuses) {
    const std::lock_guard lock(mutex_);
    batch_statuses_ = std::move(statuses);
  }
  /// Forgets the objects that were written on condition.
  void remove_new_objects() {
    const std::lock_guard lock(mutex_);
    facts_of_new_.clear();
  }
  /// Offsets of the reads since the last call.
  std::vector<size_t> take_offsets() {
    const std::lock_guard lock(mutex_);
    return std::exchange(offsets_, {});
  }
  /// Requests other than GET since the last call.
  std::vector<std::string> take_writes() {
    const std::lock_guard lock(mutex_);
    return std::exchange(writes_, {});
  }

 private:
  std::string answer(const std::string& request) {
    const std::lock_guard lock(mutex_);
    if (failures_ > 0) {
      --failures_;
      return TestServer::reply(status_, body_);
    }
    if (!request.starts_with("GET ")) return write(request);
    const std::string target = request.substr(4, request.find(' ', 4) - 4);
    const std::string json = "Content-Type: application/json\r\n";
    for (const auto& [name, facts] : facts_of_new_) {
      if (!target.starts_with("/storage/v1/b/pool/o/" + name + "?")) continue;
      // The facts are a JSON object: "{...}".
      return TestServer::reply("200 OK", R"({"generation":"7","size":"4",)" + facts.substr(1),
                               json);
    }
    if (target.find("clip.mp4") == std::string::npos) {
      const bool listing = target.find("/o?") != std::string::npos;
      return listing ? TestServer::reply("200 OK", R"({"kind":"storage#objects"})", json)
                     : TestServer::reply("404 Not Found", R"({"error":{"message":"gone"}})");
    }
    if (target.find("alt=media") == std::string::npos) {
      return TestServer::reply(
          "200 OK", fmt::format(R"({{"generation":"{}","size":"{}"}})", generation_, kSize), json);
    }
    if (!target.ends_with(fmt::format("&generation={}", generation_)))
      return TestServer::reply("404 Not Found", "");
    return read(request);
  }
  std::string write(const std::string& request) {
    writes_.push_back(request);
    if (request.starts_with("POST /batch/")) return batch(request);
    if (const size_t end = request.find("&ifGenerationMatch=0 "); end != std::string::npos) {
      const size_t begin = request.find("&name=") + 6;
      const size_t facts = request.find("\r\n\r\n{") + 4;
      const bool is_new = facts_of_new_
                              .try_emplace(request.substr(begin, end - begin),
                                           request.substr(facts, request.find('\r', facts) - facts))
                              .second;
      if (!is_new) return TestServer::reply("412 Precondition Failed", "");
    }
    if (std::exchange(loses_answer_, false))
      return TestServer::reply("503 Service Unavailable", "");
    return TestServer::reply("200 OK", R"({"generation":"1"})");
  }
  std::string batch(const std::string& request) {
    std::string body;
    const auto statuses = std::exchange(batch_statuses_, {});
    size_t call = 0;
    for (size_t at = request.find("DELETE /"); at != std::string::npos;
         at = request.find("DELETE /", at + 1), ++call) {
      const std::string status = call < statuses.size() ? statuses[call] : "204 No Content";
      if (status.empty()) continue;
      body += "--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 " + status + "\r\n\r\n";
    }
    return TestServer::reply("200 OK", body + "--b--\r\n");
  }
  std::string read(const std::string& request) {
    const size_t at = request.find("Range: bytes=");
    char* end = nullptr;
    const size_t first = std::strtoull(&request[at + 13], &end, 10);
    const size_t last = std::min<size_t>(std::strtoull(end + 1, nullptr, 10), kSize - 1);
    offsets_.push_back(first);
    std::string body(last + 1 - first, '\0');
    for (size_t i = 0; i < body.size(); ++i) body[i] = byte_of(first + i);
    return TestServer::reply("206 Partial Content", body);
  }

  std::mutex mutex_;
  int failures_ = 0;
  std::string status_, body_;
  int generation_ = 1;
  std::vector<size_t> offsets_;
  std::vector<std::string> writes_;
  bool loses_answer_ = false;
  std::vector<std::string> batch_statuses_;
  /// Metadata of objects written on condition, by name.
  std::map<std::string, std::string> facts_of_new_;
  TestServer server_;
};

class Bucket : public testing::Test {
 protected:
  /// One server and connection for the process, as the connection is kept.
  static FakeGcs& server() {
    static FakeGcs& made = *[] {
      auto* started = new FakeGcs;
      ::setenv("CLOUD_STORAGE_EMULATOR_ENDPOINT", started->url().c_str(), 1);
      return started;
    }();
    return made;
  }
  Bucket() {
    server().fail_next(0);
    server().take_writes();
    server().remove_new_objects();
    store_ = *open_bucket("gs://pool");
  }

  std::unique_ptr<Store> store_;
};

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

TEST_F(Bucket, ReadsOneVersionOfAnObject) {
  const auto reader = store_->open("clip.mp4");
  std::vector<std::byte> into(1000);
  ASSERT_TRUE((*reader)->read_at(0, into));
  server().replace_object();
  const auto mixed = (*reader)->read_at(5'000'000, into);
  ASSERT_FALSE(mixed);
  EXPECT_EQ(mixed.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(mixed.error().message, "gs://pool/clip.mp4: written over or removed while it was read");
  EXPECT_TRUE((*store_->open("clip.mp4"))->read_at(5'000'000, into));
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

TEST_F(Bucket, ANewObjectIsWrittenOnCondition) {
  ASSERT_EQ(*store_->create_new("x", "text"), Created::kNew);
  const auto writes = server().take_writes();
  ASSERT_EQ(writes.size(), 1U);
  EXPECT_NE(writes[0].find("&ifGenerationMatch=0 "), std::string::npos);
  server().fail_next(1, "412 Precondition Failed");
  EXPECT_EQ(*store_->create_new("x", "text"), Created::kExists);
}

TEST_F(Bucket, ANewObjectWhoseAnswerWasLostIsItsWriters) {
  server().lose_next_answer();
  EXPECT_EQ(*store_->create_new("x", "text"), Created::kNew);
  EXPECT_EQ(server().take_writes().size(), 2U) << "the second attempt found the object in place";
  server().lose_next_answer();
  EXPECT_EQ(*store_->create_new("x", "text"), Created::kExists) << "equal, and another writer's";
}

TEST_F(Bucket, ABatchIsSentAgainForACallThatMaySucceedLater) {
  for (const char* status :
       {"503 Service Unavailable", "429 Too Many Requests", "409 Conflict", ""}) {
    server().answer_batch({"204 No Content", status});
    const auto removed = store_->remove_each(std::array<std::string, 3>{"a", "b", "c"});
    EXPECT_TRUE(removed) << removed.error().message;
    EXPECT_EQ(server().take_writes().size(), 2U) << status;
  }
}

TEST_F(Bucket, ABatchEndsWithACallThatIsRefused) {
  server().answer_batch({"503 Service Unavailable", "403 Forbidden"});
  const auto refused = store_->remove_each(std::array<std::string, 2>{"a", "b"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(refused.error().message, "gs://pool/a: an object of 2 cannot be removed (403)");
  EXPECT_EQ(server().take_writes().size(), 1U);
  server().answer_batch({"501 Not Implemented", "204 No Content"});
  EXPECT_EQ(store_->remove_each(std::array<std::string, 2>{"a", "b"}).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(server().take_writes().size(), 1U) << "another attempt gets the same answer";
  server().answer_batch({"404 Not Found"});
  EXPECT_TRUE(store_->remove("a")) << "a missing object is no error";
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
