// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/forget_request.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "lido/base/test_folder.h"
#include "lido/dataset/forget_fixture.h"

namespace lido::dataset {
namespace {

class ForgetRequests : public ForgetFixture {};

TEST_F(ForgetRequests, RefusesATimeAfterTheClip) {
  republish([](ClipRow& row) { row.frames = 8, row.duration_s = 13.96, row.source_fps = 25; }, {});
  const auto after = forget("a.mp4", 750, 840);
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(after.error().message.find("the clip ends at 0:14"), std::string::npos)
      << after.error().message;
  const auto beyond = forget("a.mp4", 6, 840);
  ASSERT_TRUE(beyond) << beyond.error().message;
  EXPECT_EQ(beyond->samples, 1);
  EXPECT_EQ(beyond->notes, std::vector<std::string>{"/pool/a.mp4: the clip ends at 0:14"});
}

TEST_F(ForgetRequests, CopiesAreNamedAndNeedAChoice) {
  republish([](ClipRow& row) { row.fingerprint = "same"; }, {});
  const auto refused = forget("a.mp4", 2, 4);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(refused.error().message.find("/pool/b.mp4"), std::string::npos);
  const auto one = forget({.stretches = {{"a.mp4", 2, 4}}, .copies = CopyChoice::kOnlyThis});
  ASSERT_TRUE(one) << one.error().message;
  EXPECT_EQ(one->samples, 1);
  const auto all = forget({.stretches = {{"a.mp4", 4, 6}}, .copies = CopyChoice::kAll});
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_EQ(all->samples, 2);
  EXPECT_EQ(dataset_->forgotten()->size(), 3U);
  EXPECT_EQ(dataset_->forgotten()->at(0).fingerprint, "same");
}

TEST_F(ForgetRequests, ACopyThatGaveNoSamplesNamesItsClip) {
  republish(
      [](ClipRow& row) {
        if (row.clip == "/pool/a.mp4") row.copies = {"/other/copy.mp4"};
      },
      {});
  const auto summary = forget("copy.mp4", 2, 4);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->samples, 1);
  EXPECT_EQ(summary->stretches.at(0).clip, "/pool/a.mp4");
}

TEST_F(ForgetRequests, KnowsAClipOfNoGenerationByItsFile) {
  auto& store = dataset_->store();
  ASSERT_TRUE(store.write_text(".work/parts/1", "unfinished"));
  const TestFolder raw;
  const std::string clip = (raw / "person.mp4").string();
  const auto unknown = forget(clip.c_str(), 0, INFINITY);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(unknown.error().message,
            fmt::format("{0}: no clip named \"{1}\", got 2 other clips, and no such file. lido "
                        "inspect {0} --clips lists the clips. Files of an ingest that did not end "
                        "may hold it: remove them with --leftovers.",
                        dataset_->store().uri(), clip));
  std::ofstream(clip) << "raw bytes";
  const auto summary = forget(clip.c_str(), 0, INFINITY);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->leftovers, 1);
  const auto records = *dataset_->forgotten();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].clip, clip);
  EXPECT_FALSE(records[0].fingerprint.empty());
  EXPECT_TRUE(records[0].done);
  // A clip of the dataset with the same content must be named.
  republish([&](ClipRow& row) { row.fingerprint = records[0].fingerprint; }, {});
  const auto same = forget(clip.c_str(), 0, INFINITY);
  ASSERT_FALSE(same);
  EXPECT_EQ(same.error().message,
            clip + ": the dataset has this content as /pool/a.mp4, want that name");
}

TEST_F(ForgetRequests, StretchesBecomeRecordsOfWholeNames) {
  republish([](ClipRow& row) { row.fingerprint = "of " + row.clip; }, {});
  const auto resolved =
      resolve_request(*dataset_, 2, {.stretches = {{"b.mp4", 1, 2}, {"/pool/a.mp4", 0, INFINITY}}});
  ASSERT_TRUE(resolved) << resolved.error().message;
  EXPECT_TRUE(resolved->notes.empty());
  ASSERT_EQ(resolved->records.size(), 2U);
  const Forgotten& first = resolved->records[0];
  EXPECT_EQ(first.clip, "/pool/b.mp4");
  EXPECT_EQ(first.start_s, 1);
  EXPECT_EQ(first.end_s, 2);
  EXPECT_EQ(first.fingerprint, "of /pool/b.mp4");
  EXPECT_FALSE(first.done);
  EXPECT_EQ(resolved->records[1].clip, "/pool/a.mp4");
  EXPECT_TRUE(resolved->records[1].is_whole_clip());
}

TEST_F(ForgetRequests, AStretchWithoutLengthIsRefused) {
  for (const auto& [start_s, end_s] :
       {std::pair{2.0, 2.0}, {3.0, 2.0}, {-1.0, 2.0}, {NAN, 2.0}, {1.0, NAN}}) {
    const auto refused = resolve_request(*dataset_, 1, {.stretches = {{"a.mp4", start_s, end_s}}});
    ASSERT_FALSE(refused) << start_s << " " << end_s;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
    EXPECT_TRUE(refused.error().message.ends_with("want 0 <= start < end"))
        << refused.error().message;
  }
}

TEST_F(ForgetRequests, AClipEndsWhenItsLastFrameDoes) {
  // The last frame begins at 7.5 s, and is on show for half a second.
  republish([](ClipRow& row) { row.frames = 8, row.duration_s = 7.5, row.source_fps = 2; }, {});
  EXPECT_TRUE(resolve_request(*dataset_, 2, {.stretches = {{"a.mp4", 7.9, 8}}}));
  const auto after = resolve_request(*dataset_, 2, {.stretches = {{"a.mp4", 8, 9}}});
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace lido::dataset
