// SPDX-License-Identifier: Apache-2.0
// The same frames of the undamaged clip are the truth. tests/e2e damages clips of more kinds.
#include "lido/part/read_span.h"

#include <gtest/gtest.h>

#include <map>

#include "lido/base/hash.h"
#include "lido/part/test_span.h"
#include "lido/storage/memory_reader.h"

namespace lido::part {
namespace {

using Hashes = std::map<int64_t, std::string>;

class ReadSpan : public SpanTest {
 protected:
  ReadSpan() { clip_ = LIDO_TEST_CLIPS "/h264_moov_first.mp4"; }

  void SetUp() override {
    SpanTest::SetUp();
    if (HasFatalFailure()) return;
    bytes_ = *storage::read_all(**storage::open_reader(clip_), 1 << 24);
  }

  /// Overwrites a share of the clip.
  void damage(double share, size_t length) {
    const auto at = static_cast<size_t>(static_cast<double>(bytes_.size()) * share);
    for (size_t i = at; i < at + length; ++i) bytes_[i] = static_cast<char>(i * 97 + i / 256);
  }

  /// Reads a span of the bytes. Fills hashes_ and cuts_.
  SpanRead read(const Span& span = {}) {
    hashes_.clear();
    cuts_.clear();
    storage::MemoryReader reader(std::as_bytes(std::span(bytes_)));
    const SpanTask span_task = task("a", span);
    const auto read = read_span(
        reader, span_task, reach_of(span, sampling_), context(),
        [&](const media::ExtractedFrame& found) {
          const auto& plane = found.frame.planes[0];
          Sha256 hash;
          for (int y = 0; y < found.frame.height; ++y)
            hash.update({plane.data + y * plane.stride, static_cast<size_t>(found.frame.width)});
          for (int64_t k = found.first_k; k < found.end_k; ++k) hashes_[k] = hash.hex();
          if (found.after_cut) cuts_.push_back(found.first_k);
          return Result<void>();
        },
        [&] {
          hashes_.clear();
          cuts_.clear();
        });
    EXPECT_TRUE(read) << read.error().message;
    return read.value_or(SpanRead{});
  }

  std::string bytes_;
  Hashes hashes_;
  std::vector<int64_t> cuts_;
};

TEST_F(ReadSpan, AGoodClipHasNoGap) {
  const SpanRead good = read();
  EXPECT_TRUE(good.gaps.empty());
  EXPECT_EQ(hashes_.size(), 36U);
  EXPECT_TRUE(cuts_.empty());
}

TEST_F(ReadSpan, FramesOnBothSidesOfAGapAreThoseOfTheGoodClip) {
  read();
  const Hashes truth = hashes_;
  damage(0.5, 6000);
  const SpanRead broken = read();
  ASSERT_EQ(broken.gaps.size(), 1U);
  const Gap& gap = broken.gaps[0];
  EXPECT_FALSE(gap.reason.empty());
  EXPECT_GT(gap.first_k, 0);
  EXPECT_LT(gap.end_k, 36);
  EXPECT_EQ(cuts_, std::vector{gap.end_k});
  for (const auto& [k, hash] : truth) {
    const bool in_gap = k >= gap.first_k && k < gap.end_k;
    EXPECT_EQ(hashes_.contains(k), !in_gap) << k;
    if (!in_gap) {
      EXPECT_EQ(hashes_[k], hash) << k;
    }
  }
}

TEST_F(ReadSpan, AGapDoesNotDependOnTheSpans) {
  const auto [left, right] = halves();
  int with_gaps = 0;
  for (const double share : {0.2, 0.45, 0.5, 0.55, 0.9}) {
    SetUp();
    damage(share, 3000);
    const auto whole = read().gaps;
    const Hashes all = hashes_;
    std::vector<Gap> joined;
    for (const Span& span : {left, right}) {
      for (Gap gap : read(span).gaps) {
        // Each span answers for its own sampling times.
        gap.first_k = std::max(gap.first_k, span.first_k);
        gap.end_k = std::min(gap.end_k, span.end_k);
        append_gap(joined, gap);
      }
      for (const auto& [k, hash] : hashes_) {
        if (k < span.first_k || k >= span.end_k) continue;
        EXPECT_EQ(all.at(k), hash) << share << ", " << k;
      }
    }
    EXPECT_EQ(joined, whole) << share;
    with_gaps += whole.empty() ? 0 : 1;
  }
  EXPECT_GE(with_gaps, 3);
}

TEST_F(ReadSpan, AGapAtTheEndHasNoEnd) {
  bytes_.resize(bytes_.size() / 2);
  const SpanRead cut = read();
  ASSERT_EQ(cut.gaps.size(), 1U);
  EXPECT_EQ(cut.gaps[0].end_k, INT64_MAX);
  EXPECT_EQ(hashes_.size(), static_cast<size_t>(cut.gaps[0].first_k));
}

TEST_F(ReadSpan, AClipOfNoiseIsOneGap) {
  damage(0.01, bytes_.size() - bytes_.size() / 100 - 1);
  const SpanRead noise = read();
  ASSERT_EQ(noise.gaps.size(), 1U);
  EXPECT_EQ(noise.gaps[0].first_k, static_cast<int64_t>(hashes_.size()));
  EXPECT_EQ(noise.gaps[0].end_k, INT64_MAX);
}

TEST(AppendGap, JoinsGapsThatTouch) {
  std::vector<Gap> gaps;
  append_gap(gaps, {3, 3, "empty"});
  append_gap(gaps, {3, 5, "first"});
  append_gap(gaps, {5, 7, "second"});
  append_gap(gaps, {8, 9, "third"});
  EXPECT_EQ(gaps, (std::vector<Gap>{{3, 7, "first"}, {8, 9, "third"}}));
}

}  // namespace
}  // namespace lido::part
