// SPDX-License-Identifier: Apache-2.0
#include "lido/storage/object_api.h"

#include <chrono>
#include <ctime>
#include <utility>

#include "lido/base/hash.h"
#include "lido/base/signing.h"
#include "lido/storage/requester.h"

namespace lido::storage {
namespace {

/// Returns Unix time, and the text that follows; 0 for another text.
std::pair<int64_t, const char*> parse_time(const std::string& text, const char* format) {
  std::tm utc{};
  const char* rest = ::strptime(text.c_str(), format, &utc);
  if (rest == nullptr) return {0, ""};
  return {::timegm(&utc), rest};
}

/// Attempts at a batch, and the wait after the first of them, which grows with each.
constexpr int kBatchAttempts = 4;
constexpr auto kBatchWait = std::chrono::milliseconds(500);

}  // namespace

std::string new_writer(const WriteIf& wanted) {
  constexpr size_t kBytes = 16;
  return wanted.state == WriteIf::State::kMissing ? random_hex(kBytes) : std::string();
}

Result<std::optional<std::string>> own_version(ObjectApi& api, const std::string& name,
                                               const std::string& writer) {
  if (writer.empty()) return std::nullopt;
  auto found = api.state(name);
  if (!found && found.error().code == ErrorCode::kNotFound) return std::nullopt;
  if (!found) return std::unexpected(std::move(found).error());
  if (found->writer != writer) return std::nullopt;
  return std::move(found->version);
}

Result<void> repeat_batch(const std::function<Result<BatchOutcome>()>& send) {
  for (int attempt = 1;; ++attempt) {
    const BatchOutcome failure = LIDO_TRY(send());
    if (!failure) return {};
    if (attempt == kBatchAttempts) return std::unexpected(*failure);
    if (!wait_unless_stopped(kBatchWait * attempt, requests_stop()))
      return fail(ErrorCode::kCancelled, "stopped");
  }
}

Upload Upload::of(std::string text) {
  Upload upload{.text = std::move(text)};
  upload.sha256 = sha256_hex(upload.text);
  upload.md5 = Md5().update(std::as_bytes(std::span(upload.text))).bytes();
  return upload;
}

int64_t parse_http_time(const std::string& text) {
  return parse_time(text, "%a, %d %b %Y %H:%M:%S").first;
}

int64_t parse_iso_time_ns(const std::string& text) {
  const auto [seconds, rest] = parse_time(text, "%Y-%m-%dT%H:%M:%S");
  int64_t ns = seconds * 1'000'000'000, digit_ns = 100'000'000;
  if (*rest != '.') return ns;
  for (const char* digit = rest + 1; *digit >= '0' && *digit <= '9'; ++digit, digit_ns /= 10)
    ns += (*digit - '0') * digit_ns;
  return ns;
}

}  // namespace lido::storage
