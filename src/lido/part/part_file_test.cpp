// SPDX-License-Identifier: Apache-2.0
#include "lido/part/part_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <set>

#include "lido/base/hash.h"
#include "lido/base/test_folder.h"
#include "lido/part/record_file.h"

namespace lido::part {
namespace {

class PartFile : public testing::Test {
 protected:
  PartFile() : store_(*storage::open_store(folder_.string())) {}

  /// Writes a part with some bytes of samples.
  void write(const PartRecord& record, std::string_view bytes) {
    const auto writer = *store_->create("part");
    ASSERT_TRUE(writer->append(bytes));
    ASSERT_TRUE(commit_part(*writer, record));
  }

  TestFolder folder_;
  std::unique_ptr<storage::Store> store_;
};

PartRecord full_record() {
  PartSample frames{.key = "a_00000000",
                    .first_k = 0,
                    .pts = {0, 3000},
                    .offset = 0,
                    .length = 7,
                    .sha256 = "ab",
                    .source_width = 64,
                    .source_height = 48,
                    .geometry = {32, 24, 0.5, 0.5, 1.25, -2.5}};
  PartSample person = frames;
  person.key = "a_00000000_00003";
  person.offset = 7;
  person.length = 3;
  person.track = 3;
  person.cutouts = {1, 2, 3, 4, 5, 6, 7, 8};
  person.boxes = {0.125, 1, 2, 3, 4, 5, 6, 7};
  person.seen = {true, false};
  person.repeated = 1;
  person.source = "label";
  person.person = "7";
  person.keypoints = {1.5, 2.5, 0.75, std::numeric_limits<double>::quiet_NaN(), 0, 1};
  return {.samples = {frames, person},
          .runs = {{0, 5}, {7, 9}},
          .skipped = {{5, 7, true}},
          .start_pts = 100,
          .last_pts = 9000,
          .packets_read = 30,
          .packets_decoded = 12,
          .planned = false,
          .gaps = {{9, 12, "no more data"}, {20, INT64_MAX, "cut off"}},
          .failure = Failure{FailureKind::kOutside, "no access"}};
}

TEST_F(PartFile, ComesBackAsItWasWritten) {
  write(full_record(), "0123456789");
  const auto read = *read_part(*store_, "part");
  ASSERT_TRUE(read);
  const PartRecord truth = full_record();
  ASSERT_EQ(read->samples.size(), 2U);
  for (size_t i = 0; i < 2; ++i) {
    const PartSample &sample = read->samples[i], &wanted = truth.samples[i];
    EXPECT_EQ(sample.key, wanted.key);
    EXPECT_EQ(sample.pts, wanted.pts);
    EXPECT_EQ(sample.offset, wanted.offset);
    EXPECT_EQ(sample.length, wanted.length);
    EXPECT_EQ(sample.sha256, wanted.sha256);
    EXPECT_EQ(sample.source_width, 64);
    EXPECT_EQ(sample.source_height, 48);
    EXPECT_EQ(sample.geometry, wanted.geometry);
    EXPECT_EQ(sample.track, wanted.track);
    EXPECT_EQ(sample.cutouts, wanted.cutouts);
    EXPECT_EQ(sample.boxes, wanted.boxes);
    EXPECT_EQ(sample.seen, wanted.seen);
    EXPECT_EQ(sample.repeated, wanted.repeated);
    EXPECT_EQ(sample.source, wanted.source);
    EXPECT_EQ(sample.person, wanted.person);
    ASSERT_EQ(sample.keypoints.size(), wanted.keypoints.size());
    for (size_t j = 0; j < wanted.keypoints.size(); ++j) {
      EXPECT_EQ(std::isnan(sample.keypoints[j]), std::isnan(wanted.keypoints[j]));
      if (!std::isnan(wanted.keypoints[j])) {
        EXPECT_EQ(sample.keypoints[j], wanted.keypoints[j]);
      }
    }
  }
  EXPECT_EQ(read->runs, truth.runs);
  EXPECT_EQ(read->skipped, truth.skipped);
  EXPECT_EQ(read->start_pts, 100);
  EXPECT_EQ(read->last_pts, 9000);
  EXPECT_EQ(read->packets_read, 30);
  EXPECT_EQ(read->packets_decoded, 12);
  EXPECT_FALSE(read->planned);
  EXPECT_EQ(read->gaps, truth.gaps);
  EXPECT_EQ(read->failure, truth.failure);
}

TEST_F(PartFile, LostBytesOfASampleAreFound) {
  PartRecord record;
  // Checksums of "01234" and "56789" by sha256sum.
  record.samples = {{.key = "a",
                     .offset = 0,
                     .length = 5,
                     .sha256 = "c565fe03ca9b6242e01dfddefe9bba3d98b270e19cd02fd85ceaf75e2b25bf12"},
                    {.key = "b",
                     .offset = 5,
                     .length = 5,
                     .sha256 = "f76043a74ec33b6aefbb289050faf7aa8d482095477397e3e63345125d49f527"}};
  write(record, "0123456789");
  EXPECT_TRUE(*is_intact(*store_, "part", record));
  write(record, std::string("01234567\0\0", 10));
  EXPECT_TRUE(*read_part(*store_, "part")) << "the record is whole";
  EXPECT_FALSE(*is_intact(*store_, "part", record));
}

TEST_F(PartFile, AMissingPartIsNoError) {
  const auto read = read_part(*store_, "nowhere");
  ASSERT_TRUE(read);
  EXPECT_FALSE(*read);
}

TEST_F(PartFile, ASampleBehindTheBytesMakesThePartUnusable) {
  write(full_record(), "012345678");  // one byte less than the samples cover
  EXPECT_FALSE(*read_part(*store_, "part"));
}

TEST_F(PartFile, ARecordOfAnotherVersionIsNoPart) {
  const auto writer = *store_->create("part");
  ASSERT_TRUE(commit_with_record(*writer, R"({"samples": [{"name": "a"}]})"));
  EXPECT_FALSE(*read_part(*store_, "part"));
}

TEST_F(PartFile, AFailedPartHoldsTheReason) {
  ASSERT_TRUE(write_failed_part(*store_, "part", {FailureKind::kContent, "no video"}));
  const auto read = *read_part(*store_, "part");
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->samples.empty());
  EXPECT_EQ(read->failure, (Failure{FailureKind::kContent, "no video"}));
}

TEST(PartName, DependsOnEveryInput) {
  const nlohmann::ordered_json identity = {{"fps", "4"}};
  const ClipInput clip{.uri = "/a.mp4", .bytes = 5};
  std::set<std::string> names = {part_name(identity, clip, {})};
  EXPECT_EQ(names, (std::set{part_name(identity, clip, {})}));
  names.insert(part_name({{"fps", "5"}}, clip, {}));
  const std::vector<ClipInput> others = {
      {.uri = "/b.mp4", .bytes = 5},
      {.uri = "/a.mp4", .bytes = 6},
      {.uri = "/a.mp4", .bytes = 5, .group = "g"},
      {.uri = "/a.mp4", .bytes = 5, .site = "s"},
      {.uri = "/a.mp4", .bytes = 5, .camera = "c"},
      {.uri = "/a.mp4", .bytes = 5, .start_utc = dataset::UtcTime{1}},
      {.uri = "/a.mp4", .bytes = 5, .fingerprint = "f"}};
  for (const ClipInput& other : others) names.insert(part_name(identity, other, {}));
  names.insert(part_name(identity, clip, {.from = media::RandomAccess{7, 7, 7}}));
  names.insert(part_name(identity, clip, {.start_pts = 9}));
  names.insert(part_name(identity, clip, {.first_k = 1}));
  names.insert(part_name(identity, clip, {.end_k = 1}));
  EXPECT_EQ(names.size(), 2 + others.size() + 4);
}

TEST(PartName, IsTheHashOfADocumentedText) {
  // Golden: resuming an ingest of an earlier version depends on it.
  const std::string text = R"([7,{"fps":"4"},"/a.mp4",5,"p5:ab","/a.mp4","","","",0,-1,0,9])";
  const ClipInput clip{.uri = "/a.mp4", .bytes = 5, .fingerprint = "p5:ab", .modified_ns = 7};
  EXPECT_EQ(part_name({{"fps", "4"}}, clip, {.end_k = 9}),
            ".work/parts/" + sha256_hex(text).substr(0, 32));
  // Labels that shape the samples stand at the end.
  const std::string labelled = text.substr(0, text.size() - 1) + R"(,"{}"])";
  EXPECT_EQ(part_name({{"fps", "4"}}, clip, {.end_k = 9}, "{}"),
            ".work/parts/" + sha256_hex(labelled).substr(0, 32));
}

TEST(EndsJob, IsTrueOfAStopAndOfABucketThatFails) {
  const auto ends = [](const char* uri, ErrorCode code) { return ends_job(uri, {code, "why"}); };
  for (const char* uri : {"/a.mp4", "gs://pool/a.mp4", "s3://pool/a.mp4"}) {
    EXPECT_TRUE(ends(uri, ErrorCode::kCancelled)) << uri;
    EXPECT_FALSE(ends(uri, ErrorCode::kNotFound)) << uri;
    EXPECT_FALSE(ends(uri, ErrorCode::kCorrupt)) << uri;
    EXPECT_EQ(ends(uri, ErrorCode::kUnavailable), uri[0] != '/') << uri;
  }
}

TEST(KeyPrefix, IsTwelveDigitsOfTheUri) {
  // printf %s /a.mp4 | sha256sum
  EXPECT_EQ(key_prefix({.uri = "/a.mp4"}), "b6669ba0aa41");
}

}  // namespace
}  // namespace lido::part
