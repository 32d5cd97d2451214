// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/book.h"

#include <gtest/gtest.h>

#include "lido/base/parallel.h"

namespace lido::ingest {
namespace {

std::unique_ptr<Book> book_of(const std::vector<ClipInput>& clips) {
  auto book = *Book::open();
  for (const ClipInput& clip : clips) EXPECT_TRUE(book->add(clip));
  return book;
}

BookedClip planned(size_t number, ClipInput input, size_t spans) {
  BookedClip clip{.number = number, .plan = {.input = std::move(input)}, .split = "train"};
  clip.plan.info.codec = "h264";
  for (size_t i = 0; i < spans; ++i) {
    clip.plan.spans.push_back({.first_k = static_cast<int64_t>(100 * i)});
    clip.parts.push_back(fmt::format(".work/parts/{}-{}", number, i));
  }
  return clip;
}

TEST(Book, WhatDescribesAClipWins) {
  const auto book = book_of({{.uri = "/b", .bytes = 1, .site = "old"},
                             {.uri = "/b", .bytes = 2, .site = "new"},
                             {.uri = "/b", .bytes = 3},
                             {.uri = "/a", .bytes = 4},
                             {.uri = "/a", .bytes = 4, .camera = "left"}});
  std::vector<std::string> seen;
  ASSERT_TRUE(book->visit_inputs([&](const ClipInput& clip) -> Result<void> {
    seen.push_back(fmt::format("{} {} {}{}", clip.uri, clip.bytes, clip.site, clip.camera));
    return {};
  }));
  EXPECT_EQ(seen, (std::vector<std::string>{"/a 4 left", "/b 2 new"}));
}

TEST(Book, ClipsAreNumberedByTheirNames) {
  const auto book = book_of({{.uri = "/c"}, {.uri = "/a"}, {.uri = "/b", .bytes = 7}});
  EXPECT_EQ(*book->bytes_of("/b"), 7);
  ASSERT_TRUE(book->drop("/b"));
  EXPECT_EQ(*book->bytes_of("/b"), std::nullopt);
  EXPECT_EQ(*book->number_clips(), 2U);
  EXPECT_EQ(book->input(0)->uri, "/a");
  EXPECT_EQ(book->input(1)->uri, "/c");
}

TEST(Book, GivesBackWhatItWasGiven) {
  const auto book = book_of(
      {{.uri = "/a", .bytes = 90, .start_utc = dataset::UtcTime{5}}, {.uri = "/b", .bytes = 40}});
  ASSERT_TRUE(book->number_clips());
  BookedClip broken = planned(1, *book->input(1), 0);
  broken.plan.broken = Error{ErrorCode::kCorrupt, "no video"};
  ASSERT_TRUE(book->keep(broken));
  ASSERT_TRUE(book->keep(planned(0, *book->input(0), 3)));
  const auto totals = *book->totals();
  EXPECT_EQ(totals.clips, 2U);
  EXPECT_EQ(totals.units, 3U);
  EXPECT_EQ(totals.broken, 1);
  EXPECT_EQ(totals.bytes, 130);
  EXPECT_EQ(book->clip(1)->broke->reason, "no video");
  // A break counts from the earliest time, and of two at one time from the earlier span.
  ASSERT_TRUE(book->note_break(0, 2, {4, "late"}));
  ASSERT_TRUE(book->note_break(0, 1, {4, "first"}));
  ASSERT_TRUE(book->note_people(0, ".work/parts/people"));
  const BookedClip clip = *book->clip(0);
  EXPECT_EQ(clip.plan.input.start_utc->us, 5);
  EXPECT_EQ(clip.plan.info.codec, "h264");
  EXPECT_EQ(clip.plan.spans[2].first_k, 200);
  EXPECT_EQ(clip.parts.size(), 4U);
  EXPECT_EQ(clip.parts[3], ".work/parts/people");
  EXPECT_EQ(clip.broke->reason, "first");
}

TEST(Book, UnitsWithoutAPartComeLargeOnesFirst) {
  const auto book = book_of({{.uri = "/a", .bytes = 10}, {.uri = "/b", .bytes = 90}});
  ASSERT_TRUE(book->number_clips());
  for (const size_t i : {0U, 1U}) ASSERT_TRUE(book->keep(planned(i, *book->input(i), 2)));
  ASSERT_TRUE(book->note_part(".work/parts/1-0"));
  ASSERT_TRUE(book->note_part(".work/parts/nobody's"));
  std::vector<std::pair<size_t, int64_t>> open;
  ASSERT_TRUE(book->visit_open_units([&](size_t span, int64_t bytes, auto) -> Result<void> {
    open.emplace_back(span, bytes);
    return {};
  }));
  EXPECT_EQ(open, (std::vector<std::pair<size_t, int64_t>>{{1, 45}, {0, 5}, {1, 5}}));
  std::vector<bool> done;
  for (auto unit = *book->next_unit({}); unit; unit = *book->next_unit(unit))
    done.push_back(unit->done);
  EXPECT_EQ(done, (std::vector<bool>{false, false, true, false}));
}

TEST(Book, SamplesComeBySplit) {
  const auto book = book_of({});
  ASSERT_TRUE(book->note_samples("train", {4, {100, 200}, {1, 1}}));
  ASSERT_TRUE(book->note_samples("val", {5, {7}, {1}}));
  ASSERT_TRUE(book->note_samples("train", {9, {300}, {0, 1}}));
  const ClipSamples first = book->next_samples("train", 0)->value();
  EXPECT_EQ(first.clip, 4U);
  EXPECT_EQ(first.lengths, (std::vector<uint32_t>{100, 200}));
  const ClipSamples next = book->next_samples("train", 5)->value();
  EXPECT_EQ(next.clip, 9U);
  EXPECT_EQ(next.in_span, (std::vector<uint32_t>{0, 1}));
  EXPECT_FALSE(*book->next_samples("train", 10));
}

TEST(Book, PicturesOfAPlateAreEvenlyPicked) {
  const auto book = book_of({});
  for (size_t clip = 0; clip < 100; ++clip)
    ASSERT_TRUE(book->note_plate_picture({"pool/left", "any time"}, {clip, 0, 8}));
  ASSERT_TRUE(book->note_plate_picture({"pool/a", "any time"}, {3, 1, 2}));
  const auto keys = *book->plates();
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_EQ(keys[0].camera, "pool/a");
  std::vector<size_t> clips;
  const auto pictures = *book->plate_pictures(keys[1], 4);
  for (const PicturePlace& one : pictures) clips.push_back(one.clip);
  EXPECT_EQ(clips, (std::vector<size_t>{0, 25, 50, 75}));
}

TEST(Book, ManyThreadsMayAsk) {
  const auto book = book_of({{.uri = "/a", .bytes = 1}});
  ASSERT_TRUE(book->number_clips());
  ASSERT_TRUE(book->keep(planned(0, *book->input(0), 2)));
  EXPECT_TRUE(parallel_for(2000, 4, {}, [&](size_t i) -> Result<void> {
    if (i % 2 == 0) return book->note_samples("train", {i, {1}, {1}});
    if (LIDO_TRY(book->clip(0)).parts.size() != 2) return fail(ErrorCode::kCorrupt, "parts");
    return {};
  }));
  size_t found = 0;
  for (auto one = *book->next_samples("train", 0); one;
       one = *book->next_samples("train", one->clip + 1))
    ++found;
  EXPECT_EQ(found, 1000U);
}

TEST(Scratch, AQuestionThatIsNoneIsAnError) {
  const auto scratch = *Scratch::open();
  const auto bad = scratch->run("SELECT here FROM nowhere");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().message, "SQLite: no such table: nowhere");
}

TEST(Scratch, AFullDiskIsNamed) {
  const auto scratch = *Scratch::open();
  ASSERT_TRUE(scratch->run("CREATE TABLE t(x)"));
  ASSERT_TRUE(scratch->run("PRAGMA max_page_count = 20"));
  const std::string row(5000, 'x');
  Result<void> written;
  for (int i = 0; written && i < 100; ++i)
    written = scratch->run("INSERT INTO t VALUES(?)", {std::string_view(row)});
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(written.error().message.find("TMPDIR"), std::string::npos);
}

}  // namespace
}  // namespace lido::ingest
