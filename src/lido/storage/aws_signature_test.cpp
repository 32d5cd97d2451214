// SPDX-License-Identifier: Apache-2.0
// The requests and their signatures are the examples of AWS:
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
#include "lido/storage/aws_signature.h"

#include <gtest/gtest.h>

namespace lido::storage {
namespace {

const AwsCredentials kExampleCredentials{"AKIAIOSFODNN7EXAMPLE",
                                         "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};
constexpr const char* kNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string signature_of(HttpRequest request, const std::string& payload_sha256) {
  using namespace std::chrono;
  sign_for_s3(request, kExampleCredentials, "us-east-1", payload_sha256,
              sys_days(year(2013) / 5 / 24));
  const std::string& line = request.headers.back();
  return line.substr(line.find("Signature=") + 10);
}

TEST(AwsSignature, SignsARangeOfAnObject) {
  EXPECT_EQ(signature_of({.url = "https://examplebucket.s3.amazonaws.com/test.txt",
                          .headers = {"Range: bytes=0-9"}},
                         kNothing),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(AwsSignature, SignsAnUploadWithItsHeaders) {
  EXPECT_EQ(signature_of({.method = "PUT",
                          .url = "https://examplebucket.s3.amazonaws.com/test%24file.text",
                          .headers = {"Date: Fri, 24 May 2013 00:00:00 GMT",
                                      "x-amz-storage-class: REDUCED_REDUNDANCY"}},
                         "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(AwsSignature, SignsAQueryWithoutAValueAndASortedOne) {
  EXPECT_EQ(signature_of({.url = "https://examplebucket.s3.amazonaws.com/?lifecycle"}, kNothing),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  EXPECT_EQ(signature_of({.url = "https://examplebucket.s3.amazonaws.com/?prefix=J&max-keys=2"},
                         kNothing),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(AwsSignature, LeavesARequestWithoutCredentialsUnsigned) {
  HttpRequest request{.url = "https://examplebucket.s3.amazonaws.com/test.txt"};
  sign_for_s3(request, {}, "us-east-1", kNothing, {});
  EXPECT_EQ(request.headers,
            std::vector<std::string>{fmt::format("x-amz-content-sha256: {}", kNothing)});
}

TEST(AwsCredentials, AreNeverOfTwoReadings) {
  const AwsCredentials old{"OLD", "old secret", "old token"},
      next{"NEW", "new secret", "new token"};
  for (int renewed_at = 0; renewed_at < 8; ++renewed_at) {
    int parts = 0;
    const auto part = [&](std::string AwsCredentials::* field) {
      return (parts++ < renewed_at ? old : next).*field;
    };
    const auto read = read_unmixed([&]() -> AwsCredentials {
      const std::string key = part(&AwsCredentials::access_key);
      const std::string secret = part(&AwsCredentials::secret_key);
      return {key, secret, part(&AwsCredentials::session_token)};
    });
    ASSERT_TRUE(read);
    EXPECT_TRUE(*read == old || *read == next) << renewed_at << " " << read->access_key;
  }
  int reading = 0;
  EXPECT_EQ(
      read_unmixed([&] { return AwsCredentials{std::to_string(++reading), "", ""}; }).error().code,
      ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace lido::storage
