// SPDX-License-Identifier: Apache-2.0
#include "lido/storage/credentials.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "lido/base/test_folder.h"

namespace lido::storage {
namespace {

namespace fs = std::filesystem;

/// Listens on a port of this machine. Answers one connection, or none.
class MetadataServer {
 public:
  explicit MetadataServer(std::string answer = "") : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(listener_, 1);
    socklen_t length = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    host_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    if (answer.empty()) return;
    thread_ = std::jthread([this, answer] {
      const int peer = ::accept(listener_, nullptr, nullptr);
      char request[512];
      (void)::recv(peer, request, sizeof request, 0);
      (void)::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL);
      ::close(peer);
    });
  }
  ~MetadataServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_ = {};
    ::close(listener_);
  }
  const std::string& host() const { return host_; }

 private:
  int listener_;
  std::string host_;
  std::jthread thread_;
};

/// An environment without credentials: an empty home, and metadata servers that do not exist.
class Credentials : public testing::Test {
 protected:
  Credentials() {
    for (const char* name :
         {"GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_GCLOUD_ADC_PATH_OVERRIDE", "AWS_ACCESS_KEY_ID",
          "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
          "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE",
          "AWS_EC2_METADATA_DISABLED"})
      ::unsetenv(name);
    ::setenv("HOME", home_.path().c_str(), 1);
    ::setenv("GCE_METADATA_ROOT", "127.0.0.1:1", 1);
    ::setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1/", 1);
  }

  void put(const std::string& name) {
    fs::create_directories((home_ / name).parent_path());
    std::ofstream(home_ / name) << "{}";
  }

  TestFolder home_;
};

TEST_F(Credentials, AreNotFoundWhereThereAreNone) {
  EXPECT_FALSE(has_credentials(Provider::kGoogle));
  EXPECT_FALSE(has_credentials(Provider::kAws));
}

TEST_F(Credentials, AreFoundInTheEnvironment) {
  ::setenv("GOOGLE_APPLICATION_CREDENTIALS", "/key.json", 1);
  ::setenv("AWS_ACCESS_KEY_ID", "a", 1);
  EXPECT_TRUE(has_credentials(Provider::kGoogle));
  EXPECT_TRUE(has_credentials(Provider::kAws));
}

TEST_F(Credentials, AreFoundInTheFilesThatLoginsWrite) {
  put(".config/gcloud/application_default_credentials.json");
  EXPECT_TRUE(has_credentials(Provider::kGoogle));
  EXPECT_FALSE(has_credentials(Provider::kAws));
  put(".aws/config");
  EXPECT_TRUE(has_credentials(Provider::kAws));
}

TEST_F(Credentials, AreFoundAtTheMetadataServerOfACloudMachine) {
  const MetadataServer google("HTTP/1.0 200 OK\r\nMetadata-Flavor: Google\r\n\r\n0.1/\n");
  ::setenv("GCE_METADATA_ROOT", google.host().c_str(), 1);
  EXPECT_TRUE(has_credentials(Provider::kGoogle));
  // Version 2 of Amazon's service wants a token first.
  const MetadataServer amazon(
      "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nServer: EC2ws\r\n\r\n");
  ::setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", ("http://" + amazon.host()).c_str(), 1);
  EXPECT_TRUE(has_credentials(Provider::kAws));
  ::setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
  EXPECT_FALSE(has_credentials(Provider::kAws));
}

TEST_F(Credentials, AreNotFoundAtAServerOfAnotherKind) {
  const MetadataServer other("HTTP/1.0 200 OK\r\nServer: EC2ws\r\n\r\n");
  ::setenv("GCE_METADATA_ROOT", other.host().c_str(), 1);
  EXPECT_FALSE(has_credentials(Provider::kGoogle));
}

TEST_F(Credentials, AServerThatDoesNotAnswerIsGivenUpSoon) {
  const MetadataServer silent;
  ::setenv("GCE_METADATA_ROOT", silent.host().c_str(), 1);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(has_credentials(Provider::kGoogle));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(4));
}

TEST(LoginHint, NamesTheProvidersCommand) {
  EXPECT_NE(login_hint(Provider::kGoogle).find("gcloud auth application-default login"),
            std::string_view::npos);
  EXPECT_NE(login_hint(Provider::kAws).find("aws configure"), std::string_view::npos);
}

}  // namespace
}  // namespace lido::storage
