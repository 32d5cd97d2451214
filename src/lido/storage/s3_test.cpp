// SPDX-License-Identifier: Apache-2.0
// A server of this machine gives the answers of S3 that are tested here:
// https://docs.aws.amazon.com/AmazonS3/latest/API
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <mutex>
#include <utility>

#include "lido/storage/bucket.h"
#include "lido/storage/object_api.h"
#include "lido/storage/test_server.h"

namespace lido::storage {
namespace {

/// Gives answers that the test prepares, and logs requests. Thread-safe.
class FakeS3 {
 public:
  FakeS3() : server_([this](const std::string& request) { return answer(request); }) {}
  std::string url() const { return server_.url(); }

  /// Answers to the next POST requests; then all removals succeed.
  void answer_posts(std::vector<std::string> bodies) {
    const std::lock_guard lock(mutex_);
    bodies_ = std::move(bodies);
  }
  /// Carries out the next write, and loses its answer.
  void lose_next_answer() {
    const std::lock_guard lock(mutex_);
    loses_answer_ = true;
  }
  int take_posts() {
    const std::lock_guard lock(mutex_);
    return std::exchange(posts_, 0);
  }

 private:
  std::string answer(const std::string& request) {
    const std::lock_guard lock(mutex_);
    if (request.starts_with("HEAD "))
      return TestServer::reply(
          "200 OK", "", fmt::format("ETag: \"1\"\r\nx-amz-meta-lido-writer: {}\r\n", writer_));
    if (request.starts_with("PUT ")) return put(request);
    ++posts_;
    std::string body = "<DeleteResult></DeleteResult>";
    if (!bodies_.empty()) {
      body = bodies_.front();
      bodies_.erase(bodies_.begin());
    }
    return TestServer::reply("200 OK", body);
  }
  std::string put(const std::string& request) {
    constexpr std::string_view kWriter = "x-amz-meta-lido-writer: ";
    if (!writer_.empty()) return TestServer::reply("412 Precondition Failed", "");
    const size_t at = request.find(kWriter) + kWriter.size();
    writer_ = request.substr(at, request.find('\r', at) - at);
    return std::exchange(loses_answer_, false) ? TestServer::reply("503 Slow Down", "")
                                               : TestServer::reply("200 OK", "", "ETag: \"1\"\r\n");
  }

  std::mutex mutex_;
  std::vector<std::string> bodies_;
  bool loses_answer_ = false;
  int posts_ = 0;
  std::string writer_;  // id in the metadata of the one object
  TestServer server_;
};

class S3 : public testing::Test {
 protected:
  static FakeS3& server() {
    static FakeS3& made = *new FakeS3;
    return made;
  }
  S3() {
    ::setenv("AWS_ENDPOINT_URL", server().url().c_str(), 1);
    ::setenv("AWS_ACCESS_KEY_ID", "key", 1);
    ::setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    server().take_posts();
    store_ = *open_bucket("s3://pool");
  }
  ~S3() override {
    for (const char* name : {"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"})
      ::unsetenv(name);
  }
  static void TearDownTestSuite() { shut_down_s3(); }

  static std::string error(std::string_view key, std::string_view code) {
    return fmt::format(
        "<DeleteResult><Error><Key>{}</Key><Code>{}</Code><Message>text of {}</Message></Error>"
        "</DeleteResult>",
        key, code, code);
  }

  std::unique_ptr<Store> store_;
};

TEST_F(S3, AnObjectThatStaysForNowIsRemovedAgain) {
  server().answer_posts({error("b", "SlowDown"), error("a", "InternalError")});
  const auto removed = store_->remove_each(std::array<std::string, 2>{"a", "b"});
  EXPECT_TRUE(removed) << removed.error().message;
  EXPECT_EQ(server().take_posts(), 3);
}

TEST_F(S3, AnObjectThatMayNotBeRemovedIsNamed) {
  server().answer_posts({error("b", "AccessDenied")});
  const auto denied = store_->remove_each(std::array<std::string, 2>{"a", "b"});
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(denied.error().message,
            "s3://pool/b: cannot be removed: text of AccessDenied (AccessDenied)");
  EXPECT_EQ(server().take_posts(), 1);
}

TEST_F(S3, ANewObjectWhoseAnswerWasLostIsItsWriters) {
  server().lose_next_answer();
  EXPECT_EQ(*store_->create_new("x", "text"), Created::kNew);
  EXPECT_EQ(*store_->create_new("x", "text"), Created::kExists);
}

}  // namespace
}  // namespace lido::storage
