// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/jobs.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mutex>
#include <thread>

#include "lido/base/process.h"

namespace lido::cluster {
namespace {

/// An HTTP server that gives every request the same answer, and keeps the requests.
class FakeServer {
 public:
  FakeServer(std::string status, std::string body)
      : answer_(fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
                            status, body.size(), body)),
        socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    const bool is_bound = ::bind(socket_, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                          ::listen(socket_, 8) == 0 &&
                          ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    EXPECT_TRUE(is_bound);
    url_ = fmt::format("http://127.0.0.1:{}", ntohs(address.sin_port));
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeServer() {
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
  }

  const std::string& url() const { return url_; }
  std::string requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void serve() {
    while (true) {
      const int client = ::accept(socket_, nullptr, nullptr);
      if (client < 0) return;
      std::string request;
      std::array<char, 4096> bytes;
      while (!is_complete(request)) {
        const auto count = ::read(client, bytes.data(), bytes.size());
        if (count <= 0) break;
        request.append(bytes.data(), static_cast<size_t>(count));
      }
      {
        const std::lock_guard lock(mutex_);
        requests_ += request;
      }
      EXPECT_EQ(::write(client, answer_.data(), answer_.size()), std::ssize(answer_));
      ::close(client);
    }
  }

  static bool is_complete(std::string_view request) {
    const size_t end = request.find("\r\n\r\n");
    if (end == request.npos) return false;
    const size_t length = request.find("Content-Length: ");
    return length == request.npos ||
           request.size() - end - 4 >= std::stoul(std::string(request.substr(length + 16)));
  }

  std::string answer_, url_, requests_;
  std::mutex mutex_;
  int socket_;
  std::thread thread_;
};

TEST(ShellQuoted, KeepsEveryTextThroughAShell) {
  for (const std::string text :
       {"plain", "it's", "''", "a\nb", "$HOME `id` \"x\" \\", "{\"a\": \"o'clock\"}"}) {
    const auto done = run_process({"sh", "-c", "printf %s " + shell_quoted(text)});
    ASSERT_TRUE(done);
    EXPECT_EQ(done->out, text);
  }
}

TEST(JobsApi, SendsATokenOnlyEncryptedOrToThisMachine) {
  EXPECT_TRUE(JobsApi::open("https://ray.example", "t"));
  EXPECT_TRUE(JobsApi::open("http://127.0.0.1:8265", "t"));
  EXPECT_TRUE(JobsApi::open("http://[::1]:8265", "t"));
  EXPECT_TRUE(JobsApi::open("http://localhost", "t"));
  for (const char* url : {"http://ray.example", "http://127.0.0.1.evil.example:80",
                          "http://localhost.evil.example", "ftp://x", "",
                          // Parsers disagree about the host of these.
                          "http://127.0.0.1:80@evil.invalid/", "https://user:pw@ray.example",
                          "http://127.0.0.1\\@evil.invalid", "http://127.0.0.1?@evil.invalid",
                          "http://127.0.0.1#@evil.invalid", "http://[::1]@evil.invalid",
                          "http://[::2]:8265", "http://127.0.0.1.5"})
    EXPECT_FALSE(JobsApi::open(url, "t")) << url;
}

TEST(JobsApi, PrintsNoPasswordOfARefusedUrl) {
  for (const char* url : {"https://user:pa@ss@ray.example", "user:pa@ss@h", "ftp://user:pass@h",
                          "http://user:pa/ss@127.0.0.1"}) {
    const std::string said = JobsApi::open(url, "t").error().message;
    EXPECT_FALSE(said.contains("user:") || said.contains("ss@")) << said;
    EXPECT_TRUE(said.contains("...@")) << said;
  }
}

TEST(JobsApi, PassesNoProxyOnTheWayToThisMachine) {
  FakeServer proxy("200 OK", "[]"), server("200 OK", "[]");
  ::setenv("http_proxy", proxy.url().c_str(), 1);
  ::setenv("all_proxy", proxy.url().c_str(), 1);
  const auto jobs = JobsApi::open(server.url(), "secret")->list();
  ::unsetenv("http_proxy");
  ::unsetenv("all_proxy");
  ASSERT_TRUE(jobs) << jobs.error().message;
  EXPECT_NE(server.requests().find("Bearer secret"), std::string::npos);
  EXPECT_EQ(proxy.requests(), "");
}

TEST(JobsApi, UploadsAPackageOnce) {
  FakeServer server("200 OK", "");
  auto api = JobsApi::open(server.url(), "");
  const auto package = api->upload("content");
  ASSERT_TRUE(package) << package.error().message;
  EXPECT_TRUE(package->starts_with("gcs://_ray_pkg_") && package->ends_with(".zip")) << *package;
  // The server knows the package already.
  EXPECT_EQ(server.requests().find("PUT"), std::string::npos);
  ASSERT_TRUE(api->submit({.id = "lido-1", .entrypoint = "true", .package = *package}));
  EXPECT_NE(server.requests().find(R"("runtime_env":{"working_dir":")" + *package),
            std::string::npos)
      << server.requests();
}

TEST(JobsApi, FetchesTheEndOfALog) {
  FakeServer server("200 OK", "8\n9\n");
  auto api = JobsApi::open(server.url(), "");
  const Job job{.id = "lido-1", .node = "ab12"};
  const auto tail = api->log_tail(job, 2);
  ASSERT_TRUE(tail) << tail.error().message;
  EXPECT_EQ(tail->text, "8\n9\n");
  EXPECT_FALSE(tail->is_whole);
  EXPECT_TRUE(api->log_tail(job, 3)->is_whole);
  EXPECT_NE(server.requests().find("lines=2"), std::string::npos);
  // A job that has not started has no node, and a node's id cannot change the path.
  EXPECT_EQ(api->log_tail({.id = "lido-1"}, 2)->text, "");
  EXPECT_FALSE(api->log_tail({.id = "lido-1", .node = "../x"}, 2));
}

TEST(JobsApi, RefusesATokenThatHttpCannotCarry) {
  for (const std::string token : {"a b", "a\r\nX-Evil: 1", "\x80\xff"}) {
    const auto api = JobsApi::open("https://ray.example", token);
    ASSERT_FALSE(api);
    EXPECT_EQ(api.error().code, ErrorCode::kInvalidArgument);
    // A message must not show a token.
    EXPECT_EQ(api.error().message.find(token), std::string::npos);
  }
}

TEST(JobsApi, ReadsAListOfJobs) {
  FakeServer server("200 OK", R"([
    {"submission_id": "lido-1", "status": "SUCCEEDED", "message": "done", "entrypoint": "run",
     "start_time": 1000, "end_time": 2500, "driver_exit_code": 0,
     "metadata": {"lido_dataset": "gs://a/train"}},
    {"submission_id": null, "status": "RUNNING", "metadata": null},
    7])");
  auto api = JobsApi::open(server.url() + "/", "secret");
  const auto jobs = api->list();
  ASSERT_TRUE(jobs) << jobs.error().message;
  ASSERT_EQ(jobs->size(), 2u);
  const Job& done = jobs->at(0);
  EXPECT_EQ(done.id, "lido-1");
  EXPECT_EQ(done.dataset, "gs://a/train");
  EXPECT_EQ(done.exit, 0);
  EXPECT_EQ(done.end_ms - done.start_ms, 1500);
  EXPECT_TRUE(done.has_ended());
  EXPECT_EQ(jobs->at(1).id, "");
  EXPECT_EQ(jobs->at(1).exit, std::nullopt);
  EXPECT_FALSE(jobs->at(1).has_ended());
  EXPECT_TRUE(server.requests().starts_with("GET /api/jobs/ HTTP/1.1")) << server.requests();
  EXPECT_NE(server.requests().find("Authorization: Bearer secret\r\n"), std::string::npos);
}

TEST(JobsApi, SubmitsAJobWithItsResources) {
  FakeServer server("200 OK", "{}");
  auto api = JobsApi::open(server.url(), "");
  ASSERT_TRUE(api->submit({.id = "lido-1",
                           .entrypoint = "echo \"a\"",
                           .dataset = "out",
                           .gpus = 1,
                           .resources = {{"driver", 1}}}));
  const std::string request = server.requests();
  EXPECT_TRUE(request.starts_with("POST /api/jobs/ HTTP/1.1"));
  EXPECT_EQ(request.find("Authorization"), std::string::npos);
  EXPECT_NE(request.find(R"("entrypoint":"echo \"a\"")"), std::string::npos) << request;
  EXPECT_NE(request.find(R"("entrypoint_num_gpus":1.0)"), std::string::npos) << request;
  EXPECT_NE(request.find(R"("entrypoint_resources":{"driver":1.0})"), std::string::npos);
  EXPECT_EQ(request.find("entrypoint_num_cpus"), std::string::npos);
}

TEST(JobsApi, NamesTheReasonOfARefusal) {
  using enum ErrorCode;
  for (const auto& [status, token, code, text] :
       {std::tuple("401 Unauthorized", "", kInvalidArgument, "wants a token (401)"),
        {"401 Unauthorized", "t", kInvalidArgument, "refuses the token (401)"},
        {"403 Forbidden", "t", kInvalidArgument, "does not permit this call (403)"},
        {"400 Bad Request", "t", kInvalidArgument, ": 400 first line"},
        {"503 Unavailable", "t", kUnavailable, ": 503 first line"}}) {
    FakeServer server(status, "first line\nsecond line");
    const auto jobs = JobsApi::open(server.url(), token)->list();
    ASSERT_FALSE(jobs);
    EXPECT_EQ(jobs.error().code, code) << status;
    EXPECT_NE(jobs.error().message.find(text), std::string::npos) << jobs.error().message;
    EXPECT_EQ(jobs.error().message.find("second line"), std::string::npos);
  }
}

TEST(JobsApi, NamesTheJobThatIsNotThere) {
  FakeServer server("404 Not Found", "");
  auto api = JobsApi::open(server.url(), "");
  for (const auto& error : {api->get("lido-9").error(), api->logs("lido-9").error()}) {
    EXPECT_EQ(error.code, ErrorCode::kNotFound);
    EXPECT_EQ(error.message, fmt::format("lido-9: {} has no such job", server.url()));
  }
}

TEST(JobsApi, RefusesAnIdThatChangesThePath) {
  FakeServer server("200 OK", "{}");
  auto api = JobsApi::open(server.url(), "");
  for (const char* id : {"", "../version", "a/b", "a?b"}) EXPECT_FALSE(api->stop(id)) << id;
  EXPECT_EQ(server.requests(), "");
}

TEST(JobsApi, RefusesAnAnswerThatIsNotRays) {
  for (const char* body : {"<html>", "{}", "\"text\""}) {
    FakeServer server("200 OK", body);
    const auto jobs = JobsApi::open(server.url(), "")->list();
    ASSERT_FALSE(jobs) << body;
    EXPECT_EQ(jobs.error().code, ErrorCode::kUnavailable);
  }
}

}  // namespace
}  // namespace lido::cluster
