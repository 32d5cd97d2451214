// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/clip_db.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "lido/base/parallel.h"

namespace lido::ingest {
namespace {

std::unique_ptr<ClipDb> db_of(const std::vector<part::ClipInput>& clips) {
  auto db = *ClipDb::open();
  for (const part::ClipInput& clip : clips) EXPECT_TRUE(db->add_clip({.input = clip}));
  return db;
}

ClipRecord planned(size_t number, part::ClipInput input, size_t spans) {
  ClipRecord clip{.number = number, .plan = {.input = std::move(input)}, .split = "train"};
  clip.plan.info = {.container = "mov",
                    .codec = "h264",
                    .width = 640,
                    .height = 480,
                    .time_base = {1, 90'000},
                    .duration_s = 12.5,
                    .source_fps = 29.97,
                    .other_video = "#0 mjpeg 160x90"};
  for (size_t i = 0; i < spans; ++i) {
    const auto k = static_cast<int64_t>(100 * i);
    clip.plan.spans.push_back({.first_k = k});
    if (i > 0) clip.plan.spans[i].from = media::RandomAccess{k, k - 1, 7};
    if (i > 0) clip.plan.spans[i].start_pts = 3;
    clip.span_parts.push_back(fmt::format(".work/parts/{}-{}", number, i));
  }
  return clip;
}

TEST(ClipDb, ADescribedClipReplacesAPlainOne) {
  const auto db = db_of({{.uri = "/b", .bytes = 2, .site = "new"},
                         {.uri = "/b", .bytes = 3},
                         {.uri = "/a", .bytes = 4},
                         {.uri = "/a", .bytes = 4, .camera = "left"}});
  std::vector<std::string> seen;
  ASSERT_TRUE(db->visit_inputs([&](const part::ClipInput& clip) -> Result<void> {
    seen.push_back(fmt::format("{} {} {}{}", clip.uri, clip.bytes, clip.site, clip.camera));
    return {};
  }));
  EXPECT_EQ(seen, (std::vector<std::string>{"/a 4 left", "/b 2 new"}));
}

TEST(ClipDb, AFileWithSeveralNamesIsOneClip) {
  // In any order, the record with a description stays, then the one that is no link, then the
  // first.
  std::vector<FoundClip> names = {
      {.input = {.uri = "/latest/0"}, .file_id = "1:2", .is_link = true},
      {.input = {.uri = "/day/0"}, .file_id = "1:2"},
      {.input = {.uri = "/day/hard"}, .file_id = "1:2"},
      {.input = {.uri = "/day/1"}, .file_id = "1:3"}};
  std::ranges::sort(names, {}, [](const FoundClip& clip) { return clip.input.uri; });
  do {
    const auto db = *ClipDb::open();
    for (const FoundClip& name : names) ASSERT_TRUE(db->add_clip(name));
    EXPECT_EQ(*db->number_clips(), 2U);
    EXPECT_EQ(db->input(0)->uri, "/day/0");
    EXPECT_EQ(db->input(1)->uri, "/day/1");
  } while (std::ranges::next_permutation(names, {}, [](const FoundClip& clip) {
             return clip.input.uri;
           }).found);
  const auto db = *ClipDb::open();
  ASSERT_TRUE(db->add_clip({.input = {.uri = "/day/0"}, .file_id = "1:2"}));
  const auto listed = db->add_clip(
      {.input = {.uri = "/latest/0", .camera = "left"}, .file_id = "1:2", .is_link = true});
  EXPECT_EQ(listed->outcome, AddedClip::Outcome::kDescribed);
  EXPECT_EQ(listed->other, "/day/0");
  const auto again = db->add_clip({.input = {.uri = "/latest/0", .camera = "left"}});
  EXPECT_EQ(again->outcome, AddedClip::Outcome::kRepeated);
  EXPECT_EQ(again->other, "");
  EXPECT_EQ(*db->number_clips(), 1U);
  EXPECT_EQ(db->input(0)->camera, "left");
}

TEST(ClipDb, AFileWhoseEscapedNameIsAnothersIsNotThatFile) {
  const FoundClip literal{.input = {.uri = "/a\\xE9.mp4", .bytes = 1}, .file_id = "1:1"};
  const auto escaped = [&](const char* id) {
    FoundClip clip = literal;
    clip.input.unusable = "the name is not UTF-8";
    clip.file_id = id;
    return clip;
  };
  for (const bool literal_first : {true, false}) {
    const auto db = *ClipDb::open();
    if (literal_first) {
      EXPECT_TRUE(db->add_clip(literal));
    }
    for (const char* id : {"1:2", "1:3"}) {
      const auto added = db->add_clip(escaped(id));
      ASSERT_TRUE(added);
      EXPECT_EQ(added->outcome, AddedClip::Outcome::kNew);
    }
    if (!literal_first) {
      EXPECT_TRUE(db->add_clip(literal));
    }
    const auto clips = *db->next_inputs("", 9);
    ASSERT_EQ(clips.size(), 3U);
    EXPECT_EQ(clips[0].uri, "/a\\xE9.mp4");
    EXPECT_EQ(clips[0].unusable, "");
    EXPECT_EQ(clips[1].uri, "/a\\xE9.mp4 (2)");
    EXPECT_EQ(clips[2].uri, "/a\\xE9.mp4 (3)");
    EXPECT_NE(clips[1].unusable, "");
    EXPECT_NE(clips[2].unusable, "");
  }
}

TEST(ClipDb, TwoDescriptionsOfOneFileMustBeEqual) {
  const auto db = *ClipDb::open();
  ASSERT_TRUE(db->add_clip({.input = {.uri = "/a", .site = "x", .camera = "left"}}));
  const auto other = db->add_clip({.input = {.uri = "/a", .site = "x", .camera = "right"}});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(other.error().message,
            "/a: camera is \"right\" here and \"left\" before, want one record of the file");
}

TEST(ClipDb, NumbersClipsByUri) {
  const auto db = db_of({{.uri = "/c"}, {.uri = "/a"}, {.uri = "/b", .bytes = 7}});
  EXPECT_EQ(*db->bytes_of("/b"), 7);
  ASSERT_TRUE(db->drop_clip("/b"));
  EXPECT_EQ(*db->bytes_of("/b"), std::nullopt);
  EXPECT_EQ(*db->number_clips(), 2U);
  EXPECT_EQ(db->input(0)->uri, "/a");
  EXPECT_EQ(db->input(1)->uri, "/c");
}

TEST(ClipDb, APlanComesBackAsItWasStored) {
  const auto db = db_of({{.uri = "/a", .bytes = 90, .start_utc = dataset::UtcTime{5}}});
  ASSERT_TRUE(db->number_clips());
  ASSERT_TRUE(db->store_plan(planned(0, *db->input(0), 3)));
  const ClipRecord clip = *db->clip(0);
  EXPECT_EQ(clip.plan.input.start_utc->us, 5);
  EXPECT_EQ(clip.plan.info.container, "mov");
  EXPECT_EQ(clip.plan.info.codec, "h264");
  EXPECT_EQ(clip.plan.info.width, 640);
  EXPECT_EQ(clip.plan.info.height, 480);
  EXPECT_EQ(clip.plan.info.time_base, (Rational{1, 90'000}));
  EXPECT_EQ(clip.plan.info.duration_s, 12.5);
  EXPECT_EQ(clip.plan.info.source_fps, 29.97);
  EXPECT_EQ(clip.plan.info.other_video, "#0 mjpeg 160x90");
  EXPECT_EQ(clip.split, "train");
  ASSERT_EQ(clip.plan.spans.size(), 3U);
  EXPECT_FALSE(clip.plan.spans[0].from);
  EXPECT_FALSE(clip.plan.spans[0].start_pts);
  EXPECT_EQ(clip.plan.spans[2].first_k, 200);
  EXPECT_EQ(clip.plan.spans[2].end_k, INT64_MAX);
  EXPECT_EQ(clip.plan.spans[2].from, (media::RandomAccess{200, 199, 7}));
  EXPECT_EQ(clip.plan.spans[2].start_pts, 3);
  EXPECT_FALSE(clip.failure);
  EXPECT_TRUE(clip.gaps.empty());
  EXPECT_FALSE(clip.people_part);
}

TEST(ClipDb, GapsOfAllSpansAreJoinedInOrderOfTime) {
  const auto db = db_of({{.uri = "/a"}});
  ASSERT_TRUE(db->number_clips());
  ASSERT_TRUE(db->store_plan(planned(0, *db->input(0), 3)));
  ASSERT_TRUE(db->record_gaps(0, 2, {{210, INT64_MAX, "late"}}));
  ASSERT_TRUE(db->record_gaps(0, 0, {{10, 20, "first"}, {90, 100, "second"}}));
  ASSERT_TRUE(db->record_gaps(0, 1, {{100, 110, "third"}}));
  const ClipRecord clip = *db->clip(0);
  EXPECT_EQ(clip.gaps, (std::vector<part::Gap>{
                           {10, 20, "first"}, {90, 110, "second"}, {210, INT64_MAX, "late"}}));
  EXPECT_TRUE(clip.touches_gap(19, 20));
  EXPECT_FALSE(clip.touches_gap(20, 90));
  EXPECT_FALSE(clip.failure);
}

TEST(ClipDb, AFailureOfTheContentCountsBeforeOneFromOutside) {
  using part::FailureKind;
  const auto db = db_of({{.uri = "/a"}, {.uri = "/b", .bytes = 40}});
  ASSERT_TRUE(db->number_clips());
  ClipRecord unreadable = planned(1, *db->input(1), 0);
  unreadable.plan.unreadable = part::Failure{FailureKind::kOutside, "no access"};
  ASSERT_TRUE(db->store_plan(unreadable));
  ASSERT_TRUE(db->store_plan(planned(0, *db->input(0), 3)));
  const auto totals = *db->totals();
  EXPECT_EQ(totals.clips, 2U);
  EXPECT_EQ(totals.spans, 3U);
  EXPECT_EQ(totals.unreadable, 1);
  EXPECT_EQ(totals.bytes, 40);
  EXPECT_EQ(db->clip(1)->failure, (part::Failure{FailureKind::kOutside, "no access"}));
  EXPECT_FALSE(*db->all_failed_from_outside());
  ASSERT_TRUE(db->record_failure(0, 0, {FailureKind::kOutside, "killed"}));
  EXPECT_TRUE(*db->all_failed_from_outside());
  ASSERT_TRUE(db->record_failure(0, 1, {FailureKind::kContent, "crashed"}));
  EXPECT_EQ(db->clip(0)->failure->reason, "crashed");
  EXPECT_FALSE(*db->all_failed_from_outside());
}

TEST(ClipDb, ThePeoplePartComesAfterTheSpans) {
  const auto db = db_of({{.uri = "/a"}});
  ASSERT_TRUE(db->number_clips());
  ASSERT_TRUE(db->store_plan(planned(0, *db->input(0), 2)));
  ASSERT_TRUE(db->record_people_part(0, ".work/parts/people"));
  const ClipRecord clip = *db->clip(0);
  EXPECT_EQ(clip.span_parts.size(), 2U);
  EXPECT_EQ(clip.parts(),
            (std::vector<std::string>{".work/parts/0-0", ".work/parts/0-1", ".work/parts/people"}));
}

TEST(ClipDb, OpenSpansComeLargestFirstWithTheirTasks) {
  const auto db = db_of({{.uri = "/a", .bytes = 10, .site = "north"}, {.uri = "/b", .bytes = 90}});
  ASSERT_TRUE(db->number_clips());
  for (const size_t i : {0U, 1U}) ASSERT_TRUE(db->store_plan(planned(i, *db->input(i), 2)));
  ASSERT_TRUE(db->record_part(".work/parts/1-0"));
  ASSERT_TRUE(db->record_part(".work/parts/of no span"));
  std::vector<SpanRecord> open;
  ASSERT_TRUE(db->visit_open_spans([&](const SpanRecord& span) -> Result<void> {
    open.push_back(span);
    return {};
  }));
  ASSERT_EQ(open.size(), 3U);
  EXPECT_EQ(open[0].task.part, ".work/parts/1-1");
  EXPECT_EQ(open[0].bytes, 45);
  EXPECT_EQ(open[1].task.part, ".work/parts/0-0");
  EXPECT_EQ(open[1].task.clip.site, "north");
  EXPECT_EQ(open[2].task.info.codec, "h264");
  EXPECT_EQ(open[2].task.span.from, (media::RandomAccess{100, 99, 7}));
  const auto totals = *db->open_totals(20);
  EXPECT_EQ(totals.spans, 3);
  EXPECT_EQ(totals.cost, 45 + 20 + 20);
}

TEST(ClipDb, SpansComeInOrderWithWhatIsDone) {
  const auto db = db_of({{.uri = "/a"}, {.uri = "/b"}});
  ASSERT_TRUE(db->number_clips());
  for (const size_t i : {0U, 1U}) ASSERT_TRUE(db->store_plan(planned(i, *db->input(i), 2)));
  ASSERT_TRUE(db->record_part(".work/parts/1-0"));
  std::vector<std::string> parts;
  std::vector<bool> done;
  for (auto span = *db->next_span({}); span; span = *db->next_span(span)) {
    parts.push_back(span->task.part);
    done.push_back(span->done);
  }
  EXPECT_EQ(parts, (std::vector<std::string>{".work/parts/0-0", ".work/parts/0-1",
                                             ".work/parts/1-0", ".work/parts/1-1"}));
  EXPECT_EQ(done, (std::vector<bool>{false, false, true, false}));
}

TEST(ClipDb, SamplesComeBySplit) {
  const auto db = db_of({});
  ASSERT_TRUE(db->record_samples("train", {4, {100, 200}, {1, 1}}));
  ASSERT_TRUE(db->record_samples("val", {5, {7}, {1}}));
  ASSERT_TRUE(db->record_samples("train", {9, {300}, {0, 1}}));
  const ClipSamples first = db->next_samples("train", 0)->value();
  EXPECT_EQ(first.clip, 4U);
  EXPECT_EQ(first.lengths, (std::vector<uint32_t>{100, 200}));
  const ClipSamples next = db->next_samples("train", 5)->value();
  EXPECT_EQ(next.clip, 9U);
  EXPECT_EQ(next.part_counts, (std::vector<uint32_t>{0, 1}));
  EXPECT_FALSE(*db->next_samples("train", 10));
}

TEST(ClipDb, ThumbnailsOfAPlateAreSampledEvenly) {
  const auto db = db_of({{.uri = "/a"}, {.uri = "/b"}});
  ASSERT_TRUE(db->number_clips());
  for (const size_t i : {0U, 1U}) ASSERT_TRUE(db->store_plan(planned(i, *db->input(i), 2)));
  for (int64_t i = 0; i < 100; ++i)
    ASSERT_TRUE(db->record_thumbnail({"pool/left", "any time"}, size_t(i / 50), 1, i, 10));
  ASSERT_TRUE(db->record_thumbnail({"pool/a", "any time"}, 1, 0, 5, 6));
  const auto keys = *db->plates();
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_EQ(keys[0].camera, "pool/a");
  std::vector<int64_t> offsets;
  std::vector<std::string> places;
  const auto thumbnails = *db->thumbnails(keys[1], 4);
  for (const ThumbnailPlace& place : thumbnails) {
    offsets.push_back(place.offset);
    places.push_back(place.clip + " " + place.part);
  }
  EXPECT_EQ(offsets, (std::vector<int64_t>{0, 25, 50, 75}));
  EXPECT_EQ(places, (std::vector<std::string>{"/a .work/parts/0-1", "/a .work/parts/0-1",
                                              "/b .work/parts/1-1", "/b .work/parts/1-1"}));
}

TEST(ClipDb, ManyThreadsMayAsk) {
  const auto db = db_of({{.uri = "/a", .bytes = 1}});
  ASSERT_TRUE(db->number_clips());
  ASSERT_TRUE(db->store_plan(planned(0, *db->input(0), 2)));
  EXPECT_TRUE(parallel_for(2000, 4, {}, [&](size_t i) -> Result<void> {
    if (i % 2 == 0) return db->record_samples("train", {i, {1}, {1}});
    if (LIDO_TRY(db->clip(0)).span_parts.size() != 2) return fail(ErrorCode::kCorrupt, "parts");
    return {};
  }));
  size_t found = 0;
  for (auto one = *db->next_samples("train", 0); one;
       one = *db->next_samples("train", one->clip + 1))
    ++found;
  EXPECT_EQ(found, 1000U);
}

}  // namespace
}  // namespace lido::ingest
