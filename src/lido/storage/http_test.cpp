// SPDX-License-Identifier: Apache-2.0
#include "lido/storage/http.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <semaphore>

#include "lido/base/process.h"
#include "lido/base/test_folder.h"
#include "lido/storage/test_server.h"

namespace lido::storage {
namespace {

using namespace std::chrono_literals;

/// A server whose answer the test sets, and a client.
class Http : public testing::Test {
 protected:
  Http()
      : server_([this](const std::string& request) {
          requests_.push_back(request);
          return answer_;
        }) {}

  Result<HttpAnswer> get(std::span<std::byte> into = {}) {
    return client_.send({.url = server_.url() + "/object", .into = into}, {});
  }

  std::string answer_ = TestServer::reply("200 OK", "body");
  std::vector<std::string> requests_;
  TestServer server_;
  HttpClient client_{{}};
};

TEST_F(Http, SendsATextThenBytesOfAFileThenAText) {
  const TestFolder folder;
  std::ofstream(folder / "digits") << "0123456789";
  const int file = ::open((folder / "digits").c_str(), O_RDONLY | O_CLOEXEC);
  const auto sent = client_.send(
      {.method = "PUT",
       .url = server_.url() + "/object",
       .headers = {"Content-Type: text/plain"},
       .body = {.before = "<", .file = file, .file_offset = 2, .file_bytes = 5, .after = ">"}},
      {});
  ::close(file);
  ASSERT_TRUE(sent) << sent.error().message;
  ASSERT_EQ(requests_.size(), 1U);
  EXPECT_TRUE(requests_[0].starts_with("PUT /object HTTP/1.1\r\n")) << requests_[0];
  EXPECT_NE(requests_[0].find("\r\nContent-Length: 7\r\n"), std::string::npos) << requests_[0];
  EXPECT_NE(requests_[0].find("\r\nContent-Type: text/plain\r\n"), std::string::npos);
  EXPECT_TRUE(requests_[0].ends_with("\r\n\r\n<23456>")) << requests_[0];
}

TEST_F(Http, SendsAPathAsItIsWritten) {
  // Names of objects may have dots; RFC 3986 would remove them.
  ASSERT_TRUE(client_.send({.url = server_.url() + "/a/../b/./c"}, {}));
  EXPECT_TRUE(requests_[0].starts_with("GET /a/../b/./c HTTP/1.1\r\n")) << requests_[0];
}

TEST_F(Http, FindsHeadersByTheirNamesInLowerCase) {
  answer_ = TestServer::reply("200 OK", "body", "X-Goog-Hash:  md5=abc \t\r\nETag:\"1\"\r\n");
  const auto answer = get();
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->header("x-goog-hash"), "md5=abc");
  EXPECT_EQ(answer->header("etag"), "\"1\"");
  EXPECT_EQ(answer->header("missing"), "");
  EXPECT_EQ(answer->body, "body");
}

TEST_F(Http, HeadersOfAnInterimAnswerAreNotThoseOfTheAnswer) {
  answer_ = "HTTP/1.1 103 Early Hints\r\nLink: style\r\n\r\n" + answer_;
  const auto answer = get();
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->header("link"), "");
}

TEST_F(Http, OnlyASuccessGoesToTheCallersBytes) {
  std::vector<std::byte> into(6, std::byte{'-'});
  const auto text = [&] { return std::string(reinterpret_cast<const char*>(into.data()), 6); };
  const auto found = get(into);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->received, 4U);
  EXPECT_EQ(found->body, "");
  EXPECT_EQ(text(), "body--");
  answer_ = TestServer::reply("404 Not Found", "gone");
  const auto missing = get(into);
  ASSERT_TRUE(missing) << missing.error().message;
  EXPECT_FALSE(missing->is_success());
  EXPECT_EQ(missing->received, 0U);
  EXPECT_EQ(missing->body, "gone");
  EXPECT_EQ(text(), "body--");
}

TEST_F(Http, ALongerAnswerThanAskedForIsAnError) {
  std::vector<std::byte> into(3);
  const auto answer = get(into);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(answer.error().message, "the answer has more bytes than were asked for");
}

TEST_F(Http, AnAnswerThatEndsEarlyIsAnError) {
  answer_ = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbody";
  std::vector<std::byte> into(10);
  const auto answer = get(into);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
}

TEST_F(Http, TheAnswerToAHeadHasALengthAndNoBody) {
  const auto answer = client_.send({.method = "HEAD", .url = server_.url() + "/object"}, {});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(requests_[0].starts_with("HEAD /object HTTP/1.1\r\n")) << requests_[0];
  EXPECT_EQ(answer->header("content-length"), "4");
  EXPECT_EQ(answer->body, "");
}

TEST_F(Http, FollowsNoRedirect) {
  answer_ = TestServer::reply("302 Found", "", "Location: " + server_.url() + "/other\r\n");
  const auto answer = get();
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 302);
  EXPECT_FALSE(answer->is_success());
  EXPECT_EQ(requests_.size(), 1U);
}

TEST_F(Http, ReadsNothingButHttp) {
  const TestFolder folder;
  std::ofstream(folder / "secret") << "secret";
  const auto answer = client_.send({.url = "file://" + (folder / "secret").string()}, {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
}

TEST(HttpClient, AServerThatIsNotThereIsUnavailable) {
  std::string url;
  {
    const TestServer server([](const std::string&) { return ""; });
    url = server.url();
  }
  HttpClient client({});
  const auto answer = client.send({.url = url}, {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
}

/// A server that answers when the test ends, after a call when a request has arrived.
class SilentServer {
 public:
  explicit SilentServer(std::function<void()> on_request)
      : server_([this, on_request = std::move(on_request)](const std::string&) {
          on_request();
          EXPECT_TRUE(end_.try_acquire_for(60s)) << "the client still waits";
          return std::string();
        }) {}
  ~SilentServer() { end_.release(); }
  std::string url() const { return server_.url(); }

 private:
  std::binary_semaphore end_{0};
  TestServer server_;
};

TEST(HttpClient, AStopEndsARequestUnderWay) {
  std::stop_source stop;
  const SilentServer server([&] { stop.request_stop(); });
  HttpClient client({});
  const auto answer = client.send({.url = server.url()}, stop.get_token());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kCancelled);
}

TEST(HttpClient, ASilentServerIsGivenUp) {
  const SilentServer server([] {});
  for (const HttpLimits& limits : {HttpLimits{.silence = 1s}, HttpLimits{.total = 100ms}}) {
    HttpClient client(limits);
    const auto begin = std::chrono::steady_clock::now();
    const auto answer = client.send({.url = server.url()}, {});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 20s) << "the default is 30 s";
  }
}

TEST(HttpClient, TrustsTheAuthoritiesOfItsFileAlone) {
  const TestFolder folder;
  const std::string certificate = (folder / "certificate.pem").string();
  const std::string key = (folder / "key.pem").string();
  const auto made =
      run_process({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                   "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=pool", "-addext",
                   "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate});
  ASSERT_TRUE(made) << made.error().message;
  ASSERT_EQ(made->exit_code, 0) << made->err;
  auto server = BackgroundProcess::start(
      {"openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", certificate, "-key", key, "-www"});
  ASSERT_TRUE(server) << server.error().message;
  std::string line;
  constexpr std::string_view kAccept = "ACCEPT ";
  while (!line.starts_with(kAccept)) {
    const auto next = server->read_line(10s);
    ASSERT_TRUE(next) << next.error().message;
    line = *next;
  }
  const std::string url = "https://" + line.substr(kAccept.size());
  const auto trusted = HttpClient({.certificates = certificate}).send({.url = url}, {});
  ASSERT_TRUE(trusted) << trusted.error().message;
  EXPECT_EQ(trusted->status, 200);
  for (const std::string& file : {std::string(), (folder / "missing.pem").string()}) {
    const auto untrusted = HttpClient({.certificates = file}).send({.url = url}, {});
    ASSERT_FALSE(untrusted);
    EXPECT_EQ(untrusted.error().code, ErrorCode::kInvalidArgument) << untrusted.error().message;
  }
}

TEST(PercentEncoded, LeavesTheUnreservedCharactersOfRfc3986) {
  const std::string unreserved = "AZaz09-._~";
  EXPECT_EQ(percent_encoded(unreserved), unreserved);
  EXPECT_EQ(percent_encoded("a b+c%d/\xC3\xA9\n"), "a%20b%2Bc%25d%2F%C3%A9%0A");
  EXPECT_EQ(percent_encoded("a b/c", "/"), "a%20b/c");
}

}  // namespace
}  // namespace lido::storage
