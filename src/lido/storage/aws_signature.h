// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "lido/base/result.h"
#include "lido/storage/http.h"

namespace lido::storage {

/// Credentials of AWS. Empty for requests without a signature.
struct AwsCredentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  ///< Empty for credentials that do not expire.
  bool operator==(const AwsCredentials&) const = default;
};

/// Reads credentials from a source that gives their parts one by one and may renew them meanwhile:
/// reads until two readings are equal, so that no part is of other credentials.
/// @return kUnavailable when they never are.
Result<AwsCredentials> read_unmixed(const std::function<AwsCredentials()>& read);

/// Signs a request to S3 by Signature Version 4: adds x-amz-date, x-amz-content-sha256,
/// x-amz-security-token and Authorization. All headers are signed. Thread-safe.
/// @param request         Its path and query are percent-encoded as percent_encoded() does.
/// @param payload_sha256  SHA-256 of the body as hex digits.
void sign_for_s3(HttpRequest& request, const AwsCredentials& credentials, const std::string& region,
                 const std::string& payload_sha256, std::chrono::system_clock::time_point now);

}  // namespace lido::storage
