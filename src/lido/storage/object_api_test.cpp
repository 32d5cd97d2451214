// SPDX-License-Identifier: Apache-2.0
#include "lido/storage/object_api.h"

#include <gtest/gtest.h>

namespace lido::storage {
namespace {

TEST(ObjectApi, ParsesTheTimeOfAHeader) {
  // RFC 9110, section 5.6.7; the Unix time by `date -d ... +%s`.
  EXPECT_EQ(parse_http_time("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
  EXPECT_EQ(parse_http_time(""), 0);
  EXPECT_EQ(parse_http_time("yesterday"), 0);
}

TEST(ObjectApi, ParsesTheTimeOfAListing) {
  EXPECT_EQ(parse_iso_time_ns("2001-09-09T01:46:40Z"), 1'000'000'000'000'000'000);
  EXPECT_EQ(parse_iso_time_ns("2001-09-09T01:46:40.5Z"), 1'000'000'000'500'000'000);
  EXPECT_EQ(parse_iso_time_ns("2001-09-09T01:46:40.000000001Z"), 1'000'000'000'000'000'001);
  EXPECT_EQ(parse_iso_time_ns("2001-09-09T01:46:40.0000000019Z"), 1'000'000'000'000'000'001);
  EXPECT_EQ(parse_iso_time_ns("2001-09-09"), 0);
}

TEST(ObjectApi, UploadsOfATextHaveBothChecksums) {
  const Upload upload = Upload::of("abc");
  // FIPS 180-2, appendix B.1; RFC 1321, appendix A.5.
  EXPECT_EQ(upload.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  std::string hex;
  for (const char byte : upload.md5) hex += fmt::format("{:02x}", static_cast<uint8_t>(byte));
  EXPECT_EQ(hex, "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(upload.size(), 3);
}

TEST(ObjectApi, OnlyAWriterOfMissingObjectsHasAnId) {
  const std::string id = new_writer({.state = WriteIf::State::kMissing});
  EXPECT_EQ(id.size(), 32U);
  EXPECT_NE(new_writer({.state = WriteIf::State::kMissing}), id);
  EXPECT_EQ(new_writer({.state = WriteIf::State::kAny}), "");
}

TEST(ObjectApi, ABatchIsSentAgainWhileACallMaySucceedLater) {
  int sent = 0;
  const Error busy{ErrorCode::kUnavailable, "busy"};
  EXPECT_TRUE(repeat_batch(
      [&]() -> Result<BatchOutcome> { return ++sent < 2 ? BatchOutcome(busy) : BatchOutcome(); }));
  EXPECT_EQ(sent, 2);
  sent = 0;
  const auto refused = repeat_batch([&]() -> Result<BatchOutcome> {
    ++sent;
    return fail(ErrorCode::kInvalidArgument, "no bucket");
  });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "no bucket");
  EXPECT_EQ(sent, 1);
}

}  // namespace
}  // namespace lido::storage
