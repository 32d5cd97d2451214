// SPDX-License-Identifier: Apache-2.0
#include "lido/storage/object_listing.h"

#include <gtest/gtest.h>

namespace lido::storage {
namespace {

/// As the documentation of ListObjectsV2 shows it.
constexpr std::string_view kS3Page = R"(<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Name>pool</Name><Prefix/><KeyCount>2</KeyCount><MaxKeys>2</MaxKeys>
  <EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>
  <NextContinuationToken>1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=</NextContinuationToken>
  <Contents><Key>day+1/a%2Bb.mp4</Key><LastModified>2026-11-26T17:25:34.487Z</LastModified>
    <ETag>"70ee1738b6b21e2c8a43f3a5ab0eee71"</ETag><Size>434234</Size></Contents>
  <Contents><Key>50%</Key><Size>1</Size></Contents>
</ListBucketResult>)";

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  return text.replace(text.find(from), from.size(), to);
}

TEST(ObjectListing, ReadsAPageOfS3) {
  const auto page = parse_s3_listing(kS3Page);
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->next, "1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=");
  ASSERT_EQ(page->objects.size(), 2U);
  EXPECT_EQ(page->objects[0].name, "day 1/a+b.mp4");
  EXPECT_EQ(page->objects[0].size, 434234);
  EXPECT_EQ(page->objects[0].modified_ns, 1'795'713'934'487'000'000);
  EXPECT_EQ(page->objects[1].name, "50%") << "no code of a letter follows";
}

TEST(ObjectListing, NamesThatAreNotEncodedStayAsTheyAre) {
  const auto page =
      parse_s3_listing(replaced(std::string(kS3Page), "<EncodingType>url</EncodingType>", ""));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->objects[0].name, "day+1/a%2Bb.mp4");
}

TEST(ObjectListing, ACodeThatIsNoneIsPartOfTheName) {
  for (const char* name : {"a%zz", "%", "a%2", "%%41"}) {
    const auto page = parse_s3_listing(replaced(std::string(kS3Page), "day+1/a%2Bb.mp4", name));
    ASSERT_TRUE(page) << name;
    EXPECT_EQ(page->objects[0].name, std::string_view(name) == "%%41" ? "%A" : name);
  }
}

TEST(ObjectListing, AnAnswerThatBreaksOffIsNoShortListing) {
  for (size_t size = 0; size < kS3Page.size(); ++size)
    ASSERT_FALSE(parse_s3_listing(kS3Page.substr(0, size))) << size;
  const std::string json = R"({"nextPageToken": "n", "items": [{"name": "a", "size": "7"}]})";
  for (size_t size = 0; size < json.size(); ++size)
    ASSERT_FALSE(parse_gcs_listing(std::string_view(json).substr(0, size))) << size;
}

TEST(ObjectListing, WhatIsNoListingIsAnErrorThatMayPass) {
  for (const std::string& body :
       {std::string("<html>proxy</html>"), replaced(std::string(kS3Page), "50%", ""),
        replaced(std::string(kS3Page), "1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=", "")}) {
    const auto page = parse_s3_listing(body);
    ASSERT_FALSE(page) << body;
    EXPECT_EQ(page.error().code, ErrorCode::kUnavailable);
    EXPECT_NE(page.error().message.find("is not a listing"), std::string::npos);
  }
  for (const char* body :
       {"[]", R"({"items": {}})", R"({"items": [{"size": "1"}]})", R"({"items": [7]})"})
    EXPECT_FALSE(parse_gcs_listing(body)) << body;
}

TEST(ObjectListing, ReadsAPageOfGoogle) {
  const auto page = parse_gcs_listing(
      R"({"nextPageToken": "CgJh", "items": [{"name": "day 1/a%2B.mp4", "size": "9007199254740993",
          "updated": "2026-11-26T17:25:34.487Z"}]})");
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->next, "CgJh");
  ASSERT_EQ(page->objects.size(), 1U);
  EXPECT_EQ(page->objects[0].name, "day 1/a%2B.mp4");
  EXPECT_EQ(page->objects[0].size, 9007199254740993) << "more than a double holds";
  EXPECT_TRUE(parse_gcs_listing("{}")->objects.empty()) << "no object has the prefix";
}

TEST(ObjectListing, APageThatComesAgainEndsTheListing) {
  std::string page;
  EXPECT_TRUE(turn_page("gs://pool/", page, "a"));
  EXPECT_EQ(page, "a");
  const auto again = turn_page("gs://pool/", page, "a");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().message, "gs://pool/: the server answers with the same page again");
  EXPECT_TRUE(turn_page("gs://pool/", page, ""));
  EXPECT_TRUE(turn_page("gs://pool/", page, "")) << "the last page";
}

}  // namespace
}  // namespace lido::storage
