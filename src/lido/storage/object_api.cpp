// SPDX-License-Identifier: Apache-2.0
#include "lido/storage/object_api.h"

#include <ctime>
#include <utility>

#include "lido/base/hash.h"
#include "lido/base/signing.h"

namespace lido::storage {
namespace {

/// Returns Unix time, and the text that follows; 0 for another text.
std::pair<int64_t, const char*> parse_time(const std::string& text, const char* format) {
  std::tm utc{};
  const char* rest = ::strptime(text.c_str(), format, &utc);
  if (rest == nullptr) return {0, ""};
  return {::timegm(&utc), rest};
}

}  // namespace

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
