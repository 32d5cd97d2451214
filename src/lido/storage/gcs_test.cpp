// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>

#include "lido/storage/object_api.h"
#include "lido/storage/test_gcs.h"

namespace lido::storage {
namespace {

class Gcs : public GcsTest {};

TEST_F(Gcs, ReadsOneVersionOfAnObject) {
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

TEST_F(Gcs, ANewObjectIsWrittenOnCondition) {
  ASSERT_EQ(*store_->create_new("x", "text"), Created::kNew);
  const auto writes = server().take_writes();
  ASSERT_EQ(writes.size(), 1U);
  EXPECT_NE(writes[0].find("&ifGenerationMatch=0 "), std::string::npos);
  server().fail_next(1, "412 Precondition Failed");
  EXPECT_EQ(*store_->create_new("x", "text"), Created::kExists);
}

TEST_F(Gcs, ANewObjectWhoseAnswerWasLostIsItsWriters) {
  server().lose_next_answer();
  EXPECT_EQ(*store_->create_new("x", "text"), Created::kNew);
  EXPECT_EQ(server().take_writes().size(), 2U) << "the second attempt found the object in place";
  server().lose_next_answer();
  EXPECT_EQ(*store_->create_new("x", "text"), Created::kExists) << "equal, and another writer's";
}

TEST_F(Gcs, ABatchIsSentAgainForACallThatMaySucceedLater) {
  for (const char* status :
       {"503 Service Unavailable", "429 Too Many Requests", "409 Conflict", ""}) {
    server().answer_batch({"204 No Content", status});
    const auto removed = store_->remove_each(std::array<std::string, 3>{"a", "b", "c"});
    EXPECT_TRUE(removed) << removed.error().message;
    EXPECT_EQ(server().take_writes().size(), 2U) << status;
  }
}

TEST_F(Gcs, ABatchEndsWithACallThatIsRefused) {
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

/// A bucket whose server gives the answers of a list, one after another, and logs targets.
class GcsAnswers : public testing::Test {
 protected:
  GcsAnswers()
      : server_([this](const std::string& request) {
          const size_t begin = request.find(' ') + 1;
          targets_.push_back(request.substr(begin, request.find(' ', begin) - begin));
          return targets_.size() <= answers_.size() ? answers_[targets_.size() - 1]
                                                    : TestServer::reply("404 Not Found", "");
        }) {
    // Without a scheme and with a slash, as users write it.
    ::setenv("CLOUD_STORAGE_EMULATOR_ENDPOINT", (server_.host() + "/").c_str(), 1);
    api_ = *open_gcs("pool");
  }
  ~GcsAnswers() override { ::unsetenv("CLOUD_STORAGE_EMULATOR_ENDPOINT"); }

  static std::string json(std::string_view body, std::string_view headers = "") {
    return TestServer::reply("200 OK", body, headers);
  }

  std::vector<std::string> answers_, targets_;
  TestServer server_;
  std::shared_ptr<ObjectApi> api_;
};

TEST_F(GcsAnswers, AStateHasTheNumbersThatGoogleSendsAsText) {
  answers_ = {json(R"({"size":"12345678901","generation":"1732","updated":)"
                   R"("1994-11-06T08:48:37.500Z","metadata":{"lido-writer":"me"}})",
                   "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n")};
  const auto state = api_->state("a/b c.mp4");
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_EQ(targets_[0],
            "/storage/v1/b/pool/o/a%2Fb%20c.mp4?fields=size,generation,updated,metadata");
  EXPECT_EQ(state->size, 12345678901);
  EXPECT_EQ(state->version, "1732");
  EXPECT_EQ(state->age_s, 60) << "by the server's clock, in whole seconds";
  EXPECT_EQ(state->writer, "me");
}

TEST_F(GcsAnswers, GetsTheVersionThatItSaw) {
  answers_ = {json(R"({"size":"4","generation":"7"})"),
              TestServer::reply("206 Partial Content", "text"),
              json(R"({"size":"0","generation":"8"})")};
  const auto found = api_->get("x");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->text, "text");
  EXPECT_EQ(targets_[1], "/storage/v1/b/pool/o/x?alt=media&generation=7");
  const auto empty = api_->get("x");
  ASSERT_TRUE(empty) << empty.error().message;
  EXPECT_EQ(empty->text, "");
  EXPECT_EQ(targets_.size(), 3U) << "no request for the bytes of an empty object";
}

TEST_F(GcsAnswers, WritesOverTheWantedVersionAlone) {
  answers_ = {json(R"({"generation":"8"})"), TestServer::reply("412 Precondition Failed", "")};
  const WriteIf wanted{.state = WriteIf::State::kVersion, .version = "7"};
  const auto written = api_->put("x", Upload::of("text"), wanted);
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(*written, "8");
  EXPECT_TRUE(targets_[0].ends_with("&name=x&ifGenerationMatch=7")) << targets_[0];
  const auto refused = api_->put("x", Upload::of("text"), wanted);
  ASSERT_TRUE(refused) << refused.error().message;
  EXPECT_EQ(*refused, std::nullopt);
}

TEST_F(GcsAnswers, ListsPageByPage) {
  answers_ = {json(R"({"items":[{"name":"a/1","size":"5","updated":"2001-09-09T01:46:40Z"}],)"
                   R"("nextPageToken":"t/2="})"),
              json(R"({"nextPageToken":"3"})"), json(R"({"items":[{"name":"a/2","size":"6"}]})")};
  std::vector<std::string> seen;
  const auto listed = api_->list("a/", [&](const ListedObject& one) -> Result<void> {
    seen.push_back(fmt::format("{} {} {}", one.name, one.size, one.modified_ns));
    return {};
  });
  ASSERT_TRUE(listed) << listed.error().message;
  EXPECT_EQ(seen, (std::vector<std::string>{"a/1 5 1000000000000000000", "a/2 6 0"}));
  ASSERT_EQ(targets_.size(), 3U) << "a page may be empty";
  EXPECT_TRUE(targets_[0].starts_with("/storage/v1/b/pool/o?prefix=a%2F&fields=")) << targets_[0];
  EXPECT_TRUE(targets_[1].ends_with("&pageToken=t%2F2%3D")) << targets_[1];
}

TEST_F(GcsAnswers, AnAnswerThatIsNoJsonObjectIsAnError) {
  answers_ = {json("<html>")};
  const auto state = api_->state("x");
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(state.error().message, "gs://pool/x: the answer of the server is not a JSON object");
}

TEST_F(GcsAnswers, AMissingBucketIsNamed) {
  const auto listed = api_->list("a/", [](const ListedObject&) -> Result<void> { return {}; });
  ASSERT_FALSE(listed);
  EXPECT_EQ(listed.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(listed.error().message, "gs://pool/a: no such bucket");
  const auto written = api_->put("x", Upload::of("text"), {});
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message, "gs://pool/x: no such bucket");
}

}  // namespace
}  // namespace lido::storage
