// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/local_worker.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "lido/ingest/test_store_folder.h"

namespace lido::ingest {
namespace {

namespace fs = std::filesystem;

/// A job of clips of six seconds, each in spans of two, sampled six times a second.
class MakeParts : public testing::Test {
 protected:
  MakeParts()
      : dataset_(*dataset::Dataset::open_or_create(folder_.path("d"), {})),
        clips_(*ClipDb::open()) {
    sampling_.fps.rate = {6, 1};
    sampling_.windows = {.window = 4, .stride = 2};
    sampling_.transform.size = 64;
    sampling_.scene = "off";
    sampling_.samples = "frame";
    options_.workers = 2;
  }
  void SetUp() override {
    ASSERT_TRUE(fs::exists(kClip)) << "no " << kClip << "; ./dev setup makes it";
  }

  /// Plans clips, each of which is in a file of its own.
  void plan(const std::vector<std::string>& uris) {
    for (const std::string& uri : uris) {
      const auto bytes = static_cast<int64_t>(fs::file_size(uri));
      ASSERT_TRUE(clips_->add_clip({.input = {.uri = uri, .bytes = bytes}}));
    }
    ASSERT_TRUE(clips_->number_clips());
    for (size_t i = 0; i < uris.size(); ++i) {
      ClipRecord clip{.number = i, .plan = *plan_clip(*clips_->input(i), sampling_, 2)};
      clip.split = "train";
      clip.span_labels.resize(clip.plan.spans.size());
      for (size_t span = 0; span < clip.plan.spans.size(); ++span)
        clip.span_parts.push_back(part_of(i, span));
      ASSERT_TRUE(clips_->store_plan(clip));
    }
  }
  static std::string part_of(size_t clip, size_t span) {
    return fmt::format(".work/parts/{}-{}", clip, span);
  }
  /// A copy of the test's clip.
  std::string copy(const std::string& name) {
    fs::copy_file(kClip, folder_.path(name));
    return folder_.path(name);
  }

  Result<void> make(bool has_remote_workers = false) {
    const JobContext job{.dataset = dataset_,
                         .clips = *clips_,
                         .sampling = sampling_,
                         .options = options_,
                         .has_remote_workers = has_remote_workers,
                         .stop = stop_.get_token(),
                         .run = "run"};
    progress_.emplace();
    return make_parts(job, *progress_);
  }
  std::optional<part::PartRecord> part(size_t clip, size_t span) {
    return *part::read_part(dataset_.store(), part_of(clip, span));
  }

  inline static const std::string kClip = LIDO_TEST_CLIPS "/h264_b.mp4";
  TestStoreFolder folder_;
  dataset::Dataset dataset_;
  std::unique_ptr<ClipDb> clips_;
  part::SampleOptions sampling_;
  JobOptions options_;
  std::stop_source stop_;
  std::optional<part::Progress> progress_;
};

TEST_F(MakeParts, EverySpanHasAPart) {
  plan({kClip, copy("z.mp4")});
  const auto made = make();
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(progress_->spans_total, 6);
  EXPECT_EQ(progress_->spans_done, 6);
  EXPECT_EQ(progress_->spans_resumed, 0);
  EXPECT_EQ(progress_->rejected, 0);
  const auto bytes = 2 * static_cast<int64_t>(fs::file_size(kClip));
  EXPECT_EQ(progress_->source_bytes_total, bytes);
  EXPECT_NEAR(static_cast<double>(progress_->source_bytes), static_cast<double>(bytes), 6)
      << "each span counts its share, in whole bytes";
  for (size_t clip = 0; clip < 2; ++clip) {
    size_t samples = 0;
    for (size_t span = 0; span < 3; ++span) {
      const auto record = part(clip, span);
      ASSERT_TRUE(record) << clip << " " << span;
      samples += record->samples.size();
    }
    EXPECT_EQ(samples, (36U - 4) / 2 + 1) << "36 frames, in windows of 4, one every 2";
  }
}

TEST_F(MakeParts, PartsOfAnEarlierRunAreKept) {
  plan({kClip});
  ASSERT_TRUE(make());
  ASSERT_TRUE(dataset_.store().remove(part_of(0, 1)));
  const auto written = fs::last_write_time(folder_.path("d/" + part_of(0, 0)));
  const auto again = make();
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(progress_->spans_done, 3);
  EXPECT_EQ(progress_->spans_resumed, 2);
  EXPECT_TRUE(part(0, 1));
  EXPECT_EQ(fs::last_write_time(folder_.path("d/" + part_of(0, 0))), written);
}

TEST_F(MakeParts, TheBytesOfAPartAreCheckedUnlessThisJobMadeIt) {
  plan({kClip});
  ASSERT_TRUE(make());
  const std::string name = folder_.path("d/" + part_of(0, 0));
  std::fstream file(name, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(100);
  file.write(std::string(1000, '\0').data(), 1000);
  file.close();
  ASSERT_TRUE(make(true));
  EXPECT_EQ(progress_->spans_resumed, 3) << "other processes of this job made it";
  ASSERT_TRUE(make(false));
  EXPECT_EQ(progress_->spans_resumed, 2);
  EXPECT_TRUE(*part::is_intact(dataset_.store(), part_of(0, 0), *part(0, 0)));
}

TEST_F(MakeParts, AClipThatIsGoneIsRejectedOnceAndTheOthersAreMade) {
  const std::string gone = copy("gone.mp4");
  plan({kClip, gone});
  const size_t number = clips_->input(0)->uri == gone ? 0 : 1;
  fs::remove(gone);
  const auto made = make();
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(progress_->rejected, 1) << "one clip, however many spans";
  const auto failure = clips_->clip(number)->failure;
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, part::FailureKind::kOutside);
  EXPECT_FALSE(clips_->clip(1 - number)->failure);
  EXPECT_TRUE(part(1 - number, 2)->failure == std::nullopt);
}

TEST_F(MakeParts, GapsOfABrokenClipAreRecorded) {
  const std::string broken = copy("broken.mp4");
  plan({broken});
  // Bytes in the middle, in the last of three spans or the one before.
  std::fstream file(broken, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(fs::file_size(broken)) / 2);
  std::string noise(6000, '\0');
  for (size_t i = 0; i < noise.size(); ++i) noise[i] = static_cast<char>(i * 97 + i / 256);
  file.write(noise.data(), std::ssize(noise));
  file.close();
  // The size is unchanged, and the time of the file is not part of this plan.
  const auto made = make();
  ASSERT_TRUE(made) << made.error().message;
  const auto clip = *clips_->clip(0);
  ASSERT_FALSE(clip.failure) << clip.failure->reason;
  ASSERT_EQ(clip.gaps.size(), 1U);
  EXPECT_GT(clip.gaps[0].first_k, 0);
  EXPECT_LT(clip.gaps[0].end_k, 36);
}

TEST_F(MakeParts, AStopEndsTheWork) {
  plan({kClip});
  stop_.request_stop();
  const auto stopped = make();
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
  EXPECT_FALSE(part(0, 0));
}

}  // namespace
}  // namespace lido::ingest
