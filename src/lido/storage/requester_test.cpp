// SPDX-License-Identifier: Apache-2.0
#include "lido/storage/requester.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lido/storage/store.h"
#include "lido/storage/test_server.h"

namespace lido::storage {
namespace {

/// A server that gives the answers of a list, one after another, then "200 OK".
class RequesterTest : public testing::Test {
 protected:
  RequesterTest()
      : server_([this](const std::string&) {
          const size_t at = requests_++;
          return at < answers_.size() ? answers_[at] : TestServer::reply("200 OK", "done");
        }) {}

  /// Sets the next answers.
  void answer(std::vector<std::string> answers) {
    answers_ = std::move(answers);
    requests_ = 0;
  }
  Result<HttpAnswer> run(Requester& requester, std::initializer_list<long> accepted = {}) {
    const auto make = [this](const std::stop_token&) -> Result<HttpRequest> {
      ++made_;
      return HttpRequest{.url = server_.url()};
    };
    return requester.run("s3://pool/x", make, accepted);
  }
  Error error_of(Requester& requester) {
    const auto answer = run(requester);
    return answer ? Error{} : answer.error();
  }

  static std::string status(std::string_view text, std::string_view body = "") {
    return TestServer::reply(text, body);
  }

  std::vector<std::string> answers_;
  size_t requests_ = 0, made_ = 0;
  TestServer server_;
  Requester requester_{Provider::kAws, false};
};

TEST_F(RequesterTest, EachAttemptIsARequestOfItsOwn) {
  answer({status("503 Slow Down"), status("429 Too Many Requests")});
  const auto found = run(requester_);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->body, "done");
  EXPECT_EQ(requests_, 3U);
  EXPECT_EQ(made_, 3U) << "signatures expire";
}

TEST_F(RequesterTest, ARefusalIsNotRepeatedAndHasTheProvidersReason) {
  // Bodies of errors: S3 API reference, REST error responses; GCS JSON API, error format.
  const auto refuse = [&](std::string_view text, std::string_view body) {
    answer({status(text, body)});
    Error error = error_of(requester_);
    EXPECT_EQ(requests_, 1U) << text;
    return error;
  };
  const Error denied = refuse("403 Forbidden",
                              "<Error><Code>AccessDenied</Code><Message>Not\nyours</Message>"
                              "</Error>");
  EXPECT_EQ(denied.code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(denied.message, "s3://pool/x: access denied (403): Not yours");
  const Error wrong = refuse("400 Bad Request", R"({"error": {"message": "Bad name"}})");
  EXPECT_EQ(wrong.code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(wrong.message, "s3://pool/x: the server refuses the request (400): Bad name");
  const Error missing = refuse("404 Not Found", "");
  EXPECT_EQ(missing.code, ErrorCode::kNotFound);
  EXPECT_EQ(missing.message, "s3://pool/x: no such object");
}

TEST_F(RequesterTest, AnAcceptedStatusIsAnAnswer) {
  answer({status("412 Precondition Failed")});
  const auto found = run(requester_, {404, 412});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->status, 412);
}

TEST_F(RequesterTest, ATokenThatTheServerRefusesIsRenewedOnce) {
  int dropped = 0;
  requester_.on_refused([&] { ++dropped; });
  answer({status("401 Unauthorized")});
  EXPECT_TRUE(run(requester_));
  EXPECT_EQ(dropped, 1);
  EXPECT_EQ(made_, 2U);
  answer({status("401 Unauthorized"), status("401 Unauthorized")});
  EXPECT_EQ(error_of(requester_).message, "s3://pool/x: access denied (401)");
  EXPECT_EQ(dropped, 2);
  EXPECT_EQ(requests_, 2U);
}

TEST_F(RequesterTest, AnErrorOfMakingTheRequestEndsIt) {
  const auto failed = requester_.run("s3://pool/x",
                                     [](const std::stop_token&) -> Result<HttpRequest> {
                                       return fail(ErrorCode::kInvalidArgument, "no token");
                                     },
                                     {});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "s3://pool/x: no token");
  EXPECT_EQ(requests_, 0U);
}

TEST_F(RequesterTest, AScopeLimitsTheAttemptsOfItsThread) {
  answer(std::vector(5, status("503 Slow Down", "<Message>busy</Message>")));
  const RequestScope scope({}, 2);
  const Error error = error_of(requester_);
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_EQ(error.message, "s3://pool/x: the server fails (503): busy");
  EXPECT_EQ(requests_, 2U);
}

TEST_F(RequesterTest, AScopeIsNotEndedByTheStopOfTheProcess) {
  std::stop_source stop;
  stop.request_stop();
  stop_requests_on(stop.get_token());
  {
    const RequestScope scope({}, 2);
    EXPECT_TRUE(run(requester_));
  }
  const Error error = error_of(requester_);
  stop_requests_on({});
  EXPECT_EQ(error.code, ErrorCode::kCancelled);
}

TEST_F(RequesterTest, WithoutCredentialsNothingIsRepeatedBeforeAnAnswer) {
  Requester anonymous(Provider::kAws, true);
  answer({status("503 Slow Down")});
  EXPECT_EQ(error_of(anonymous).code, ErrorCode::kUnavailable);
  EXPECT_EQ(requests_, 1U);
  answer({status("404 Not Found"), status("503 Slow Down")});
  EXPECT_EQ(error_of(anonymous).code, ErrorCode::kNotFound);
  EXPECT_TRUE(run(anonymous)) << "the server answers to requests without credentials";
  EXPECT_EQ(requests_, 3U);
}

TEST_F(RequesterTest, WithoutCredentialsErrorsNameTheLogin) {
  Requester anonymous(Provider::kGoogle, true);
  answer({status("401 Unauthorized")});
  const std::string hint(login_hint(Provider::kGoogle));
  EXPECT_EQ(error_of(anonymous).message,
            "s3://pool/x: cannot be accessed without credentials, and there are none. " + hint);
  const auto unreached = anonymous.run("gs://pool/x",
                                       [](const std::stop_token&) -> Result<HttpRequest> {
                                         return HttpRequest{.url = "http://127.0.0.1:1"};
                                       },
                                       {});
  ASSERT_FALSE(unreached);
  EXPECT_EQ(unreached.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(unreached.error().message,
            "gs://pool/x: cannot be reached without credentials, and there are none. " + hint);
}

TEST(MayPass, IsTrueForTheStatusesThatProvidersWantRepeated) {
  // https://cloud.google.com/storage/docs/retry-strategy; S3 gives 409 to conflicting writes:
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
  for (const long status : {408, 409, 429, 500, 502, 503, 504}) EXPECT_TRUE(may_pass(status));
  for (const long status : {200, 304, 400, 401, 403, 404, 412, 501}) EXPECT_FALSE(may_pass(status));
}

TEST(WaitUnlessStopped, EndsWithTheStop) {
  std::stop_source stop;
  EXPECT_TRUE(wait_unless_stopped(std::chrono::milliseconds(1), stop.get_token()));
  stop.request_stop();
  EXPECT_FALSE(wait_unless_stopped(std::chrono::hours(1), stop.get_token()));
}

}  // namespace
}  // namespace lido::storage
