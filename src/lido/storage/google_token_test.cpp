// SPDX-License-Identifier: Apache-2.0
// A server of this machine speaks as Google's token servers do:
// https://developers.google.com/identity/protocols/oauth2/service-account#httprest
#include "lido/storage/google_token.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "lido/base/test_folder.h"
#include "lido/storage/test_server.h"

namespace lido::storage {
namespace {

namespace fs = std::filesystem;

class GoogleTokenTest : public testing::Test {
 protected:
  GoogleTokenTest()
      : server_([this](const std::string& request) {
          requests_.push_back(request);
          return TestServer::reply(status_, answer_, "Content-Type: application/json\r\n");
        }) {
    ::setenv("GOOGLE_APPLICATION_CREDENTIALS", file_.c_str(), 1);
  }
  ~GoogleTokenTest() override {
    ::unsetenv("GOOGLE_APPLICATION_CREDENTIALS");
    ::unsetenv("GCE_METADATA_ROOT");
  }
  void log_in(const std::string& credentials) { std::ofstream(file_) << credentials; }

  TestFolder folder_;
  fs::path file_ = folder_ / "credentials.json";
  std::string status_ = "200 OK";
  std::string answer_ = R"({"access_token":"secret","expires_in":3599})";
  std::vector<std::string> requests_;
  TestServer server_;
  HttpClient client_{{}};
  GoogleTokens tokens_{client_};
};

TEST_F(GoogleTokenTest, AUsersLoginIsExchangedOnceForAToken) {
  log_in(fmt::format(R"({{"type":"authorized_user","client_id":"id","client_secret":"a&b",)"
                     R"("refresh_token":"old","token_uri":"{}/token"}})",
                     server_.url()));
  for (int i = 0; i < 2; ++i) {
    const auto token = tokens_.token({});
    ASSERT_TRUE(token) << token.error().message;
    EXPECT_EQ(*token, "secret");
  }
  ASSERT_EQ(requests_.size(), 1U);
  EXPECT_TRUE(requests_[0].starts_with("POST /token HTTP/1.1\r\n")) << requests_[0];
  EXPECT_TRUE(
      requests_[0].ends_with("grant_type=refresh_token&client_id=id&client_secret=a%26b&"
                             "refresh_token=old"))
      << requests_[0];
  tokens_.drop();
  ASSERT_TRUE(tokens_.token({}));
  EXPECT_EQ(requests_.size(), 2U);
}

TEST_F(GoogleTokenTest, ATokenNearItsEndIsRenewed) {
  answer_ = R"({"access_token":"short","expires_in":60})";
  log_in(fmt::format(R"({{"type":"authorized_user","token_uri":"{}"}})", server_.url()));
  ASSERT_TRUE(tokens_.token({}));
  ASSERT_TRUE(tokens_.token({}));
  EXPECT_EQ(requests_.size(), 2U);
}

TEST_F(GoogleTokenTest, AMachineAsksItsMetadataServer) {
  ::setenv("GOOGLE_APPLICATION_CREDENTIALS", "", 1);
  ::setenv("GOOGLE_GCLOUD_ADC_PATH_OVERRIDE", "/nowhere", 1);
  ::setenv("GCE_METADATA_ROOT", server_.host().c_str(), 1);
  EXPECT_EQ(*tokens_.token({}), "secret");
  ASSERT_EQ(requests_.size(), 1U);
  EXPECT_TRUE(requests_[0].starts_with(
      "GET /computeMetadata/v1/instance/service-accounts/default/token HTTP/1.1\r\n"));
  EXPECT_NE(requests_[0].find("Metadata-Flavor: Google\r\n"), std::string::npos);
  ::unsetenv("GOOGLE_GCLOUD_ADC_PATH_OVERRIDE");
}

TEST_F(GoogleTokenTest, FederationExchangesTheTokenOfAFile) {
  const fs::path subject = folder_ / "subject";
  std::ofstream(subject) << R"({"id":"other provider's"})";
  log_in(fmt::format(R"({{"type":"external_account","audience":"//iam/pool","token_url":"{}/sts",)"
                     R"("subject_token_type":"jwt","credential_source":{{"file":"{}","format":)"
                     R"({{"type":"json","subject_token_field_name":"id"}}}}}})",
                     server_.url(), subject.string()));
  const auto token = tokens_.token({});
  ASSERT_TRUE(token) << token.error().message;
  EXPECT_TRUE(requests_[0].ends_with("subject_token=other%20provider%27s")) << requests_[0];
}

TEST_F(GoogleTokenTest, FederationAsksAUrlWithItsHeaders) {
  log_in(fmt::format(R"({{"type":"external_account","audience":"//iam/pool","token_url":"{0}/sts",)"
                     R"("subject_token_type":"jwt","credential_source":{{"url":"{0}/identity",)"
                     R"("headers":{{"Metadata":"True","X-Long":"{1}"}}}}}})",
                     server_.url(), std::string(100, 'x')));
  const auto token = tokens_.token({});
  ASSERT_TRUE(token) << token.error().message;
  ASSERT_EQ(requests_.size(), 2U);
  EXPECT_TRUE(requests_[0].starts_with("GET /identity HTTP/1.1\r\n")) << requests_[0];
  EXPECT_NE(requests_[0].find("Metadata: True\r\n"), std::string::npos) << requests_[0];
  EXPECT_NE(requests_[0].find("X-Long: " + std::string(100, 'x')), std::string::npos);
}

TEST_F(GoogleTokenTest, RefusalsNameTheFileAndTheReason) {
  status_ = "400 Bad Request";
  answer_ = R"({"error":"invalid_grant"})";
  log_in(fmt::format(R"({{"type":"authorized_user","token_uri":"{}"}})", server_.url()));
  const auto refused = tokens_.token({});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(refused.error().message,
            fmt::format(R"({}: {}: no access token, got 400 {{"error":"invalid_grant"}})",
                        file_.string(), server_.url()));
  log_in(R"({"type":"strange"})");
  EXPECT_EQ(tokens_.token({}).error().message,
            file_.string() +
                ": type is \"strange\", want service_account, authorized_user or external_account");
  log_in(fmt::format(R"({{"type":"service_account","private_key":"x","token_uri":"{}"}})",
                     server_.url()));
  EXPECT_EQ(tokens_.token({}).error().message, file_.string() + ": private key: not a key in PEM");
}

}  // namespace
}  // namespace lido::storage
