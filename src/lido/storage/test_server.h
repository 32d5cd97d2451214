// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace lido::storage {

/// An HTTP server of this machine for tests. Answers one request on each connection, in a thread.
class TestServer {
 public:
  /// Makes the answer to a request. Called by one thread at a time.
  using Answer = std::function<std::string(const std::string& request)>;

  explicit TestServer(Answer answer)
      : answer_(std::move(answer)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(listener_, 16);
    socklen_t length = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    host_ = fmt::format("127.0.0.1:{}", ntohs(address.sin_port));
    thread_ = std::jthread([this] { loop(); });
  }
  ~TestServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_ = {};
    ::close(listener_);
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  const std::string& host() const { return host_; }
  std::string url() const { return "http://" + host_; }

  /// Returns the text of an answer.
  static std::string reply(std::string_view status, std::string_view body,
                           std::string_view headers = "") {
    return fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\nConnection: close\r\n{}\r\n{}", status,
                       body.size(), headers, body);
  }

 private:
  void loop() {
    for (;;) {
      const int peer = ::accept(listener_, nullptr, nullptr);
      if (peer < 0) return;
      serve(peer);
      ::close(peer);
    }
  }
  void serve(int peer) {
    std::string request;
    std::array<char, 4096> bytes;
    size_t wanted = std::string::npos;  // bytes of the request, once its header is there
    while (request.size() < wanted) {
      const ssize_t count = ::recv(peer, bytes.data(), bytes.size(), 0);
      if (count <= 0) return;
      request.append(bytes.data(), static_cast<size_t>(count));
      const size_t end = request.find("\r\n\r\n");
      if (wanted != std::string::npos || end == std::string::npos) continue;
      const size_t length = request.find("Content-Length: ");
      wanted = end + 4;
      if (length < end) wanted += std::strtoull(&request[length + 16], nullptr, 10);
    }
    const std::string text = answer_(request);
    for (std::string_view rest = text; !rest.empty();) {
      const ssize_t count = ::send(peer, rest.data(), rest.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      rest.remove_prefix(static_cast<size_t>(count));
    }
  }

  Answer answer_;
  int listener_;
  std::string host_;
  std::jthread thread_;
};

}  // namespace lido::storage
