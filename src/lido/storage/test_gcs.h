// SPDX-License-Identifier: Apache-2.0
// A server of this machine speaks the part of Google's JSON API that is tested here:
// https://cloud.google.com/storage/docs/json_api/v1/objects
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "lido/storage/bucket.h"
#include "lido/storage/test_server.h"

namespace lido::storage {

/// Byte `at` of the object that the server holds.
inline char byte_of(size_t at) { return static_cast<char>(at * 31 % 251); }

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

/// Opens gs://pool at a FakeGcs.
class GcsTest : public testing::Test {
 protected:
  /// One server and connection for the process, as the connection is kept.
  static FakeGcs& server() {
    static FakeGcs& made = *new FakeGcs;
    return made;
  }
  GcsTest() {
    ::setenv("CLOUD_STORAGE_EMULATOR_ENDPOINT", server().url().c_str(), 1);
    server().fail_next(0);
    server().take_writes();
    server().remove_new_objects();
    store_ = *open_bucket("gs://pool");
  }

  std::unique_ptr<Store> store_;
};

}  // namespace lido::storage
