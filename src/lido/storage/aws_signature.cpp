// SPDX-License-Identifier: Apache-2.0
#include "lido/storage/aws_signature.h"

#include <algorithm>
#include <cctype>
#include <map>

#include "lido/base/hash.h"
#include "lido/base/signing.h"

namespace lido::storage {
namespace {

/// A URL's parts as a canonical request has them.
struct UrlParts {
  std::string host;
  std::string path;
  std::string query;  ///< Sorted; a name without a value ends with "=".
};

UrlParts parts_of(std::string_view url) {
  url.remove_prefix(url.find("://") + 3);
  const size_t mark = std::min(url.find('?'), url.size());
  const size_t slash = std::min(url.find('/'), mark);
  UrlParts parts{.host = std::string(url.substr(0, slash)),
                 .path = std::string(url.substr(slash, mark - slash)),
                 .query = {}};
  if (parts.path.empty()) parts.path = "/";
  std::vector<std::string> fields;
  for (std::string_view rest = url.substr(std::min(mark + 1, url.size())); !rest.empty();) {
    std::string field(rest.substr(0, rest.find('&')));
    rest.remove_prefix(std::min(field.size() + 1, rest.size()));
    if (!field.contains('=')) field += '=';
    fields.push_back(std::move(field));
  }
  std::ranges::sort(fields);
  for (const std::string& field : fields) parts.query += (parts.query.empty() ? "" : "&") + field;
  return parts;
}

/// Returns "20130524T000000Z".
std::string utc_text(std::chrono::system_clock::time_point now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::string text(20, '\0');
  text.resize(std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &utc));
  return text;
}

/// Headers by name in lower case.
std::map<std::string, std::string> named(const std::vector<std::string>& lines) {
  std::map<std::string, std::string> headers;
  for (const std::string& line : lines) {
    const size_t colon = line.find(':');
    std::string name = line.substr(0, colon);
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
    headers[name] = line.substr(std::min(line.find_first_not_of(' ', colon + 1), line.size()));
  }
  return headers;
}

}  // namespace

Result<AwsCredentials> read_unmixed(const std::function<AwsCredentials()>& read) {
  constexpr int kReadings = 10;
  AwsCredentials before = read();
  for (int reading = 1; reading < kReadings; ++reading) {
    AwsCredentials now = read();
    if (now == before) return now;
    before = std::move(now);
  }
  return fail(ErrorCode::kUnavailable, "the AWS credentials change with every look");
}

void sign_for_s3(HttpRequest& request, const AwsCredentials& credentials, const std::string& region,
                 const std::string& payload_sha256, std::chrono::system_clock::time_point now) {
  const std::string time = utc_text(now), day = time.substr(0, 8);
  request.headers.push_back("x-amz-content-sha256: " + payload_sha256);
  if (credentials.access_key.empty()) return;
  request.headers.push_back("x-amz-date: " + time);
  if (!credentials.session_token.empty())
    request.headers.push_back("x-amz-security-token: " + credentials.session_token);
  const UrlParts url = parts_of(request.url);
  auto headers = named(request.headers);
  headers["host"] = url.host;
  std::string lines, names;
  for (const auto& [name, value] : headers) {
    lines += fmt::format("{}:{}\n", name, value);
    names += (names.empty() ? "" : ";") + name;
  }
  const std::string canonical = fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, url.path,
                                            url.query, lines, names, payload_sha256);
  const std::string scope = fmt::format("{}/{}/s3/aws4_request", day, region);
  const std::string text =
      fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", time, scope, sha256_hex(canonical));
  std::string key = hmac_sha256("AWS4" + credentials.secret_key, day);
  for (const std::string_view next :
       {std::string_view(region), std::string_view("s3"), std::string_view("aws4_request")})
    key = hmac_sha256(key, next);
  request.headers.push_back(
      fmt::format("Authorization: AWS4-HMAC-SHA256 Credential={}/{},SignedHeaders={},Signature={}",
                  credentials.access_key, scope, names, hex_of(hmac_sha256(key, text))));
}

}  // namespace lido::storage
