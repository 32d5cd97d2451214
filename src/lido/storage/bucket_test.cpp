// SPDX-License-Identifier: Apache-2.0
// A server of this machine speaks the part of Google's JSON API that reading needs:
// https://cloud.google.com/storage/docs/json_api/v1/objects
#include "lido/storage/bucket.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

namespace lido::storage {
namespace {

/// Byte `at` of the object that the server holds.
char byte_of(size_t at) { return static_cast<char>(at * 31 % 251); }

/// Holds gs://pool/clip.mp4. Logs the ranges asked for, and fails as many requests as wished.
class Server {
 public:
  static constexpr size_t kSize = 6 << 20;

  Server() : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(listener_, 16);
    socklen_t length = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    url_ = fmt::format("http://127.0.0.1:{}", ntohs(address.sin_port));
    std::thread([this] { loop(); }).detach();  // serves until the process ends
  }
  const std::string& url() const { return url_; }
  void fail_next(int count) {
    const std::lock_guard lock(mutex_);
    failures_ = count;
  }
  int failures_left() {
    const std::lock_guard lock(mutex_);
    return failures_;
  }
  /// Offsets of the reads since the last call.
  std::vector<size_t> take_offsets() {
    const std::lock_guard lock(mutex_);
    return std::exchange(offsets_, {});
  }

 private:
  void loop() {
    for (;;) {
      const int peer = ::accept(listener_, nullptr, nullptr);
      if (peer < 0) return;
      // Google's client keeps a connection open that it has not read to the end.
      std::thread([this, peer] { serve(peer); }).detach();
    }
  }
  void serve(int peer) {
    std::string request;
    std::array<char, 4096> bytes;
    while (request.find("\r\n\r\n") == std::string::npos) {
      const ssize_t count = ::recv(peer, bytes.data(), bytes.size(), 0);
      if (count <= 0) break;
      request.append(bytes.data(), static_cast<size_t>(count));
    }
    send_all(peer, answer(request));
    ::close(peer);
  }
  static void send_all(int peer, std::string_view text) {
    while (!text.empty()) {
      const ssize_t count = ::send(peer, text.data(), text.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      text.remove_prefix(static_cast<size_t>(count));
    }
  }
  static std::string reply(std::string_view status, std::string_view body,
                           std::string_view headers = "") {
    return fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\nConnection: close\r\n{}\r\n{}", status,
                       body.size(), headers, body);
  }
  std::string answer(const std::string& request) {
    const std::lock_guard lock(mutex_);
    if (failures_ > 0) {
      --failures_;
      return reply("503 Service Unavailable", "");
    }
    const std::string target = request.substr(4, request.find(' ', 4) - 4);
    if (target.find("clip.mp4") == std::string::npos) {
      const bool listing = target.find("/o?") != std::string::npos;
      return listing ? reply("200 OK", R"({"kind":"storage#objects"})",
                             "Content-Type: application/json\r\n")
                     : reply("404 Not Found", R"({"error":{"code":404,"message":"not found"}})");
    }
    if (target.find("alt=media") == std::string::npos) {
      return reply("200 OK",
                   fmt::format(R"({{"kind":"storage#object","name":"clip.mp4","bucket":"pool",)"
                               R"("generation":"1","size":"{}"}})",
                               kSize),
                   "Content-Type: application/json\r\n");
    }
    return read(request);
  }
  std::string read(const std::string& request) {
    size_t first = 0, last = kSize - 1;
    std::string lower = request;
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
    if (const size_t at = lower.find("range: bytes="); at != std::string::npos) {
      char* end = nullptr;
      first = std::strtoull(&lower[at + 13], &end, 10);
      if (*end == '-' && std::isdigit(end[1]) != 0) last = std::strtoull(end + 1, nullptr, 10);
    }
    last = std::min(last, kSize - 1);
    offsets_.push_back(first);
    std::string body(last + 1 - first, '\0');
    for (size_t i = 0; i < body.size(); ++i) body[i] = byte_of(first + i);
    return reply("206 Partial Content", body,
                 fmt::format("Content-Range: bytes {}-{}/{}\r\nx-goog-generation: 1\r\n", first,
                             last, kSize));
  }

  int listener_;
  std::string url_;
  std::mutex mutex_;
  int failures_ = 0;
  std::vector<size_t> offsets_;
};

class Bucket : public testing::Test {
 protected:
  /// One server and connection for the process, as the connection is kept.
  static Server& server() {
    static Server& made = *[] {
      auto* started = new Server;
      ::setenv("CLOUD_STORAGE_EMULATOR_ENDPOINT", started->url().c_str(), 1);
      return started;
    }();
    return made;
  }
  Bucket() {
    server().fail_next(0);
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
  EXPECT_EQ((*reader)->size(), static_cast<int64_t>(Server::kSize));
  std::vector<std::byte> into(300'000);
  for (const size_t offset : {size_t{0}, size_t{12345}, size_t{5'000'000}, Server::kSize - 7}) {
    const size_t expected = std::min(into.size(), Server::kSize - offset);
    const auto count = (*reader)->read_at(static_cast<int64_t>(offset), into);
    ASSERT_TRUE(count) << count.error().message;
    EXPECT_EQ(*count, expected);
    expect_bytes(std::span(into).first(expected), offset);
  }
  EXPECT_EQ(*(*reader)->read_at(Server::kSize, into), 0U);
}

TEST_F(Bucket, AsksForMoreAndMoreWhileReadInOrder) {
  const auto reader = store_->open("clip.mp4");
  ASSERT_TRUE(reader) << reader.error().message;
  server().take_offsets();
  std::vector<std::byte> into(64 << 10);
  for (int64_t at = 0; at < 1'800'000; at += std::ssize(into))
    ASSERT_TRUE((*reader)->read_at(at, into));
  // 256 KiB, then 512, then 1024: 27 reads of 64 KiB need three requests.
  auto offsets = server().take_offsets();
  const auto repeated = std::ranges::unique(offsets);  // the client may ask twice
  offsets.erase(repeated.begin(), repeated.end());
  EXPECT_EQ(offsets, (std::vector<size_t>{0, 256 << 10, 768 << 10}));
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

TEST_F(Bucket, AMissingObjectIsNotFound) {
  const auto missing = store_->open("other.mp4");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(missing.error().message, "gs://pool/other.mp4: no such object");
}

TEST(OpenBucket, WantsTheNameOfABucket) {
  const auto nameless = open_bucket("s3://");
  ASSERT_FALSE(nameless);
  EXPECT_EQ(nameless.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(nameless.error().message, "s3://: no bucket, want s3://BUCKET/PREFIX");
}

}  // namespace
}  // namespace lido::storage
